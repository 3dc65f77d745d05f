"""The functions on dates and times; times are in UTC."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from mappings.functions.spec import Function, plain, template
from mappings.values import Kind

DATE, INTEGER, TEXT, TIMESTAMP = Kind.DATE, Kind.INTEGER, Kind.TEXT, Kind.TIMESTAMP

PARTS = ("year", "month", "day", "hour", "minute")


def _part(unit: str, moment: datetime) -> int:
    if unit.lower() not in PARTS:
        raise ValueError(f"there is no date part {unit!r}; write one of {', '.join(PARTS)}")
    return int(getattr(moment, unit.lower()))


def _diff(unit: str, start: date, end: date) -> int:
    match unit.lower():
        case "year":
            return end.year - start.year
        case "month":
            return (end.year - start.year) * 12 + end.month - start.month
        case "day":
            return (end - start).days
    raise ValueError(f"there is no date unit {unit!r}; write year, month or day")


def _sub(unit: str, start: date, end: date) -> int:
    """Count whole units; who is born on a 29 February has a birthday on the 28th, as in DuckDB."""
    if start > end:
        return -_sub(unit, end, start)
    months = _diff("month", start, end)
    if end.day < start.day and (end + timedelta(days=1)).month == end.month:
        months -= 1
    match unit.lower():
        case "year":
            return months // 12
        case "month":
            return months
        case "day":
            return (end - start).days
    raise ValueError(f"there is no date unit {unit!r}; write year, month or day")


def _make_date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except (ValueError, OverflowError):
        return None


def _of(part: str) -> Function:
    return Function(
        part,
        (DATE,),
        INTEGER,
        plain(part),
        lambda day: int(getattr(day, part)),
        f"The {part} of a date.",
    )


def _today(*_: Any) -> Any:
    raise ValueError("today() is bound when a document is compiled")  # pragma: no cover


FUNCTIONS = (
    Function(
        "date_part",
        (TEXT, TIMESTAMP),
        INTEGER,
        plain("date_part"),
        _part,
        f"A part of a date or time as a number: {', '.join(PARTS)}.",
        literals=(0,),
    ),
    _of("year"),
    _of("month"),
    _of("day"),
    Function(
        "date_diff",
        (TEXT, DATE, DATE),
        INTEGER,
        plain("date_diff"),
        _diff,
        "How many ends of a year, month or day lie between two dates.",
        literals=(0,),
    ),
    Function(
        "date_sub",
        (TEXT, DATE, DATE),
        INTEGER,
        plain("date_sub"),
        _sub,
        "How many whole years, months or days lie between two dates: an age.",
        literals=(0,),
    ),
    Function(
        "make_date",
        (INTEGER, INTEGER, INTEGER),
        DATE,
        template(
            "CASE WHEN {0} BETWEEN 1 AND 9999 AND {1} BETWEEN 1 AND 12 AND {2} BETWEEN 1 AND 31"
            " THEN TRY_CAST(printf('%04d-%02d-%02d', {0}, {1}, {2}) AS DATE) END"
        ),
        _make_date,
        "A date from year, month and day; NULL when there is no such day.",
    ),
    Function(
        "today",
        (),
        DATE,
        template("today()"),
        _today,
        "The date the run says it is; never the clock of the machine.",
    ),
)
