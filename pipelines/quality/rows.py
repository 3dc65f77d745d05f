"""Expectations about rows: each says of every row whether it fails.

Missing values are set aside before a value is compared, as Great Expectations does; an empty list
is a missing one.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import duckdb

from mappings.values import quote
from pipelines.quality.errors import SuiteError, UnsupportedError
from pipelines.quality.literals import is_list, is_number, kind, literal, quoted
from pipelines.quality.measure import Check, Judged, both, counted, scope
from pipelines.quality.model import Expectation
from pipelines.quality.patterns import UntranslatableError, to_re2
from pipelines.quality.table import Table


def percent(part: int, whole: int) -> float | None:
    """Return 100 * part / whole, None of nothing."""
    return part / whole * 100 if whole else None


def check_rows(expectation: Expectation, table: Table, present: str, fine: str) -> Check:
    """Compile a check of rows: `present` are the rows compared, `fine` those that meet it."""
    among = scope(expectation, table)
    failing = both(among, present, f"({fine}) IS NOT TRUE")
    measures = [counted(among), counted(both(among, present)), counted(failing)]
    return Check(expectation, measures, _judge(expectation.mostly), failing)


def _judge(mostly: float) -> Any:
    def judge(values: Sequence[Any]) -> Judged:
        total, compared, unexpected = (int(value or 0) for value in values)
        success = compared == 0 or (compared - unexpected) / compared >= mostly
        missing = total - compared
        return success, {
            "element_count": total,
            "unexpected_count": unexpected,
            "unexpected_percent": percent(unexpected, compared),
            "missing_count": missing,
            "missing_percent": percent(missing, total),
            "unexpected_percent_total": percent(unexpected, total),
            "unexpected_percent_nonmissing": percent(unexpected, compared),
        }

    return judge


def _missing(column: str, type_: str) -> str:
    return f"coalesce(len({column}), 0) = 0" if is_list(type_) else f"{column} IS NULL"


def not_null(expectation: Expectation, table: Table) -> Check:
    """No value is missing."""
    return _nulls(expectation, table, missing_is_fine=False)


def null(expectation: Expectation, table: Table) -> Check:
    """Every value is missing."""
    return _nulls(expectation, table, missing_is_fine=True)


def _nulls(expectation: Expectation, table: Table, *, missing_is_fine: bool) -> Check:
    name = expectation.kwargs["column"]
    missing = _missing(table.column(name, expectation), table.type(name, expectation))
    fine = missing if missing_is_fine else f"NOT ({missing})"
    check = check_rows(expectation, table, "TRUE", fine)

    def judge(values: Sequence[Any]) -> Judged:
        success, found = check.judge(values)
        kept = ("element_count", "unexpected_count", "unexpected_percent")
        return success, {name: found[name] for name in kept}

    return replace(check, judge=judge)


def single(expectation: Expectation, table: Table) -> tuple[str, str]:
    """Return the SQL and the type of the one column. Raises SuiteError for a list."""
    name = expectation.kwargs["column"]
    column, type_ = table.column(name, expectation), table.type(name, expectation)
    if is_list(type_) or kind(type_) == "list":
        near = sorted(known for known in table.types if known.startswith(name[:5]))
        mend = f"; address one element by its short name: {', '.join(near[:3])}" if near else ""
        raise SuiteError(f"{expectation.place}: {name!r} holds several values{mend}")
    return column, type_


def of_text(expectation: Expectation, table: Table) -> str:
    """Return the SQL of the one column, which must hold text; other types are not compiled."""
    column, type_ = single(expectation, table)
    if type_ != "VARCHAR":
        raise UnsupportedError(f"{expectation.type} of a column of {kind(type_)}")
    return column


def bounds(expectation: Expectation, value: str, type_: str) -> str:
    """Return the SQL that holds `value` between min_value and max_value."""
    given = expectation.kwargs
    low, high = given.get("min_value"), given.get("max_value")
    parts = []
    if type_ == "VARCHAR" and (low is not None or high is not None):
        raise SuiteError(f"{expectation.place}: {expectation.type} needs numbers or dates")
    if low is not None:
        sign = ">" if given.get("strict_min") else ">="
        parts.append(f"{value} {sign} {literal(low, type_, expectation.place)}")
    if high is not None:
        sign = "<" if given.get("strict_max") else "<="
        parts.append(f"{value} {sign} {literal(high, type_, expectation.place)}")
    return " AND ".join(parts) or "TRUE"


def _bounded(expectation: Expectation) -> None:
    low, high = (expectation.kwargs.get(name) for name in ("min_value", "max_value"))
    if low is None and high is None:
        raise SuiteError(f"{expectation.place}: {expectation.type} needs min_value or max_value")
    if low is not None and high is not None and type(low) is type(high) and low > high:
        raise SuiteError(f"{expectation.place}: min_value is greater than max_value")


def between(expectation: Expectation, table: Table) -> Check:
    """Each value lies between two bounds."""
    _bounded(expectation)
    column, type_ = single(expectation, table)
    fine = bounds(expectation, column, type_)
    return check_rows(expectation, table, f"{column} IS NOT NULL", fine)


def lengths_between(expectation: Expectation, table: Table) -> Check:
    """The number of characters of each value lies between two bounds."""
    _bounded(expectation)
    column = of_text(expectation, table)
    fine = bounds(expectation, f"length({column})", "BIGINT")
    return check_rows(expectation, table, f"{column} IS NOT NULL", fine)


def lengths_equal(expectation: Expectation, table: Table) -> Check:
    """Each value has so many characters."""
    column = of_text(expectation, table)
    wanted = literal(expectation.kwargs["value"], "BIGINT", expectation.place)
    return check_rows(expectation, table, f"{column} IS NOT NULL", f"length({column}) = {wanted}")


def member(expectation: Expectation, column: str, type_: str) -> str:
    """Return the SQL that says whether a value (not missing) is in `value_set`."""
    values = expectation.kwargs["value_set"]
    if values is None:
        return "TRUE"
    if not isinstance(values, list):
        raise SuiteError(f"{expectation.place}: value_set must be a list")
    members = [literal(one, type_, expectation.place) for one in values if one is not None]
    return f"{column} IN ({', '.join(members)})" if members else "FALSE"


def in_set(expectation: Expectation, table: Table) -> Check:
    """Each value is one of a set."""
    column, type_ = single(expectation, table)
    fine = member(expectation, column, type_)
    return check_rows(expectation, table, f"{column} IS NOT NULL", fine)


def not_in_set(expectation: Expectation, table: Table) -> Check:
    """No value is one of a set."""
    column, type_ = single(expectation, table)
    none = expectation.kwargs["value_set"] is None
    fine = "TRUE" if none else f"NOT ({member(expectation, column, type_)})"
    return check_rows(expectation, table, f"{column} IS NOT NULL", fine)


def _matches(column: str, pattern: Any, expectation: Expectation, table: Table) -> str:
    try:
        with warnings.catch_warnings(action="ignore"):
            re.compile(pattern)
    except (re.error, TypeError):
        message = f"{expectation.place}: {expectation.type}: the pattern is no regular expression"
        raise SuiteError(message) from None
    try:
        words = to_re2(pattern)
        table.con.execute("SELECT regexp_matches('', ?)", [words]).fetchall()
    except (UntranslatableError, duckdb.Error):
        raise UnsupportedError("a pattern beyond RE2") from None
    return f"regexp_matches({column}, {quote(words)})"


def regex(expectation: Expectation, table: Table) -> Check:
    """Each value matches a pattern (anywhere, unless it is anchored)."""
    column = of_text(expectation, table)
    fine = _matches(column, expectation.kwargs.get("regex", "(?s).*"), expectation, table)
    return check_rows(expectation, table, f"{column} IS NOT NULL", fine)


def not_regex(expectation: Expectation, table: Table) -> Check:
    """No value matches a pattern."""
    column = of_text(expectation, table)
    fine = f"NOT {_matches(column, expectation.kwargs['regex'], expectation, table)}"
    return check_rows(expectation, table, f"{column} IS NOT NULL", fine)


def regex_list(expectation: Expectation, table: Table) -> Check:
    """Each value matches any (or with match_on "all": every one) of several patterns."""
    match_on = expectation.kwargs.get("match_on") or "any"
    if match_on not in {"any", "all"}:
        raise SuiteError(f"{expectation.place}: match_on must be 'any' or 'all'")
    return _patterns(expectation, table, " OR " if match_on == "any" else " AND ", fails=False)


def not_regex_list(expectation: Expectation, table: Table) -> Check:
    """No value matches any of several patterns."""
    return _patterns(expectation, table, " OR ", fails=True)


def _patterns(expectation: Expectation, table: Table, joint: str, *, fails: bool) -> Check:
    column = of_text(expectation, table)
    patterns = expectation.kwargs["regex_list"]
    if not isinstance(patterns, list) or not patterns:
        raise SuiteError(f"{expectation.place}: regex_list must be a list of patterns")
    found = joint.join(_matches(column, one, expectation, table) for one in patterns)
    fine = f"NOT ({found})" if fails else found
    return check_rows(expectation, table, f"{column} IS NOT NULL", fine)


def unique(expectation: Expectation, table: Table) -> Check:
    """No value occurs twice; all rows that share a value fail."""
    column, _ = single(expectation, table)
    return distinct_rows(expectation, table, [column], f"{column} IS NOT NULL")


def distinct_rows(
    expectation: Expectation, table: Table, columns: Sequence[str], present: str
) -> Check:
    """Compile a check that no two rows agree in all of the columns."""
    where = both(scope(expectation, table), present)
    by = ", ".join(columns)
    twice = f"SELECT {by} FROM {table.name} WHERE {where} GROUP BY {by} HAVING count(*) > 1"
    same = " AND ".join(f"a.{column} IS NOT DISTINCT FROM b.{column}" for column in columns)
    row = quoted(table.row)
    failing = both(
        where, f"{row} IN (SELECT a.{row} FROM {table.name} a JOIN ({twice}) b ON {same})"
    )
    check = check_rows(expectation, table, present, "TRUE")
    number = twice.replace(f"SELECT {by}", "SELECT count(*) AS n", 1)
    total = f"(SELECT coalesce(sum(n), 0) FROM ({number}))"
    return replace(check, measures=[*check.measures[:2], total], failing=failing)


def require_numbers(expectation: Expectation, types: Sequence[str]) -> None:
    """Raise SuiteError unless all the columns hold numbers."""
    if not all(is_number(type_) for type_ in types):
        raise SuiteError(f"{expectation.place}: {expectation.type} needs columns of numbers")
