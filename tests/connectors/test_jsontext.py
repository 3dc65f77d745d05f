"""The quick JSON says and reads what `json` does."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.jsontext import decoded, encoded
from tests.often import often

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner))


@settings(max_examples=often(200))
@given(VALUES)
def test_what_was_written_is_read_by_us_and_by_json(value):
    assert decoded(encoded(value)) == json.loads(encoded(value)) == value
    assert decoded(json.dumps(value).encode()) == value


@pytest.mark.parametrize("text", [b"\xef\xbb\xbf[1]", "[1]".encode("utf-16"), b" [1]\r\n"])
def test_what_others_put_around_json_is_read_past(text):
    assert decoded(text) == [1]


def test_half_a_surrogate_pair_is_read_and_not_sent():
    assert decoded(b'"\\ud800"') == "\ud800"
    with pytest.raises(ValueError, match="surrogates"):
        encoded("\ud800")


@pytest.mark.parametrize("text", [b"", b"<html>", b"{", b'{"a": 1} {', b"\xff"])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        decoded(text)
