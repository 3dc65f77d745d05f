"""Values of a suite file as SQL literals of a column's type."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from mappings.values import quote
from pipelines.quality.errors import SuiteError

_NUMBERS = ("DECIMAL", "BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT", "DOUBLE", "FLOAT")


def quoted(name: str) -> str:
    """Return a column or relation name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def is_number(type_: str) -> bool:
    """Whether a DuckDB type is numeric."""
    return type_.removeprefix("U").startswith(_NUMBERS)


def is_list(type_: str) -> bool:
    """Whether a DuckDB type is a list (a multi-valued attribute)."""
    return type_.endswith("[]")


def kind(type_: str) -> str:
    """Name a type for people; types of one kind can be compared."""
    if is_number(type_):
        return "number"
    names = {"VARCHAR": "text", "BOOLEAN": "true or false", "DATE": "date"}
    return "timestamp" if type_.startswith("TIMESTAMP") else names.get(type_, "list")


def literal(value: Any, type_: str, place: str) -> str:
    """Return the value as SQL of the column's type.

    Raises SuiteError naming the place when the value is of another kind: comparing across kinds
    is always a slip in the suite.
    """
    found = _literal(value, type_)
    if found is None:
        wanted = {"date": "2020-01-31", "timestamp": "2020-01-31T12:00:00+00:00"}.get(kind(type_))
        mend = f"write it as {wanted}" if wanted else f"write a {kind(type_)}"
        raise SuiteError(
            f"{place}: a {type(value).__name__} cannot be compared with this column "
            f"of {kind(type_)}; {mend}"
        )
    return found


def _literal(value: Any, type_: str) -> str | None:
    of = kind(type_)
    if of == "number" and isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return _number(value)
    if of == "text" and isinstance(value, str):
        return quote(value)
    if of == "true or false" and isinstance(value, bool):
        return str(value).upper()
    if of in {"date", "timestamp"} and isinstance(value, str):
        return _moment(value, type_)
    return None


def _number(value: float | Decimal) -> str | None:
    if not math.isfinite(value):
        return None
    shown = str(value)
    return f"CAST('{shown}' AS DOUBLE)" if "e" in shown.lower() else shown


def _moment(value: str, type_: str) -> str | None:
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    if type_ == "DATE" and found.time() == time() and found.tzinfo is None:
        return f"DATE '{date.isoformat(found)}'"
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    shown = aware.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")
    if type_ == "TIMESTAMP WITH TIME ZONE":
        return f"TIMESTAMPTZ '{shown}+00:00'"
    return f"TIMESTAMP '{shown}'"
