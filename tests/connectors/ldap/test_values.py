"""Every kind of value reads what it wrote, and refuses what it is not."""

from __future__ import annotations

import base64
import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.ldap.values import READ, SECRETS, WRITE, Kind, generalized, moment

SIDS = st.builds(
    lambda authority, parts: "-".join(map(str, ("S-1", authority, *parts))),
    st.integers(0, 2**48 - 1),
    st.lists(st.integers(0, 2**32 - 1), max_size=15),
)
TIMES = st.datetimes(datetime(1602, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda when: when.isoformat()
)
VALUES = {
    Kind.TEXT: st.text(),
    Kind.DN: st.text(),
    Kind.INTEGER: st.integers(),
    Kind.BOOLEAN: st.booleans(),
    Kind.TIME: TIMES,
    Kind.FILETIME: TIMES,
    Kind.GUID: st.uuids().map(str),
    Kind.SID: SIDS,
    Kind.BINARY: st.binary().map(lambda raw: base64.b64encode(raw).decode()),
}


@pytest.mark.parametrize("kind", VALUES)
@given(data=st.data())
def test_what_was_written_is_read(kind, data):
    value = data.draw(VALUES[kind])
    assert READ[kind](WRITE[kind](value)) == value


@pytest.mark.parametrize("kind", Kind)
@given(raw=st.binary(max_size=40))
def test_rubbish_is_refused_in_one_way(kind, raw):
    with suppress(ValueError, IndexError, OverflowError):
        READ[kind](raw)


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("20260131235959Z", "2026-01-31T23:59:59+00:00"),
        ("20260131235959.0Z", "2026-01-31T23:59:59+00:00"),
        ("20260131235959,25Z", "2026-01-31T23:59:59.250000+00:00"),
        ("2026013123Z", "2026-01-31T23:00:00+00:00"),
        ("2026013123.5Z", "2026-01-31T23:30:00+00:00"),
        ("202601312359.5Z", "2026-01-31T23:59:30+00:00"),
        ("20260131235959+0130", "2026-01-31T22:29:59+00:00"),
        ("20260131235959-05", "2026-02-01T04:59:59+00:00"),
        ("20161231235960Z", "2017-01-01T00:00:00+00:00"),
    ],
)
def test_a_generalized_time_is_read_in_all_its_forms(text, means):
    assert READ[Kind.TIME](text.encode()) == means


@pytest.mark.parametrize("text", ["", "20260231000000Z", "20260131235959", "2026-01-31", "x"])
def test_what_is_no_time_is_none(text):
    with pytest.raises(ValueError, match=r".*"):
        moment(text)


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)), st.integers(-720, 720))  # noqa: DTZ001
def test_a_time_of_any_zone_is_the_same_moment(when, minutes):
    local = when.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert moment(generalized(local).decode()) == local


def test_times_as_text_sort_as_times():
    texts = [READ[Kind.TIME](t) for t in (b"20260131235959Z", b"20260131235959.5Z")]
    assert texts == sorted(texts)


def test_two_digits_of_a_year_are_of_our_time():
    assert READ[Kind.UTC_TIME](b"260131235959Z") == "2026-01-31T23:59:59+00:00"
    assert READ[Kind.UTC_TIME](b"9901312359Z") == "1999-01-31T23:59:00+00:00"


@pytest.mark.parametrize("never", [b"0", b"9223372036854775807", b"-1"])
def test_windows_says_never_by_numbers(never):
    assert READ[Kind.FILETIME](never) is None


def test_a_password_policy_says_for_good_by_the_year_0():
    assert READ[Kind.TIME](b"000001010000Z") is None


def test_windows_counts_from_1601():
    assert READ[Kind.FILETIME](b"116444736000000000") == "1970-01-01T00:00:00+00:00"


def test_a_guid_is_shown_as_active_directory_shows_it():
    raw = bytes.fromhex("03626be6d08e0143 90d060342b64c12f".replace(" ", ""))
    assert READ[Kind.GUID](raw) == "e66b6203-8ed0-4301-90d0-60342b64c12f"
    assert READ[Kind.GUID](uuid.UUID(int=1).bytes_le) == str(uuid.UUID(int=1))


def test_a_sid_is_shown_as_windows_shows_it():
    raw = bytes.fromhex("010500000000000515000000c1d7c593ebe04a55a7c9a94df5010000")
    assert READ[Kind.SID](raw) == "S-1-5-21-2479216577-1430970603-1302972839-501"


def test_secrets_are_named_in_lower_case():
    assert {"userpassword", "unicodepwd"} <= SECRETS
    assert all(name == name.lower() for name in SECRETS)
