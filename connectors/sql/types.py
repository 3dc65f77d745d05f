"""Database types as Arrow types, and positions as text and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
import sqlalchemy as sa

from connectors.contract import RejectedRow
from connectors.errors import MisconfiguredError

_STAMP = pa.timestamp("us")
_STAMP_UTC = pa.timestamp("us", tz="UTC")
_PLAIN: tuple[tuple[type[sa.types.TypeEngine[Any]], pa.DataType], ...] = (
    (sa.Boolean, pa.bool_()),
    (sa.Integer, pa.int64()),
    (sa.Float, pa.float64()),
    (sa.Date, pa.date32()),
    (sa.Time, pa.time64("us")),
    (sa.LargeBinary, pa.binary()),
)
_VALUES: tuple[tuple[type, pa.DataType], ...] = (
    (bool, pa.bool_()),
    (int, pa.int64()),
    (float, pa.float64()),
    (date, pa.date32()),
    (time, pa.time64("us")),
    (bytes, pa.binary()),
)


def arrow_type(kind: sa.types.TypeEngine[Any]) -> pa.DataType:
    """The Arrow type that holds every value of a column; text where Arrow has none."""
    if isinstance(kind, sa.DateTime):
        return _STAMP_UTC if kind.timezone else _STAMP
    if isinstance(kind, sa.Numeric) and not isinstance(kind, sa.Float):
        fits = kind.precision is not None and kind.scale is not None and kind.precision <= 38
        return pa.decimal128(kind.precision, kind.scale) if fits else pa.string()
    if isinstance(kind, sa.Integer) and getattr(kind, "unsigned", False):
        return pa.uint64()
    return next((arrow for known, arrow in _PLAIN if isinstance(kind, known)), pa.string())


def arrow_type_of(values: Iterable[object]) -> pa.DataType:
    """The Arrow type for values of an unknown column, by the first that is not None."""
    value = next((v for v in values if v is not None), None)
    if isinstance(value, datetime):
        return _STAMP_UTC if value.tzinfo else _STAMP
    return next((arrow for known, arrow in _VALUES if isinstance(value, known)), pa.string())


def to_batch(
    rows: Sequence[Sequence[Any]], schema: pa.Schema, place: str, start: int
) -> tuple[pa.RecordBatch, list[RejectedRow]]:
    """Rows as one batch of this schema; rows that hold a value of another type are rejected.

    `place` and `start` name the rejected ones: ``customers row 17``.
    """
    try:
        return _batch(rows, schema), []
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        pass
    good: list[Sequence[Any]] = []
    rejected: list[RejectedRow] = []
    for number, row in enumerate(rows, start):
        wrong = _misfit(row, schema)
        if wrong is None:
            good.append(row)
        else:
            raw = json.dumps(dict(zip(schema.names, row, strict=True)), default=str)
            reason = f"{wrong.name} holds no {wrong.type}"
            rejected.append(RejectedRow(f"{place} row {number}", reason, raw))
    return _batch(good, schema), rejected


def _batch(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(*rows, strict=True) if rows else ((),) * len(schema)
    arrays = [_array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind):
        return pa.array([v if v is None or type(v) is str else _text(v) for v in values], kind)
    return pa.array(values, kind)


def _misfit(row: Sequence[Any], schema: pa.Schema) -> pa.Field | None:
    for value, field in zip(row, schema, strict=True):
        try:
            _array([value], field.type)
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            return field
    return None


def _text(value: object) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=_text)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"{value.total_seconds():f} s"
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    return str(value)


def position(value: object) -> str:
    """A cursor's or key's value as text; times in UTC, so that they can be moved back."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return value.isoformat(timespec="microseconds")
        utc = value.astimezone(UTC).replace(tzinfo=None)
        return utc.isoformat(timespec="microseconds") + "Z"
    return _text(value)


def from_position(text: str, kind: type, column: str, *, aware: bool) -> object:
    """The value that `position` wrote, for comparison with a column of this Python type.

    Raises MisconfiguredError when the text is none: the column was another one then.
    """
    try:
        if kind is datetime:
            return _time(text, aware=aware)
        return _PARSERS.get(kind, str)(text)
    except (ValueError, ArithmeticError):
        raise MisconfiguredError(
            f"{column}: the stored position is no {kind.__name__}; was the cursor another column "
            "before? Read once in full"
        ) from None


def _time(text: str, *, aware: bool) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC) if aware else moment
    return moment if aware else moment.astimezone(UTC).replace(tzinfo=None)


_PARSERS: dict[type, Callable[[str], object]] = {
    int: int,
    float: float,
    Decimal: Decimal,
    date: lambda text: datetime.fromisoformat(text).date(),
    time: time.fromisoformat,
    UUID: UUID,
    bytes: bytes.fromhex,
}
