"""What the operators of expressions mean: the same kind of definition as for functions.

Comparisons bring both sides to one kind first (text beside a number is read as a number). AND and
OR know three truth values, as SQL does. LIKE has no escape character.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from mappings.functions.characters import lower
from mappings.functions.numbers import divide, fit, modulo, multiply
from mappings.functions.spec import NUMBER, SAME, Function, template
from mappings.values import Kind

BOOLEAN, TEXT, DECIMAL = Kind.BOOLEAN, Kind.TEXT, Kind.DECIMAL
_ANY = Kind.ANY


def _and(left: bool | None, right: bool | None) -> bool | None:  # noqa: FBT001 (an operand)
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def _or(left: bool | None, right: bool | None) -> bool | None:  # noqa: FBT001 (an operand)
    if left or right:
        return True
    return None if left is None or right is None else False


@lru_cache(maxsize=10_000)
def _like_pattern(pattern: str) -> re.Pattern[str]:
    wild = {"%": ".*", "_": "."}
    text = "".join(wild.get(c) or re.escape(c) for c in pattern)
    return re.compile(text, re.DOTALL)


def _like(text: str, pattern: str) -> bool:
    return _like_pattern(pattern).fullmatch(text) is not None


def _case(*arguments: Any) -> Any:
    for index in range(0, len(arguments) - 1, 2):
        if arguments[index]:
            return arguments[index + 1]
    return arguments[-1]


def _case_sql(*arguments: str) -> str:
    pairs = zip(arguments[:-1:2], arguments[1::2], strict=True)
    arms = " ".join(f"WHEN {when} THEN {then}" for when, then in pairs)
    return f"CASE {arms} ELSE {arguments[-1]} END"


def _in(value: Any, *items: Any) -> bool | None:
    if value is None:
        return None
    if any(item is not None and value == item for item in items):
        return True
    return None if None in items else False


def _compare(name: str, sign: str, python: Callable[[Any, Any], bool]) -> Function:
    return Function(name, (SAME, SAME), BOOLEAN, template(f"({{0}} {sign} {{1}})"), python, "")


def _arithmetic(name: str, python: Callable[[Any, Any], Any]) -> Function:
    sql = f"TRY_CAST(CAST({{0}} AS {{wide}}) {name} CAST({{1}} AS {{wide}}) AS {{type}})"
    return Function(name, (NUMBER, NUMBER), NUMBER, template(sql), python, "")


_OPERATORS = (
    _compare("=", "=", lambda a, b: a == b),
    _compare("<>", "<>", lambda a, b: a != b),
    _compare("<", "<", lambda a, b: a < b),
    _compare("<=", "<=", lambda a, b: a <= b),
    _compare(">", ">", lambda a, b: a > b),
    _compare(">=", ">=", lambda a, b: a >= b),
    Function(
        "is distinct from", (SAME, SAME), BOOLEAN, template("({0} IS DISTINCT FROM {1})"),
        lambda a, b: a != b, "", strict=False,
    ),
    Function(
        "is not distinct from", (SAME, SAME), BOOLEAN, template("({0} IS NOT DISTINCT FROM {1})"),
        lambda a, b: a == b, "", strict=False,
    ),
    Function("and", (BOOLEAN, BOOLEAN), BOOLEAN, template("({0} AND {1})"), _and, "", strict=False),
    Function("or", (BOOLEAN, BOOLEAN), BOOLEAN, template("({0} OR {1})"), _or, "", strict=False),
    Function("not", (BOOLEAN,), BOOLEAN, template("(NOT {0})"), lambda a: not a, ""),
    Function(
        "is null", (_ANY,), BOOLEAN, template("({0} IS NULL)"), lambda a: a is None, "",
        strict=False,
    ),
    Function(
        "is true", (BOOLEAN,), BOOLEAN, template("({0} IS TRUE)"), lambda a: a is True, "",
        strict=False,
    ),
    Function(
        "is false", (BOOLEAN,), BOOLEAN, template("({0} IS FALSE)"), lambda a: a is False, "",
        strict=False,
    ),
    Function(
        "in", (SAME,), BOOLEAN,
        lambda value, *items: f"({value} IN ({', '.join(items)}))", _in, "", rest=SAME,
        strict=False,
    ),
    Function("like", (TEXT, TEXT), BOOLEAN, template("({0} LIKE {1})"), _like, ""),
    Function(
        "ilike", (TEXT, TEXT), BOOLEAN, template("(lower({0}) LIKE lower({1}))"),
        lambda text, pattern: _like(lower(text), lower(pattern)), "",
    ),
    Function("||", (TEXT, TEXT), TEXT, template("({0} || {1})"), lambda a, b: a + b, ""),
    Function("case", (), SAME, _case_sql, _case, "", rest=SAME, strict=False),
    _arithmetic("+", lambda a, b: fit(a + b)),
    _arithmetic("-", lambda a, b: fit(a - b)),
    Function(
        "*", (NUMBER, NUMBER), NUMBER,
        template("TRY_CAST(CAST({0} AS {factor}) * CAST({1} AS {factor}) AS {type})"),
        multiply, "",
    ),
    Function(
        "/", (DECIMAL, DECIMAL), DECIMAL,
        template(
            "TRY_CAST(CAST({0} AS DOUBLE) / nullif(CAST({1} AS DOUBLE), 0) AS DECIMAL(18, 4))"
        ),
        divide, "",
    ),
    Function(
        "%", (NUMBER, NUMBER), NUMBER,
        template("TRY_CAST(CAST({0} AS {wide}) % nullif(CAST({1} AS {wide}), 0) AS {type})"),
        modulo, "",
    ),
    Function(
        "negative", (NUMBER,), NUMBER, template("TRY_CAST(-CAST({0} AS {wide}) AS {type})"),
        lambda a: fit(-a), "",
    ),
)  # fmt: skip

OPERATORS: Mapping[str, Function] = MappingProxyType({f.name: f for f in _OPERATORS})
"""Every operator by the name `mappings.terms` calls it."""
