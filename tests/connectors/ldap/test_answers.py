"""Answers are decoded as ldap3's own encoder wrote them, and no damaged one does harm."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.ldap.answers import Entry, Notice, Reference, Result, decoded
from connectors.ldap.ber import (
    ENUMERATED,
    element,
    integer,
    members,
    number,
    octets,
    sequence,
    span,
)
from tests.connectors.ldap.directory import control, entry, message

NAMES = st.text(st.characters(codec="ascii", categories=("L",)), min_size=1, max_size=8)
ENTRIES = st.dictionaries(NAMES, st.lists(st.binary(max_size=300), max_size=4), max_size=6)


def inner(raw: bytes) -> bytes:
    start, end = span(raw, 0)
    return raw[start:end]


@given(st.text(max_size=200), ENTRIES, st.integers(0, 2**31 - 1))
def test_an_entry_comes_back_as_it_was(dn, attributes, ours):
    assert decoded(inner(message(ours, entry(dn, attributes)))) == (ours, Entry(dn, attributes))


def test_the_controls_of_an_entry_are_kept():
    raw = message(1, entry("cn=a", {}, control("1.2.3", b"xyz")))
    _, answer = decoded(inner(raw))
    assert answer.controls == {"1.2.3": b"xyz"}


def test_a_refusal_is_read_with_the_servers_that_know_better():
    urls = element(0xA3, octets(b"ldap://a") + octets(b"ldap://b"))
    body = integer(10, ENUMERATED) + octets(b"dc=x") + octets("nö".encode()) + urls
    raw = message(7, element(0x67, body) + element(0xA0, control("1.2", b"")))
    assert decoded(inner(raw)) == (7, Result(10, "nö", ("ldap://a", "ldap://b"), {"1.2": b""}))


def test_references_and_notices_are_read():
    urls = element(0x73, octets(b"ldap://a/dc=x") + octets(b"ldap://b/dc=x"))
    assert decoded(inner(message(2, urls)))[1] == Reference(("ldap://a/dc=x", "ldap://b/dc=x"))
    notice = element(0x79, element(0x80, b"1.2.3") + element(0x81, b"v"))
    assert decoded(inner(message(2, notice)))[1] == Notice("1.2.3", b"v")


@given(ENTRIES, st.data())
def test_damage_is_told_in_one_way(attributes, data):
    raw = bytearray(inner(message(1, entry("cn=a,dc=x", attributes, control("1.2", b"v")))))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(raw[: data.draw(st.integers(0, len(raw)))])
    with suppress(ValueError, IndexError):
        decoded(cut)


@given(st.integers(-(2**70), 2**70))
def test_integers_come_back(value):
    ((_, content),) = members(sequence(integer(value)))
    assert number(content) == value


@pytest.mark.parametrize("size", [0, 127, 128, 255, 256, 65536])
def test_lengths_of_any_size_are_written_and_read(size):
    ((_, content),) = members(sequence(octets(b"x" * size)))
    assert len(content) == size
