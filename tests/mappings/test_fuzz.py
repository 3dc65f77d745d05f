"""Whatever stands in a file, the answer is a document or MappingError, the same each time."""

from __future__ import annotations

from contextlib import suppress

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.document import load_mapping
from mappings.errors import MappingError
from mappings.extension import load_schema
from mappings.push import load_push
from tests.mappings.files import CONTACT, EVERYTHING, HEAD, PUSH
from tests.often import often

_WORDS = st.sampled_from(
    [
        *("[", "]", "{", "}", "|", ">", "'", '"', "#", "~", "(((("),
        *[
            "null",
            "on",
            "trim",
            "email",
            "emails[work]",
            "from:",
            "fields:",
            "012",
            "1e5",
            "2020-13-45",
            "c.x",
            "p.email",
        ],
        *(": ", "- ", "\n  ", "&a ", "*a", "!t ", "<<: *a", "? ", "tests:\n", "$today: "),
        *("each: c.x", "parts: ", "as: e", "steps: [", "lower(c.x)", "regexp_matches(c.x, '[')"),
        *("c.a[99999999999]", "\t", "\u2028", "\x85", "é", "\ud800"),
    ]
)

_DATA = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
        st.dates(), _WORDS,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(_WORDS, st.text(max_size=5)), inner, max_size=3),
    ),
    max_leaves=6,
)  # fmt: skip


@st.composite
def _edited(draw):
    """One of our files with up to four cuts, doublings or words put in."""
    text = draw(st.sampled_from([CONTACT, EVERYTHING, PUSH]))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 40)))
        put = draw(
            st.one_of(_WORDS, st.just(""), st.just(text[start:end] * 2), st.text(max_size=4))
        )
        text = text[:start] + put + text[end:]
    return text


@st.composite
def _restructured(draw):
    """One of our files with one value anywhere in it replaced by any data."""
    tree = yaml.safe_load(draw(st.sampled_from([CONTACT, PUSH])))
    node, key = {"": tree}, ""
    for _ in range(draw(st.integers(1, 5))):
        inner = node[key]
        if isinstance(inner, dict) and inner:
            node, key = inner, draw(st.sampled_from(sorted(inner)))
        elif isinstance(inner, list) and inner:
            node, key = inner, draw(st.integers(0, len(inner) - 1))
    node[key] = draw(_DATA)
    return yaml.safe_dump(tree, allow_unicode=True) if tree else "{}"


def _outcome(load, text):
    try:
        return load(text, "m.yaml").digest
    except MappingError as error:
        lines = text.count("\n") + text.count("\r") + text.count("\x85") + text.count("\u2028")
        for problem in error.problems:
            assert problem.message
            assert 1 <= problem.place.line <= lines + text.count("\u2029") + 2
            assert problem.place.column >= 1
        return str(error)


@settings(max_examples=often(150), deadline=None)
@given(_edited())
def test_an_edited_file_is_read_or_told_and_always_the_same(text):
    for load in (load_mapping, load_push):
        assert _outcome(load, text) == _outcome(load, text)


@settings(max_examples=often(150), deadline=None)
@given(_restructured())
def test_a_file_with_anything_in_a_wrong_place_is_read_or_told(text):
    for load in (load_mapping, load_push):
        _outcome(load, text)


@settings(max_examples=often(100), deadline=None)
@given(_DATA)
def test_any_data_as_a_schema_file_is_read_or_told(data):
    with suppress(MappingError):
        load_schema(yaml.safe_dump({"attributes": data}), "s.yaml")


@settings(max_examples=often(100), deadline=None)
@given(st.lists(_WORDS, max_size=10).map("".join))
def test_any_words_as_fields_are_read_or_told(text):
    _outcome(load_mapping, f"{HEAD}fields:\n  email: {text}")


@pytest.mark.parametrize("text", ["&a [*a]", "a: &a {b: *a}", "? &a [*a]\n: x"])
def test_a_file_that_holds_itself_is_told(text):
    with pytest.raises(MappingError, match="anchors blow this file up"):
        load_mapping(text, "m.yaml")


def test_anchors_that_multiply_are_told_at_once():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]"
        for old, new in zip("abcdefg", "bcdefgh", strict=True)
    ]
    with pytest.raises(MappingError, match="anchors blow this file up"):
        load_mapping("\n".join(lines), "m.yaml")
