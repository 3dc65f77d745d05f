"""Field values: what a caller may write, what is kept, and how JSON and CSV show it.

Kept are text (never empty), booleans, numbers, dates, and datetimes in UTC with whole seconds.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

from connectors.simulators.salesforce.errors import ApiError
from connectors.simulators.salesforce.ids import normal
from connectors.simulators.salesforce.schema import NUMBERS, TEXTS, Field

_EMAIL = re.compile(r"[^\s@<>()\[\],;:]+@[^\s@.]+(?:\.[^\s@.]+)+")
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)", re.IGNORECASE
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def read_moment(text: str) -> datetime | None:
    """A datetime with its zone, in UTC and whole seconds; None for other text."""
    if not _MOMENT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None


def read_day(text: str) -> date | None:
    """A date; None for other text."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def show(value: Any) -> Any:
    """A kept value as JSON of the REST API."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    return value.isoformat() if isinstance(value, date) else value


def show_csv(value: Any) -> str:
    """A kept value as a cell of the Bulk API."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return value.isoformat() if isinstance(value, date) else str(value)


def accept(field: Field, value: Any) -> Any:
    """What is kept of a value that a caller writes; ApiError with the API's code otherwise."""
    if isinstance(value, str) and not value.strip():
        value = None
    if field.type == "boolean":
        return _boolean(field, value)
    if value is None:
        return None
    if field.type in NUMBERS:
        return _number(field, value)
    if field.type in TEXTS:
        return _text(field, value)
    return _OTHERS[field.type](field, value)


def _boolean(field: Field, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in {"true", "false", "1", "0"}:
        return value.strip().lower() in {"true", "1"}
    raise _unfit(field)


def _number(field: Field, value: Any) -> int | float:
    try:
        if isinstance(value, bool):
            raise _unfit(field)
        number = float(value)
    except (TypeError, ValueError):
        raise _unfit(field) from None
    if abs(number) >= 10 ** (9 if field.type == "int" else field.precision - field.scale):
        raise ApiError(
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{field.name}: value outside of valid range on numeric field",
            fields=(field.name,),
        )
    return int(number) if field.type == "int" else round(number, max(field.scale, 0))


def _text(field: Field, value: Any) -> str:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise _unfit(field)
    text = str(value).strip()
    if len(text) > field.length:
        raise ApiError(
            "STRING_TOO_LONG",
            f"{field.name}: data value too large: {text} (max length={field.length})",
            fields=(field.name,),
        )
    if field.type == "email" and not _EMAIL.fullmatch(text):
        raise ApiError(
            "INVALID_EMAIL_ADDRESS",
            f"{field.name}: invalid email address: {text}",
            fields=(field.name,),
        )
    if field.type == "picklist" and field.restricted and text not in field.values:
        raise ApiError(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"{field.name}: bad value for restricted picklist field: {text}",
            fields=(field.name,),
        )
    return text


def _day(field: Field, value: Any) -> date:
    moment = read_moment(value) if isinstance(value, str) else None
    found = read_day(value) if isinstance(value, str) and moment is None else moment
    if found is None:
        raise _unfit(field)
    return found.date() if isinstance(found, datetime) else found


def _moment(field: Field, value: Any) -> datetime:
    found = read_moment(value) if isinstance(value, str) else None
    day = read_day(value) if isinstance(value, str) and found is None else None
    if found is None and day is None:
        raise _unfit(field)
    return found or datetime(day.year, day.month, day.day, tzinfo=UTC)  # type: ignore[union-attr]


def _reference(field: Field, value: Any) -> str:
    found = normal(value)
    if found is None:
        raise ApiError(
            "MALFORMED_ID",
            f"{field.name}: id value of incorrect type: {value}",
            fields=(field.name,),
        )
    return found


_OTHERS = {"date": _day, "datetime": _moment, "reference": _reference, "id": _reference}


def _unfit(field: Field) -> ApiError:
    return ApiError(
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        f"{field.name}: value not of required type: {field.type}",
        fields=(field.name,),
    )
