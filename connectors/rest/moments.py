"""Moments as systems write them, and back: one form inside, the declared one outside.

    iso        2026-01-31T23:59:59.5+01:00
    date       2026-01-31
    epoch      1769903999        seconds
    epoch_ms   1769903999500     milliseconds
    ms_date    /Date(1769903999500+0100)/
    %d.%m.%Y   any pattern of strftime

Inside, a moment is an aware datetime in UTC, and a position is its ISO text.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

FORMATS = ("plain", "iso", "date", "epoch", "epoch_ms", "ms_date")
"""The names that are no pattern; `plain` is no moment, but text or a number."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS_DATE = re.compile(r"\\?/Date\((-?\d+)(?:[+-]\d{4})?\)\\?/")


def known(form: str) -> str:
    """Return a format as it is; ValueError with the known ones."""
    if form not in FORMATS and "%" not in form:
        raise ValueError(f"must be {', '.join(FORMATS)} or a pattern such as %d.%m.%Y")
    return form


def read(value: Any, form: str, zone: ZoneInfo) -> datetime:
    """Return the moment of a value; ValueError when it is none. `zone` is for those without."""
    try:
        moment = _read(value, form, zone)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError, InvalidOperation, TypeError):
        raise ValueError(f"is not written as {form}") from None


def write(moment: datetime, form: str, zone: ZoneInfo) -> str | int:
    """Return a moment as the format writes it; what the format cannot hold is cut off."""
    local = moment.astimezone(zone)
    since = moment - _EPOCH
    match form:
        case "epoch":
            return since // timedelta(seconds=1)
        case "epoch_ms":
            return since // timedelta(milliseconds=1)
        case "ms_date":
            return f"/Date({since // timedelta(milliseconds=1)})/"
        case "date":
            return local.date().isoformat()
        case "iso" | "plain":
            text = local.isoformat()
            return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text
        case _:
            return local.strftime(form)


def _read(value: Any, form: str, zone: ZoneInfo) -> datetime:
    match form:
        case "epoch" | "epoch_ms":
            micros = Decimal(str(value)) * (1_000_000 if form == "epoch" else 1_000)
            return _EPOCH + timedelta(microseconds=int(micros))
        case "ms_date":
            found = _MS_DATE.fullmatch(str(value))
            if not found:
                raise ValueError
            return _EPOCH + timedelta(milliseconds=int(found[1]))
        case "iso" | "date":
            moment = datetime.fromisoformat(str(value))
        case _:
            moment = datetime.strptime(str(value), form)  # noqa: DTZ007 (the zone follows)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
