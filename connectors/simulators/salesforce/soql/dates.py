"""Date literals: words for spans of days, counted in UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from connectors.simulators.salesforce.soql.syntax import Span

_DAY = timedelta(days=1)


def span(text: str, today: date) -> Span | None:
    """The days that a literal such as ``THIS_MONTH`` or ``LAST_N_DAYS:7`` stands for."""
    word, _, count = text.upper().partition(":")
    if not count:
        return _WORDS[word](today) if word in _WORDS else None
    return _COUNTED[word](today, int(count)) if word in _COUNTED else None


def _days(today: date, start: int, end: int) -> Span:
    return Span(today + start * _DAY, today + end * _DAY)


def _week(today: date, shift: int) -> Span:
    sunday = today - (today.weekday() + 1) % 7 * _DAY
    return _days(sunday, 7 * shift, 7 * shift + 7)


def _month(today: date, shift: int) -> Span:
    return Span(_first_of_month(today, shift), _first_of_month(today, shift + 1))


def _first_of_month(today: date, shift: int) -> date:
    months = today.year * 12 + today.month - 1 + shift
    return date(months // 12, months % 12 + 1, 1)


def _year(today: date, shift: int) -> Span:
    return Span(date(today.year + shift, 1, 1), date(today.year + shift + 1, 1, 1))


_WORDS: dict[str, Callable[[date], Span]] = {
    "YESTERDAY": lambda today: _days(today, -1, 0),
    "TODAY": lambda today: _days(today, 0, 1),
    "TOMORROW": lambda today: _days(today, 1, 2),
    "LAST_WEEK": lambda today: _week(today, -1),
    "THIS_WEEK": lambda today: _week(today, 0),
    "NEXT_WEEK": lambda today: _week(today, 1),
    "LAST_MONTH": lambda today: _month(today, -1),
    "THIS_MONTH": lambda today: _month(today, 0),
    "NEXT_MONTH": lambda today: _month(today, 1),
    "LAST_90_DAYS": lambda today: _days(today, -90, 1),
    "NEXT_90_DAYS": lambda today: _days(today, 1, 91),
    "LAST_YEAR": lambda today: _year(today, -1),
    "THIS_YEAR": lambda today: _year(today, 0),
    "NEXT_YEAR": lambda today: _year(today, 1),
}
_COUNTED: dict[str, Callable[[date, int], Span]] = {
    "LAST_N_DAYS": lambda today, n: _days(today, -n, 1),
    "NEXT_N_DAYS": lambda today, n: _days(today, 1, n + 1),
    "N_DAYS_AGO": lambda today, n: _days(today, -n, -n + 1),
    "LAST_N_MONTHS": lambda today, n: Span(_first_of_month(today, -n), _first_of_month(today, 0)),
    "LAST_N_YEARS": lambda today, n: Span(_year(today, -n).start, _year(today, 0).start),
}
