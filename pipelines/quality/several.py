"""Expectations that compare columns of one row with each other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from mappings.suggest import did_you_mean
from pipelines.quality.errors import SuiteError
from pipelines.quality.literals import kind, literal
from pipelines.quality.measure import Check
from pipelines.quality.model import Expectation
from pipelines.quality.rows import check_rows, distinct_rows, require_numbers
from pipelines.quality.table import Table

_PAIR = {"both_values_are_missing": " OR ", "either_value_is_missing": " AND ", "neither": None}
_LIST = {"all_values_are_missing": " OR ", "any_value_is_missing": " AND ", "never": None}


def _columns(expectation: Expectation, table: Table) -> tuple[list[str], list[str]]:
    names = expectation.columns
    if len(names) < 2:
        raise SuiteError(f"{expectation.place}: {expectation.type} needs two columns or more")
    types = [table.type(name, expectation) for name in names]
    return [table.column(name, expectation) for name in names], types


def _comparable(expectation: Expectation, types: Sequence[str]) -> None:
    kinds = sorted({kind(type_) for type_ in types})
    if len(kinds) > 1 or kinds == ["list"]:
        shown = " and ".join(kinds)
        raise SuiteError(f"{expectation.place}: columns of {shown} cannot be compared")


def _present(expectation: Expectation, columns: Sequence[str]) -> str:
    words = _PAIR if "column_A" in expectation.kwargs else _LIST
    word = expectation.kwargs.get("ignore_row_if") or next(iter(words))
    if word not in words:
        mend = did_you_mean(str(word), words)
        raise SuiteError(f"{expectation.place}: unknown ignore_row_if {word!r}{mend}")
    joint = words[word]
    return "TRUE" if joint is None else joint.join(f"{column} IS NOT NULL" for column in columns)


def a_greater_than_b(expectation: Expectation, table: Table) -> Check:
    """In each row column_A is greater than column_B (or equal, with or_equal)."""
    columns, types = _columns(expectation, table)
    _comparable(expectation, types)
    sign = ">=" if expectation.kwargs.get("or_equal") else ">"
    fine = f"{columns[0]} {sign} {columns[1]}"
    return check_rows(expectation, table, _present(expectation, columns), fine)


def a_equals_b(expectation: Expectation, table: Table) -> Check:
    """In each row both columns hold the same."""
    columns, types = _columns(expectation, table)
    _comparable(expectation, types)
    fine = f"{columns[0]} = {columns[1]}"
    return check_rows(expectation, table, _present(expectation, columns), fine)


def pair_in_set(expectation: Expectation, table: Table) -> Check:
    """In each row the two values are one of a set of pairs; null stands for a missing one."""
    columns, types = _columns(expectation, table)
    pairs = expectation.kwargs["value_pairs_set"]
    fine = "TRUE"
    if pairs is not None:
        found = []
        for pair in pairs:
            if not isinstance(pair, list) or len(pair) != 2:
                raise SuiteError(f"{expectation.place}: value_pairs_set must hold pairs")
            sides = zip(columns, types, pair, strict=True)
            found.append(" AND ".join(_same(c, t, v, expectation.place) for c, t, v in sides))
        fine = " OR ".join(f"({one})" for one in found) or "FALSE"
    return check_rows(expectation, table, _present(expectation, columns), fine)


def _same(column: str, type_: str, value: object, place: str) -> str:
    if value is None:
        return f"{column} IS NULL"
    return f"{column} IS NOT DISTINCT FROM {literal(value, type_, place)}"


def compound_unique(expectation: Expectation, table: Table) -> Check:
    """No two rows agree in all of the columns."""
    columns, _ = _columns(expectation, table)
    return distinct_rows(expectation, table, columns, _present(expectation, columns))


def unique_within_record(expectation: Expectation, table: Table) -> Check:
    """In each row the columns all hold different values; a missing one counts as a value."""
    columns, types = _columns(expectation, table)
    _comparable(expectation, types)
    fine = " AND ".join(f"{a} IS DISTINCT FROM {b}" for a, b in combinations(columns, 2))
    return check_rows(expectation, table, _present(expectation, columns), fine)


def equal_within_record(expectation: Expectation, table: Table) -> Check:
    """In each row the columns all hold the same value; all missing is the same."""
    columns, types = _columns(expectation, table)
    _comparable(expectation, types)
    fine = " AND ".join(f"{columns[0]} IS NOT DISTINCT FROM {other}" for other in columns[1:])
    return check_rows(expectation, table, _present(expectation, columns), fine)


def sum_equals(expectation: Expectation, table: Table) -> Check:
    """In each row the columns add up to sum_total."""
    columns, types = _columns(expectation, table)
    require_numbers(expectation, types)
    total = literal(expectation.kwargs["sum_total"], "DOUBLE", expectation.place)
    fine = f"{' + '.join(columns)} = {total}"
    return check_rows(expectation, table, _present(expectation, columns), fine)
