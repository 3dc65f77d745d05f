"""The functions and operators on numbers: BIGINT, or DECIMAL(18, 4) as soon as one is no integer.

Nothing overflows or divides by zero: the result is then NULL.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from typing import Any

from mappings.functions.spec import NUMBER, Function, template
from mappings.values import Kind, fixed, from_double, within_64_bits

INTEGER, DECIMAL = Kind.INTEGER, Kind.DECIMAL


def fit(value: Any) -> Any:
    """Bring a result back to BIGINT or DECIMAL(18, 4); None when it does not fit."""
    return within_64_bits(value) if isinstance(value, int) else fixed(value)


_EXACT = Context(prec=60)


def multiply(left: Any, right: Any) -> Any:
    """Multiply exactly, then bring back; None when it does not fit."""
    if isinstance(left, int) and isinstance(right, int):
        return within_64_bits(left * right)
    return fixed(_EXACT.multiply(Decimal(left), Decimal(right)))


def _double(value: Decimal) -> float:
    return float(int(value.scaleb(4))) / 10_000.0


def divide(left: Decimal, right: Decimal) -> Decimal | None:
    """Divide into four digits after the point; None by zero."""
    return from_double(_double(left) / _double(right)) if right else None


def modulo(left: Any, right: Any) -> Any:
    """Return the rest of a division, with the sign of the left side; None by zero."""
    if not right:
        return None
    rest = abs(left) % abs(right)
    return fit(-rest if left < 0 else rest)


def _round(value: Decimal, digits: int = 0) -> Decimal | None:
    digits = max(min(digits, 4), 0)
    return fixed(value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))


def _whole(value: Decimal, rounding: str) -> int:
    return int(value.to_integral_value(rounding))


def _round_sql(value: str, digits: str = "0") -> str:
    return f"TRY_CAST(round({value}, CAST({digits} AS INTEGER)) AS DECIMAL(18, 4))"


FUNCTIONS = (
    Function(
        "abs",
        (NUMBER,),
        NUMBER,
        template("CASE WHEN {0} >= 0 THEN {0} ELSE TRY_CAST(-CAST({0} AS {wide}) AS {type}) END"),
        lambda value: fit(abs(value)),
        "A number without its sign.",
    ),
    Function(
        "round",
        (DECIMAL, INTEGER),
        DECIMAL,
        _round_sql,
        _round,
        "Round to so many digits after the point, halves away from zero.",
        optional=1,
        literals=(1,),
    ),
    Function(
        "floor",
        (DECIMAL,),
        INTEGER,
        template("CAST(floor({0}) AS BIGINT)"),
        lambda value: _whole(value, ROUND_FLOOR),
        "The next whole number below.",
    ),
    Function(
        "ceil",
        (DECIMAL,),
        INTEGER,
        template("CAST(ceil({0}) AS BIGINT)"),
        lambda value: _whole(value, ROUND_CEILING),
        "The next whole number above.",
    ),
)
