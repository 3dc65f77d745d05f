"""Values of a change as Salesforce takes them: in JSON, and as cells of a bulk job."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from connectors.errors import RejectedError

NULL = "#N/A"
"""The cell that empties a field; an empty cell leaves it alone."""


def to_json(name: str, value: Any) -> Any:
    """A value in a JSON body; RejectedError for what has no form there."""
    if isinstance(value, bool) or value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value) if value % 1 else int(value)
    if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
        return ";".join(value)  # a multi-select picklist
    raise RejectedError(f"{name}: a {type(value).__name__} cannot be a value of a field")


def to_cell(value: Any) -> str:
    """A value of a JSON body as a cell."""
    if value is None or value == "":
        return NULL
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).replace("\r\n", "\n")


def fits_cell(values: Mapping[str, Any]) -> bool:
    """Whether all values can be said in cells: the text that empties a field cannot."""
    return NULL not in values.values()
