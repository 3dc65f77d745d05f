import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp_core.db.jsontext import attributes_json, digest_of, row_json, storable, to_json, typer

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(anything)
def test_any_json_value_becomes_text_that_both_databases_hold(value):
    text = to_json(value)
    assert "\\u0000" not in text.replace("\\\\", "")
    assert to_json(json.loads(text.encode())) == text


@given(st.text(st.characters(codec=None)))
def test_text_is_mended_only_where_it_must_be(text):
    mended = storable(text)
    assert storable(mended) == mended
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    assert mended == text.replace("\0", "\ufffd")


def test_values_come_back_with_the_types_of_the_schema():
    said = {
        "birth_date": date(1980, 2, 29),
        "updated_at": datetime(2020, 1, 31, 12, tzinfo=UTC),
        "emails": [{"value": "a@example.org", "primary": True}],
        "unknown": "2020-01-01",
    }
    assert typer()(json.loads(attributes_json(said))) == said


def test_dates_times_and_decimals_are_written_as_documented():
    paris = timezone(timedelta(hours=1))
    assert to_json([date(2020, 1, 31), datetime(2020, 1, 31, 13, tzinfo=paris)]) == (
        '["2020-01-31","2020-01-31T12:00:00.000000Z"]'
    )
    assert to_json(Decimal("1.50")) == '"1.50"'


def test_a_canonical_value_must_have_a_zone_and_a_json_form():
    with pytest.raises(ValueError, match="zone"):
        to_json(datetime(2020, 1, 1))  # noqa: DTZ001
    with pytest.raises(TypeError, match="bytes"):
        to_json(b"x")


def test_a_row_of_any_source_has_a_text():
    row = {
        "raw": b"\xff\x00",
        "when": datetime(2020, 1, 1),  # noqa: DTZ001
        "at": time(1, 2),
        "day": date(2020, 1, 1),
        "price": Decimal("1.5"),
        "ratio": float("nan"),
        "half": "a\ud83d\0",
        "span": timedelta(1),
    }
    assert json.loads(row_json(row)) == {
        "raw": "ff00",
        "when": "2020-01-01T00:00:00",
        "at": "01:02:00",
        "day": "2020-01-01",
        "price": "1.5",
        "ratio": None,
        "half": "a\ufffd\ufffd",
        "span": "1 day, 0:00:00",
    }


def test_absent_and_none_are_the_same_content():
    assert digest_of({"a": None}) == digest_of({})
    assert digest_of({}, deleted=True) != digest_of({})
