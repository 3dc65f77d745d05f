"""Expectations about the table: how many rows, which columns. They need no pass over the rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from pipelines.quality.errors import SuiteError
from pipelines.quality.measure import Check, Judged, counted, scope
from pipelines.quality.model import Expectation
from pipelines.quality.table import Table


def _bounded(expectation: Expectation) -> None:
    if any(isinstance(expectation.kwargs.get(name), str) for name in ("min_value", "max_value")):
        raise SuiteError(f"{expectation.place}: min_value and max_value must be numbers")


def _holds(expectation: Expectation, found: int) -> bool:
    given = expectation.kwargs
    low, high = given.get("min_value"), given.get("max_value")
    above = low is None or (found > low if given.get("strict_min") else found >= low)
    below = high is None or (found < high if given.get("strict_max") else found <= high)
    return bool(above and below)


def row_count_between(expectation: Expectation, table: Table) -> Check:
    """The number of rows lies between two bounds."""
    _bounded(expectation)

    def judge(values: Sequence[Any]) -> Judged:
        return _holds(expectation, values[0]), {"observed_value": values[0]}

    return Check(expectation, [counted(scope(expectation, table))], judge, vacuous=False)


def row_count_equal(expectation: Expectation, table: Table) -> Check:
    """There are so many rows."""

    def judge(values: Sequence[Any]) -> Judged:
        return values[0] == expectation.kwargs["value"], {"observed_value": values[0]}

    return Check(expectation, [counted(scope(expectation, table))], judge, vacuous=False)


def _known(expectation: Expectation, result: dict[str, Any], *, success: bool) -> Check:
    return Check(expectation, [], lambda _: (success, result), vacuous=False)


def column_count_between(expectation: Expectation, table: Table) -> Check:
    """The number of columns lies between two bounds."""
    _bounded(expectation)
    found = len(table.listed)
    return _known(expectation, {"observed_value": found}, success=_holds(expectation, found))


def column_count_equal(expectation: Expectation, table: Table) -> Check:
    """There are so many columns."""
    found = len(table.listed)
    success = found == expectation.kwargs["value"]
    return _known(expectation, {"observed_value": found}, success=success)


def column_exists(expectation: Expectation, table: Table) -> Check:
    """There is such a column (at column_index, counted from 0, where that is given)."""
    name, index = expectation.kwargs["column"], expectation.kwargs.get("column_index")
    if index:
        success = index < len(table.listed) and table.listed[index] == name
    else:
        success = name in table.types
    return _known(expectation, {}, success=success)


def columns_match_set(expectation: Expectation, table: Table) -> Check:
    """The columns are those of a set (at least those, with exact_match false)."""
    wanted, found = expectation.kwargs.get("column_set"), sorted(table.listed)
    exact = expectation.kwargs.get("exact_match", True)
    if wanted is None:
        return _known(expectation, {"observed_value": found}, success=not exact)
    sides = {
        "unexpected": sorted(set(found) - set(wanted)),
        "missing": sorted(set(wanted) - set(found)),
    }
    mismatched = {name: side for name, side in sides.items() if side}
    success = not mismatched or (not exact and not sides["missing"])
    result: dict[str, Any] = {"observed_value": found}
    if mismatched:
        result["details"] = {"mismatched": mismatched}
    return _known(expectation, result, success=success)


def columns_match_list(expectation: Expectation, table: Table) -> Check:
    """The columns are those of a list, in its order."""
    wanted, found = expectation.kwargs.get("column_list"), list(table.listed)
    result: dict[str, Any] = {"observed_value": found}
    if wanted is None or found == list(wanted):
        return _known(expectation, result, success=True)
    pairs = enumerate(zip_longest(wanted, found))
    result["details"] = {
        "mismatched": [
            {"Expected Column Position": at, "Expected": one, "Found": other}
            for at, (one, other) in pairs
            if one != other
        ]
    }
    return _known(expectation, result, success=False)
