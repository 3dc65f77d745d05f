"""Rows that are wrong on purpose, each kind with what must become of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from random import Random

from pipelines.sandbox.shapes import COLUMNS, Row


@dataclass(frozen=True, slots=True)
class Flaw:
    """One way for a row to be wrong. `readable` is False when it is no row at all."""

    name: str
    spoil: Callable[[Random, Row], Row]
    readable: bool = True


def _set(source: str, column: str, *values: object) -> Callable[[Random, Row], Row]:
    at = COLUMNS[source].index(column)

    def spoil(rng: Random, row: Row) -> Row:
        return (*row[:at], rng.choice(values), *row[at + 1 :])

    return spoil


FLAWS: Mapping[str, tuple[Flaw, ...]] = {
    "shop": (
        Flaw("no mail address", _set("shop", "email", "ann(at)example", "@", "anna.web.example")),
        Flaw("born in the future", _set("shop", "birth_date", date(2091, 4, 1), date(2062, 7, 9))),
    ),
    "crm": (
        Flaw("impossible date", _set("crm", "birthdate", "31.02.1980", "00.00.1975", "12.13.1969")),
        Flaw("no mail address", _set("crm", "email", "tel. only", "www.mail.example")),
    ),
    "newsletter": (
        Flaw("a column too many", lambda rng, row: (*row, f"{rng.randrange(99)}"), readable=False),
        Flaw("no mail address", _set("newsletter", "E-Mail", "", "keine", "name@@mail.example")),
    ),
    "loyalty": (
        Flaw("line cut short", lambda _, row: row[:3], readable=False),
        Flaw("impossible date", _set("loyalty", "born", "19801345", "20010230")),
    ),
}
"""What is wrong with about one row in seventy."""
