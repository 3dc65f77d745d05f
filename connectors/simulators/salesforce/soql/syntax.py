"""What a query is once it is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as the query writes it; `quoted` tells ``'1'`` from ``1``.

    `value` is text, a number, a boolean, a date, a datetime, None, or a `Span`.
    """

    value: Any
    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A date literal such as ``LAST_N_DAYS:7``: from the first day up to but without the last."""

    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Comparison:
    """``field op literal``; the literals of IN are several."""

    path: str
    operator: str
    literals: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Both:
    """All of these (AND), or any of these (OR)."""

    word: str
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    part: Condition


Condition = Comparison | Both | Not


@dataclass(frozen=True, slots=True)
class Order:
    """One field of ORDER BY. Empty values come first unless `nulls_last`."""

    path: str
    descending: bool = False
    nulls_last: bool = False


@dataclass(frozen=True, slots=True)
class Select:
    """A whole query. `count` is ``SELECT COUNT()``; `every` is the word in ``FIELDS(word)``."""

    object: str
    paths: tuple[str, ...] = ()
    count: bool = False
    every: str | None = None
    where: Condition | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None


Moment = date | datetime
