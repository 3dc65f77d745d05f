"""What the arguments of an expectation may be: their names, and of what shape each is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mappings.suggest import did_you_mean
from pipelines.quality.errors import SuiteError
from pipelines.quality.model import Expectation


@dataclass(frozen=True, slots=True)
class Shape:
    """How a value must look. `words` follow "must be"."""

    words: str
    holds: Callable[[Any], bool]


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_scalar(value: object) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_limit(value: object) -> bool:
    return value is None or isinstance(value, str) or _is_number(value)


def _list_of(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(holds, value))


def _or_none(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or holds(value)


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_scalar, value))


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


_COLUMN = Shape("the name of a column", _is_text)
_COLUMNS = Shape("a list of names of columns", _or_none(_list_of(_is_text)))
_TEXT = Shape("a text", _or_none(_is_text))
_TEXTS = Shape("a list of texts", lambda value: bool(value) and _list_of(_is_text)(value))
_VALUES = Shape("a list of texts, numbers or truth values", _or_none(_list_of(_is_scalar)))
_PAIRS = Shape("a list of pairs of values", _or_none(_list_of(_is_pair)))
_LIMIT = Shape("a number, or a date or time as text", _is_limit)
_NUMBER = Shape("a number", _is_number)
_FLAG = Shape("true or false", _or_none(lambda value: isinstance(value, bool)))
_SHAPES: Mapping[str, Shape] = {
    "column": _COLUMN,
    "column_A": _COLUMN,
    "column_B": _COLUMN,
    "column_list": _COLUMNS,
    "column_set": _COLUMNS,
    "column_index": Shape("a whole number", _or_none(lambda v: type(v) is int)),
    "mostly": Shape("a number from 0 to 1", _is_share),
    "regex": Shape("a regular expression", _is_text),
    "regex_list": _TEXTS,
    "match_on": _TEXT,
    "ignore_row_if": _TEXT,
    "condition_parser": _TEXT,
    "value_set": _VALUES,
    "value_pairs_set": _PAIRS,
    "min_value": _LIMIT,
    "max_value": _LIMIT,
    "value": _NUMBER,
    "sum_total": _NUMBER,
    "strict_min": _FLAG,
    "strict_max": _FLAG,
    "or_equal": _FLAG,
    "ties_okay": _FLAG,
    "exact_match": _FLAG,
    "quantile_ranges": Shape("an object", lambda value: isinstance(value, dict)),
}


def check(expectation: Expectation, required: Sequence[str], takes: Sequence[str]) -> None:
    """Refuse an argument that is missing, unknown or of a wrong shape. Raises SuiteError."""
    for name in required:
        if name not in expectation.kwargs:
            raise SuiteError(f"{expectation.place}: {expectation.type} needs {name!r}")
    for name, value in expectation.kwargs.items():
        if name not in takes:
            mend = did_you_mean(name, takes)
            raise SuiteError(
                f"{expectation.place}: {expectation.type} takes no argument {name!r}{mend}"
            )
        shape = _SHAPES.get(name)
        if shape and not shape.holds(value):
            raise SuiteError(f"{expectation.place}: {name} must be {shape.words}")
