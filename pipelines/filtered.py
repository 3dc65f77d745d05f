"""Whether a source that was asked to leave out what is known really did: some ignore it in silence.

Only what can be told for sure is counted: moments against moments, numbers against numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.contract import Cursor, Page
from pipelines.positions import stamp_of


def older(page: Page, column: str, after: Cursor) -> int:
    """Count the rows of a page that stand before the position that was asked for."""
    return sum(_before(value, after.value) for value in _values(page, column))


def _values(page: Page, column: str) -> Iterable[Any]:
    rows: Any = page.rows
    if hasattr(rows, "schema"):
        return rows.column(column).to_pylist() if column in rows.schema.names else ()
    return (row.get(column) for row in rows)


def _before(value: Any, text: str) -> bool:
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, int | float | Decimal):
        limit = _number(text)
        return limit is not None and limit.is_finite() and Decimal(str(value)) < limit
    mine, asked = _moment(value), _moment(text)
    if mine is None or asked is None or (mine.tzinfo is None) != (asked.tzinfo is None):
        return False
    return mine < asked


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value
    if isinstance(value, date):
        return datetime.combine(value, time())
    stamp = stamp_of(value) if isinstance(value, str) else None
    return stamp.moment if stamp else None
