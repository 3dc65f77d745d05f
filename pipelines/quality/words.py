"""Why a row fails an expectation, in the words of a dead letter: ``birth_date: not up to 2026``.

What is said comes from the suite, never from the row. Values that must not occur are not named:
they may be a customer's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipelines.quality.model import Expectation

_FEW = 5
_VALUES = "expect_column_values_to_"
_LENGTHS = "expect_column_value_lengths_to_"
_PAIR = "expect_column_pair_values_"


def failure(expectation: Expectation) -> str:
    """Return what is wrong with a row that fails the expectation."""
    words = _WORDS.get(expectation.type)
    if words is None:
        return f"expected {expectation.type.removeprefix('expect_').replace('_', ' ')}"
    return words if isinstance(words, str) else words(expectation.kwargs)


def _bounds(given: Mapping[str, Any]) -> str:
    low, high = given.get("min_value"), given.get("max_value")
    if low is None or high is None:
        strict = given.get("strict_max" if low is None else "strict_min")
        word = (
            {True: "below", False: "at most"} if low is None else {True: "above", False: "at least"}
        )
        return f"{word[bool(strict)]} {high if low is None else low}"
    return f"from {low} to {high}"


def _listed(given: Mapping[str, Any]) -> str:
    values = [str(value) for value in given.get("value_set") or ()]
    return ", ".join(values[:_FEW]) + (", …" if len(values) > _FEW else "")


_WORDS: Mapping[str, str | Callable[[Mapping[str, Any]], str]] = {
    f"{_VALUES}not_be_null": "missing",
    f"{_VALUES}be_null": "there, and should not be",
    f"{_VALUES}be_unique": "there more than once",
    f"{_VALUES}be_in_set": lambda given: f"not one of {_listed(given)}",
    f"{_VALUES}not_be_in_set": "a value that must not occur",
    f"{_VALUES}be_between": lambda given: f"not {_bounds(given)}",
    f"{_VALUES}match_regex": lambda given: f"not of the form {given.get('regex')}",
    f"{_VALUES}not_match_regex": lambda given: f"of the form {given['regex']}",
    f"{_LENGTHS}be_between": lambda given: f"not {_bounds(given)} characters long",
    f"{_LENGTHS}equal": lambda given: f"not {given['value']} characters long",
    f"{_PAIR}a_to_be_greater_than_b": "the first is not greater than the second",
    f"{_PAIR}to_be_equal": "not the same",
    "expect_compound_columns_to_be_unique": "together there more than once",
}
