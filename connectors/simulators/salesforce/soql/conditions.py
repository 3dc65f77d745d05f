"""Conditions as functions of a record: comparing with an empty value is false, but ``!=`` true."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

from connectors.simulators.salesforce.errors import ApiError
from connectors.simulators.salesforce.ids import normal
from connectors.simulators.salesforce.schema import NUMBERS, TEXTS, Field, Record
from connectors.simulators.salesforce.soql.binding import Binder
from connectors.simulators.salesforce.soql.syntax import (
    Both,
    Comparison,
    Condition,
    Literal,
    Not,
    Span,
)

Test = Callable[[Record], bool]
_ORDERED = frozenset({"<", "<=", ">", ">="})


def compile_condition(condition: Condition, binder: Binder) -> Test:
    """The condition as a function; ApiError when a field or a value does not fit."""
    if isinstance(condition, Not):
        inner = compile_condition(condition.part, binder)
        return lambda record: not inner(record)
    if isinstance(condition, Both):
        tests = [compile_condition(part, binder) for part in condition.parts]
        judge = all if condition.word == "AND" else any
        return lambda record: judge(test(record) for test in tests)
    return _comparison(condition, binder)


def ranked(wanted: Field, value: Any) -> Any:
    """A value as it is compared and sorted: text without its case."""
    if isinstance(value, str) and wanted.type in TEXTS and not wanted.case_sensitive:
        return value.casefold()
    return value


def _comparison(comparison: Comparison, binder: Binder) -> Test:
    column = binder.filtered(comparison.path)
    wanted, get, sign = column.wanted, column.get, comparison.operator
    if sign in _ORDERED and wanted.type == "boolean":
        raise _refused(f"invalid operator on field {wanted.name}")
    if sign == "LIKE":
        return _like(wanted, get, comparison.literals[0])
    values = [_literal(wanted, each) for each in comparison.literals]
    if sign in {"IN", "NOT IN"}:
        tests = [_judge("=", value) for value in values]
        inside = sign == "IN"
        return lambda record: any(test(ranked(wanted, get(record))) for test in tests) == inside
    judge = _judge(sign, values[0])
    return lambda record: judge(ranked(wanted, get(record)))


def _judge(  # noqa: PLR0911 (one line an operator)
    sign: str, wanted: Any
) -> Callable[[Any], bool]:
    if isinstance(wanted, Span):
        return _judge_span(sign, wanted)
    match sign:
        case "=":
            return lambda value: bool(value == wanted)
        case "!=":
            return lambda value: bool(value != wanted)
        case "<":
            return lambda value: value is not None and wanted is not None and value < wanted
        case "<=":
            return lambda value: value is not None and wanted is not None and value <= wanted
        case ">":
            return lambda value: value is not None and wanted is not None and value > wanted
        case _:
            return lambda value: value is not None and wanted is not None and value >= wanted


def _judge_span(sign: str, days: Span) -> Callable[[Any], bool]:
    """Equal is inside; less is before the first day, more is after the last."""

    def judge(value: Any) -> bool:
        if value is None:
            return sign == "!="
        moment = isinstance(value, datetime)
        start = _midnight(days.start) if moment else days.start
        end = _midnight(days.end) if moment else days.end
        found = {
            "=": start <= value < end,
            "!=": not start <= value < end,
            "<": value < start,
            "<=": value < end,
            ">": value >= end,
            ">=": value >= start,
        }
        return bool(found[sign])

    return judge


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _like(wanted: Field, get: Callable[[Record], Any], literal: Literal) -> Test:
    if wanted.type not in TEXTS:
        raise _refused(f"invalid operator on {wanted.type} field {wanted.name}")
    if not literal.quoted:
        raise _unquoted(wanted)
    pattern = re.compile(_pattern(literal.value), re.IGNORECASE | re.DOTALL)

    def test(record: Record) -> bool:
        value = get(record)
        return value is not None and pattern.fullmatch(value) is not None

    return test


def _pattern(text: str) -> str:
    found, at = "", 0
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text):
            at += 1
            found += re.escape(text[at])
        else:
            found += {"%": ".*", "_": "."}.get(char, re.escape(char))
        at += 1
    return found


def _literal(wanted: Field, literal: Literal) -> Any:
    """The value to compare with, or INVALID_FIELD when its kind is not the field's."""
    value = literal.value
    if value is None and not literal.quoted:
        return None
    if wanted.type in TEXTS:
        if not literal.quoted:
            raise _unquoted(wanted)
        return ranked(wanted, value) or None
    if wanted.type in {"id", "reference"}:
        if not literal.quoted:
            raise _unquoted(wanted)
        found = normal(value)
        if found is None:
            raise ApiError("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {value}")
        return found
    return _fitting(wanted, literal)


def _fitting(wanted: Field, literal: Literal) -> Any:
    value = literal.value
    fits = {
        "boolean": isinstance(value, bool),
        "date": type(value) is date or isinstance(value, Span),
        "datetime": isinstance(value, datetime | Span),
    }.get(wanted.type, wanted.type in NUMBERS and type(value) in {int, float})
    if literal.quoted or not fits:
        kind = {"datetime": "dateTime"}.get(wanted.type, wanted.type)
        raise _refused(
            f"value of filter criterion for field '{wanted.name}' must be of type {kind} and "
            "should not be enclosed in quotes"
        )
    return value


def _unquoted(wanted: Field) -> ApiError:
    return _refused(
        f"value of filter criterion for field '{wanted.name}' must be of type string and should "
        "be enclosed in quotes"
    )


def _refused(message: str) -> ApiError:
    return ApiError("INVALID_FIELD", message)
