"""Expectations about a whole column: one number or set of it is judged.

`observed_value` is shown for counts, shares, means, sums and deviations of numbers. A smallest,
largest, middle or most common value is a customer's own value: it is compared, never shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pipelines.quality.errors import SuiteError, UnsupportedError
from pipelines.quality.literals import is_number, kind
from pipelines.quality.measure import Check, Judged, both, scope
from pipelines.quality.model import Expectation
from pipelines.quality.rows import bounds, member, single
from pipelines.quality.table import Table


def _within(expectation: Expectation, value: str, type_: str) -> str:
    return f"coalesce({value} IS NOT NULL AND {bounds(expectation, value, type_)}, FALSE)"


def _hidden(values: Sequence[Any]) -> Judged:
    return bool(values[0]), {"observed_value": None}


def _shown(values: Sequence[Any]) -> Judged:
    found = values[1]
    return bool(values[0]), {"observed_value": float(found) if found is not None else None}


def _whole(values: Sequence[Any]) -> Judged:
    return bool(values[0]), {"observed_value": values[1]}


def _numbers(expectation: Expectation, table: Table) -> str:
    column, type_ = single(expectation, table)
    if not is_number(type_):
        raise UnsupportedError(f"{expectation.type} of a column of {kind(type_)}")
    return f"CAST({column} AS DOUBLE)"


def _statistic(function: str, expectation: Expectation, table: Table) -> Check:
    column, among = _numbers(expectation, table), scope(expectation, table)
    value = f"{function}({column}) FILTER (WHERE {among})"
    if function == "sum":
        value = f"coalesce({value}, 0)"
    measures = [_within(expectation, value, "DOUBLE"), value]
    judge = _hidden if function == "median" else _shown
    return Check(expectation, measures, judge)


def mean(expectation: Expectation, table: Table) -> Check:
    """The mean lies between two bounds."""
    return _statistic("avg", expectation, table)


def total(expectation: Expectation, table: Table) -> Check:
    """The sum lies between two bounds; the sum of nothing is 0."""
    return _statistic("sum", expectation, table)


def deviation(expectation: Expectation, table: Table) -> Check:
    """The standard deviation of the sample lies between two bounds."""
    return _statistic("stddev_samp", expectation, table)


def median(expectation: Expectation, table: Table) -> Check:
    """The median lies between two bounds."""
    return _statistic("median", expectation, table)


def _extreme(function: str, expectation: Expectation, table: Table) -> Check:
    column, type_ = single(expectation, table)
    value = f"{function}({column}) FILTER (WHERE {scope(expectation, table)})"
    return Check(expectation, [_within(expectation, value, type_)], _hidden)


def smallest(expectation: Expectation, table: Table) -> Check:
    """The smallest value lies between two bounds."""
    return _extreme("min", expectation, table)


def largest(expectation: Expectation, table: Table) -> Check:
    """The largest value lies between two bounds."""
    return _extreme("max", expectation, table)


def _distinct(expectation: Expectation, table: Table) -> tuple[str, str]:
    column, _ = single(expectation, table)
    among = scope(expectation, table)
    return f"count(DISTINCT {column}) FILTER (WHERE {among})", among


def unique_count(expectation: Expectation, table: Table) -> Check:
    """The number of different values lies between two bounds."""
    value, _ = _distinct(expectation, table)
    return Check(expectation, [_within(expectation, value, "BIGINT"), value], _whole)


def unique_share(expectation: Expectation, table: Table) -> Check:
    """Different values over all values that are not missing, between two bounds."""
    value, among = _distinct(expectation, table)
    column, _ = single(expectation, table)
    share = f"coalesce({value} / nullif(count({column}) FILTER (WHERE {among}), 0), 0)"
    return Check(expectation, [_within(expectation, share, "DOUBLE"), share], _shown)


def present_share(expectation: Expectation, table: Table) -> Check:
    """Values that are not missing over all rows, between two bounds."""
    column, _ = single(expectation, table)
    among = scope(expectation, table)
    rows = f"nullif(count(*) FILTER (WHERE {among}), 0)"
    share = f"coalesce(count({column}) FILTER (WHERE {among}) / {rows}, 0)"
    return Check(expectation, [_within(expectation, share, "DOUBLE"), share], _shown)


def _set_counts(expectation: Expectation, table: Table) -> tuple[str, str, int]:
    column, type_ = single(expectation, table)
    among = scope(expectation, table)
    inside = member(expectation, column, type_)
    strange = both(among, f"NOT ({inside})")
    wanted = set(expectation.kwargs["value_set"] or ())  # a null in it is never met
    if not wanted:
        raise SuiteError(f"{expectation.place}: {expectation.type} needs values in value_set")
    return (
        f"count(DISTINCT {column}) FILTER (WHERE {strange})",
        f"count(DISTINCT {column}) FILTER (WHERE {both(among, inside)})",
        len(wanted),
    )


def distinct_in_set(expectation: Expectation, table: Table) -> Check:
    """Every value that occurs is in the set."""
    strange, _, _ = _set_counts(expectation, table)

    def judge(values: Sequence[Any]) -> Judged:
        return values[0] == 0, {"observed_value": None, "unexpected_count": values[0]}

    return Check(expectation, [strange], judge)


def distinct_contain_set(expectation: Expectation, table: Table) -> Check:
    """Every value of the set occurs."""
    _, met, wanted = _set_counts(expectation, table)

    def judge(values: Sequence[Any]) -> Judged:
        missing = wanted - values[0]
        return missing == 0, {"observed_value": None, "missing_count": missing}

    return Check(expectation, [met], judge)


def distinct_equal_set(expectation: Expectation, table: Table) -> Check:
    """The values that occur are just those of the set."""
    strange, met, wanted = _set_counts(expectation, table)

    def judge(values: Sequence[Any]) -> Judged:
        missing = wanted - values[1]
        counts = {"unexpected_count": values[0], "missing_count": missing}
        return values[0] == 0 and missing == 0, {"observed_value": None} | counts

    return Check(expectation, [strange, met], judge)


def most_common_in_set(expectation: Expectation, table: Table) -> Check:
    """The most common value is in the set (one of them, with ties_okay)."""
    column, type_ = single(expectation, table)
    inside = member(expectation, "v", type_)
    where = both(scope(expectation, table), f"{column} IS NOT NULL")
    modes = (
        f"SELECT {column} AS v FROM {table.name} WHERE {where} GROUP BY {column} "
        "QUALIFY rank() OVER (ORDER BY count(*) DESC) = 1"
    )
    measures = [
        f"(SELECT count(*) FILTER (WHERE {inside}) FROM ({modes}))",
        f"(SELECT count(*) FROM ({modes}))",
    ]
    ties = bool(expectation.kwargs.get("ties_okay"))

    def judge(values: Sequence[Any]) -> Judged:
        inside, found = values
        success = inside > 0 if ties else found == 1 and inside == 1
        return success, {"observed_value": None}

    return Check(expectation, measures, judge)


_PLACES = {"nearest": "round_even({at}, 0)", "lower": "floor({at})", "higher": "ceil({at})"}


def quantiles(expectation: Expectation, table: Table) -> Check:
    """Each quantile lies in its range; a bound may be null."""
    column, among = _numbers(expectation, table), scope(expectation, table)
    wanted, ranges = _ranges(expectation)
    how = expectation.kwargs.get("allow_relative_error") or "nearest"
    if how == "linear":
        values = [f"quantile_cont({column}, {q}) FILTER (WHERE {among})" for q in wanted]
    elif how in _PLACES:
        kept = both(among, f"{column} IS NOT NULL")
        ordered = f"list_sort(list({column}) FILTER (WHERE {kept}))"
        number = f"count({column}) FILTER (WHERE {among})"
        at = [_PLACES[how].format(at=f"({q} * ({number} - 1.0::DOUBLE))") for q in wanted]
        values = [f"list_extract({ordered}, CAST({place} AS BIGINT) + 1)" for place in at]
    else:
        raise UnsupportedError(f"quantiles by {how}")

    def judge(values: Sequence[Any]) -> Judged:
        details = [
            _in_range(value, low, high) for value, (low, high) in zip(values, ranges, strict=True)
        ]
        shown = {"quantiles": wanted, "values": [None] * len(wanted)}
        return all(details), {"observed_value": shown, "details": {"success_details": details}}

    return Check(expectation, values, judge)


def _ranges(expectation: Expectation) -> tuple[list[float], list[tuple[float, float]]]:
    given = expectation.kwargs["quantile_ranges"]
    try:
        wanted = [float(one) for one in given["quantiles"]]
        ranges = [
            (-math.inf if low is None else float(low), math.inf if high is None else float(high))
            for low, high in given["value_ranges"]
        ]
    except (KeyError, TypeError, ValueError):
        wanted, ranges = [], []
    if not wanted or len(wanted) != len(ranges) or not all(0 <= one <= 1 for one in wanted):
        raise SuiteError(
            f"{expectation.place}: quantile_ranges needs quantiles (0 to 1) and as many "
            'value_ranges: {"quantiles": [0.5], "value_ranges": [[0, 10]]}'
        )
    return wanted, ranges


def _in_range(value: float | None, low: float, high: float) -> bool:
    if value is None:
        return False
    return low <= value <= high or _close(value, low) or _close(value, high)


def _close(value: float, bound: float) -> bool:
    return math.isfinite(bound) and abs(value - bound) <= 1e-8 + 1e-4 * abs(bound)
