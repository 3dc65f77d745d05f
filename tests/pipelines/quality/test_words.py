from __future__ import annotations

import pytest

from pipelines.quality.words import failure
from tests.pipelines.quality.mapped import expect


@pytest.mark.parametrize(
    ("type_", "kwargs", "words"),
    [
        ("values_to_not_be_null", {}, "missing"),
        ("values_to_be_between", {"min_value": "1900-01-01"}, "not at least 1900-01-01"),
        ("values_to_be_between", {"max_value": 9, "strict_max": True}, "not below 9"),
        ("values_to_be_between", {"min_value": 1, "max_value": 9}, "not from 1 to 9"),
        ("value_lengths_to_equal", {"value": 5}, "not 5 characters long"),
        ("values_to_be_in_set", {"value_set": list("abcdefg")}, "not one of a, b, c, d, e, …"),
        ("values_to_not_be_in_set", {"value_set": ["ann@x.org"]}, "a value that must not occur"),
        ("values_to_be_increasing", {}, "expected column values to be increasing"),
    ],
)
def test_a_failing_row_is_told_in_words_of_the_suite(type_, kwargs, words):
    assert failure(expect(f"column_{type_}", column="x", **kwargs)) == words
