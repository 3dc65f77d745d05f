"""A position that is a time is moved in the words of its source, and nothing else is moved."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.positions import stamp_of

zones = st.sampled_from([None, UTC, timezone(timedelta(hours=-5)), timezone(timedelta(hours=2))])
first, last = (datetime.fromisoformat(f"{year}-01-01 00:00") for year in (1970, 2100))
times = st.datetimes(first, last, timezones=zones)
spans = st.integers(1, 10**6).map(lambda seconds: timedelta(seconds=seconds))
precisions = st.sampled_from(["minutes", "seconds", "milliseconds", "microseconds"])


@given(times, st.sampled_from(["T", " "]), precisions, spans)
def test_a_time_goes_back_in_the_words_of_its_source(moment, mark, precision, span):
    text = moment.isoformat(mark, precision).replace("+00:00", "Z")
    moved = stamp_of(text).back(span).text
    told = datetime.fromisoformat(text) - span
    assert timedelta(0) <= told - datetime.fromisoformat(moved) < timedelta(minutes=1)
    if precision != "minutes":
        assert datetime.fromisoformat(moved) == told
    assert len(moved) == len(text)
    assert moved < text


@given(st.dates(date(1970, 1, 1), date(2100, 1, 1)), spans)
def test_a_day_goes_back_to_a_day(day, span):
    moved = date.fromisoformat(stamp_of(day.isoformat()).back(span).text)
    assert moved <= day - timedelta(seconds=span.total_seconds())
    assert day - moved <= span + timedelta(days=1)


@given(times, times.filter(lambda moment: moment.tzinfo is not None))
def test_another_moment_is_written_the_same(told, other):
    if told.tzinfo is None:
        other = other.replace(tzinfo=None)
    text = told.isoformat()
    written = stamp_of(text).at(other).text
    assert len(written) == len(text)
    assert abs(datetime.fromisoformat(written) - other) < timedelta(seconds=1)


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("2026-01-01 08:00:00.1234567", "2026-01-01 07:55:00.1234560"),
        ("2026-01-01T08:00:00,5+0200", "2026-01-01T07:55:00,5+0200"),
        ("0001-01-01T00:00:00", "0001-01-01T00:00:00"),
    ],
)
def test_odd_forms_are_kept(text, moved):
    assert stamp_of(text).back(timedelta(minutes=5)).text == moved


@pytest.mark.parametrize("text", ["20260131", "17", "2026-02-31", "A-17", '{"a.csv": [1, 2]}', ""])
def test_what_is_no_time_has_no_stamp(text):
    assert stamp_of(text) is None
