"""Filters say what was meant, whatever the value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.ldap.ber import members, span
from connectors.ldap.filters import EVERYTHING, all_of, any_of, check_filter, classes_of, equal
from connectors.ldap.protocol import encoded, search_request


@given(st.binary(min_size=1, max_size=40))
def test_the_server_is_asked_for_exactly_this_value(value):
    raw = encoded(1, search_request("dc=x", "subtree", equal("cn", value), ["*"]))
    request = members(raw)[1][1]
    parts = members(b"\x30\x84" + len(request).to_bytes(4, "big") + request)
    assert parts[6][0] == 0xA3
    condition = parts[6][1]
    start, end = span(condition, 0)
    assert condition[start:end] == b"cn"
    start, end = span(condition, end)
    assert condition[start:end] == value


def test_conditions_are_joined_without_what_says_nothing():
    assert all_of(EVERYTHING) == EVERYTHING
    assert all_of("(a=1)", EVERYTHING) == "(a=1)"
    assert all_of("(a=1)", "(b=2)", "(a=1)") == "(&(a=1)(b=2))"
    assert any_of("(a=1)") == "(a=1)"
    assert any_of("(a=1)", "(b=2)") == "(|(a=1)(b=2))"


@pytest.mark.parametrize("text", ["", "cn=a", "(cn=a", "(cn=a))", "(&)x", "()", "(cn)"])
def test_what_is_no_filter_is_refused(text):
    with pytest.raises(ValueError, match="is no filter"):
        check_filter(text)


@pytest.mark.parametrize(
    "text", ["(cn=*)", "(&(a=b)(!(c=d)))", "(memberOf:1.2.840.113556.1.4.1941:=cn=a)", "(cn=a*b*)"]
)
def test_a_filter_is_kept_as_it_is(text):
    assert check_filter(f" {text} ") == text


def test_only_classes_that_every_entry_has_are_found():
    assert classes_of("(&(objectClass=user)(&(objectclass=person)(cn=a)))") == ["user", "person"]
    assert classes_of("(|(objectClass=user)(objectClass=group))") == []
    assert classes_of("(!(objectClass=computer))") == []
    assert classes_of("(objectClass=*)") == []
