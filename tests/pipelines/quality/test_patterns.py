from __future__ import annotations

import re

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.quality.patterns import UntranslatableError, to_re2
from tests.often import often

PIECES = st.sampled_from(
    [
        "a", "b", ".", "^", "$", r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", "[ab]", "[^a-c]",
        r"[\w.+-]", "[]a]", "a{2}", "a{,2}", "b{1,}", "a*", "b+?", "(a|b)", "(?:ab)?", "(?P<x>a)",
        r"\.", r"\n", r"\x41", r"\u00e9", "é", "日", r"\A", r"\Z", "{", "|", "[[]", r"[\]\\]", "@",
        "[ -~]", "[+]", "-", r"[\d-]", r"\-", r"\ ",
    ]
)  # fmt: skip
PATTERNS = st.builds(
    lambda flags, pieces: flags + "".join(pieces),
    st.sampled_from(["", "", "(?i)", "(?s)"]),
    st.lists(PIECES, min_size=1, max_size=5),
)
TEXTS = st.text(alphabet="aAbBcé日\n\t \x85\u20281٣½_-.@{[]\\\x1c", max_size=6)


def valid(pattern):
    try:
        re.compile(pattern)
    except (re.error, FutureWarning):
        return False
    return True


@settings(max_examples=often(400), deadline=None)
@given(pattern=PATTERNS.filter(valid), texts=st.lists(TEXTS, min_size=1, max_size=8))
def test_a_translated_pattern_finds_what_python_finds(pattern, texts):
    try:
        words = to_re2(pattern)
    except UntranslatableError:
        return
    found = duckdb.execute(
        "SELECT regexp_matches(t, ?) FROM (SELECT unnest(?::VARCHAR[]) AS t)", [words, texts]
    ).fetchall()
    assert [hit for (hit,) in found] == [bool(re.search(pattern, text)) for text in texts], words


@pytest.mark.parametrize(
    "pattern", [r"(?=a)", r"(?<!a)b", r"(a)\1", r"\bword", "(?m)^a", "a$b", "(?x) a", r"[\W]"]
)
def test_what_re2_cannot_say_is_left_to_the_real_engine(pattern):
    with pytest.raises(UntranslatableError):
        to_re2(pattern)


@pytest.mark.parametrize("pattern", [r"a++", r"(?>a)"])
def test_a_possessive_pattern_is_left_to_the_real_engine(pattern):
    with pytest.raises(UntranslatableError):
        to_re2(pattern)
