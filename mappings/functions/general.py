"""The functions that take values of any kind, and those on lists."""

from __future__ import annotations

from typing import Any

from mappings.functions.spec import LIST, SAME, Function, plain, template
from mappings.values import Kind

TEXT, INTEGER = Kind.TEXT, Kind.INTEGER


def coalesce(*values: Any) -> Any:
    """Return the first value that is there."""
    for value in values:
        if value is not None:
            return value
    return None


def _nullif(value: Any, other: Any) -> Any:
    return None if value == other else value


def _greatest(*values: Any) -> Any:
    return max((value for value in values if value is not None), default=None)


def _least(*values: Any) -> Any:
    return min((value for value in values if value is not None), default=None)


def _item(items: list[Any], number: int) -> Any:
    if number == 0 or abs(number) > len(items):
        return None
    return items[number - 1 if number > 0 else number]


def _join(items: list[str | None], separator: str) -> str:
    return separator.join([item for item in items if item is not None])


_JOIN = "CASE WHEN {0} IS NOT NULL THEN coalesce(array_to_string({0}, {1}), '') END"

FUNCTIONS = (
    Function(
        "coalesce", (SAME,), SAME, plain("coalesce"), coalesce, "The first that is not NULL.",
        rest=SAME, strict=False,
    ),
    Function(
        "ifnull", (SAME, SAME), SAME, plain("coalesce"), coalesce, "The first, or else the second.",
        strict=False,
    ),
    Function(
        "nullif", (SAME, SAME), SAME, plain("nullif"), _nullif, "NULL when both are equal.",
        strict=False,
    ),
    Function(
        "greatest", (SAME,), SAME, plain("greatest"), _greatest, "The largest; NULL is left out.",
        rest=SAME, strict=False,
    ),
    Function(
        "least", (SAME,), SAME, plain("least"), _least, "The smallest; NULL is left out.",
        rest=SAME, strict=False,
    ),
    Function("len", (LIST,), INTEGER, plain("len"), len, "How many items a list has."),
    Function(
        "list_contains", (LIST, TEXT), Kind.BOOLEAN, plain("list_contains"),
        lambda items, item: item in items, "Whether a list has this text.",
    ),
    Function(
        "list_extract", (LIST, INTEGER), TEXT, template("({0})[{1}]"), _item,
        "One item of a list as text, counted from 1; negative counts from the end.",
    ),
    Function(
        "list_join", (LIST, TEXT), TEXT, template(_JOIN), _join,
        "Join the texts of a list with a separator.", literals=(1,),
    ),
    Function(
        "array_to_string", (LIST, TEXT), TEXT, template(_JOIN), _join,
        "The same as list_join.", literals=(1,),
    ),
)  # fmt: skip
