"""`row_condition` as SQL: Great Expectations' condition objects and its older text form.

A comparison with a missing value is false, except "is not" and "is not one of", which are true:
so its pandas engine holds it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pipelines.quality.errors import SuiteError, UnsupportedError
from pipelines.quality.literals import literal
from pipelines.quality.model import Expectation
from pipelines.quality.table import Table

_TEXT = re.compile(
    r"""^\s*col\(\s*(?P<q>["'])(?P<column>[^"']+)(?P=q)\s*\)\s*
    (?:\.(?P<notnull>notnull)\(\)|(?P<operator>==|!=|<=|>=|<|>)\s*
    (?:(?P<v>["'])(?P<text>[^"']*)(?P=v)|(?P<number>-?\d+(?:\.\d+)?)))\s*$""",
    re.VERBOSE,
)
_TEXT_PARSERS = {"great_expectations", "great_expectations__experimental__"}
_ORDER = {"<", "<=", ">", ">="}


def condition(expectation: Expectation, table: Table) -> str:
    """Return the SQL of an expectation's `row_condition`, TRUE when it has none.

    Raises UnsupportedError for pandas query text, SuiteError for what nobody can read.
    """
    given = expectation.kwargs.get("row_condition")
    if given is None:
        return "TRUE"
    if isinstance(given, str):
        return _from_text(given, expectation, table)
    return _from_object(given, expectation, table)


def _from_text(given: str, expectation: Expectation, table: Table) -> str:
    if expectation.kwargs.get("condition_parser") not in _TEXT_PARSERS:
        raise UnsupportedError("row_condition in pandas query text")
    found = _TEXT.match(given)
    if found is None:
        raise SuiteError(
            f"{expectation.place}: row_condition cannot be read; write it as "
            'col("country") == "FR" or as a condition object'
        )
    if found["notnull"]:
        return f"{table.column(found['column'], expectation)} IS NOT NULL"
    number = found["number"]
    value = found["text"] if number is None else float(number) if "." in number else int(number)
    return _compare(found["column"], found["operator"], value, expectation, table)


def _from_object(given: Any, expectation: Expectation, table: Table) -> str:
    if not isinstance(given, Mapping):
        raise SuiteError(f"{expectation.place}: row_condition must be an object or a text")
    match given.get("type"):
        case "comparison":
            return _compare(
                _column(given, expectation),
                str(given.get("operator")),
                given.get("parameter"),
                expectation,
                table,
            )
        case "nullity":
            is_null = "IS NULL" if given.get("is_null") else "IS NOT NULL"
            return f"{table.column(_column(given, expectation), expectation)} {is_null}"
        case "and" | "or" as word:
            found = given.get("conditions")
            if not isinstance(found, list):
                raise SuiteError(
                    f"{expectation.place}: row_condition of type {word!r} needs conditions, a list"
                )
            parts = [_from_object(part, expectation, table) for part in found]
            return "(" + f" {word.upper()} ".join(parts) + ")" if parts else "TRUE"
        case "pass_through":
            raise UnsupportedError("row_condition in pandas query text")
    raise SuiteError(
        f"{expectation.place}: row_condition has no known type; "
        "known: and, comparison, nullity, or, pass_through"
    )


def _column(given: Mapping[str, Any], expectation: Expectation) -> str:
    column = given.get("column")
    name = column.get("name") if isinstance(column, Mapping) else column
    if not isinstance(name, str):
        raise SuiteError(
            f'{expectation.place}: row_condition needs a column: {{"name": "country"}}'
        )
    return name


def _compare(name: str, operator: str, value: Any, expectation: Expectation, table: Table) -> str:
    column, type_ = table.column(name, expectation), table.type(name, expectation)
    if operator in {"IN", "NOT_IN"}:
        if not isinstance(value, list):
            raise SuiteError(f"{expectation.place}: row_condition: {operator} needs a list")
        members = [literal(one, type_, expectation.place) for one in value]
        found = f"{column} IN ({', '.join(members)})" if members else "FALSE"
        yes = f"coalesce({found}, FALSE)"
        return yes if operator == "IN" else f"(NOT {yes})"
    one = literal(value, type_, expectation.place)
    if operator in _ORDER:
        return f"coalesce({column} {operator} {one}, FALSE)"
    if operator in {"==", "!="}:
        return f"({column} IS {'NOT ' if operator == '==' else ''}DISTINCT FROM {one})"
    raise SuiteError(f"{expectation.place}: row_condition: unknown operator {operator!r}")
