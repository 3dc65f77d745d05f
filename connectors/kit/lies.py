"""What a system that does not tell the truth makes of the pages of a read.

    with FaultyProxy("http://127.0.0.1:8080", shape=JsonShape("data")) as proxy:
        honest = list(Shop(url=proxy.url).read(...))    # the proxy learns the pages
        proxy.lie(Lie.SWAPPED)
        Shop(url=proxy.url).read(...)                   # the same pages, in another order

The calls of a read are answered as before, by their order, with other rows in the answers; what
comes after the pages that were learnt is the system's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from connectors.kit.shapes import Answer, Shape

ADDED = "added"
"""The column that comes by `Lie.WIDENED`, with the text "new"."""
_OTHER = 7


class Lie(StrEnum):
    """One way not to tell the truth."""

    DOUBLED = "doubled"
    """The second page comes twice."""
    OVERLAPPED = "overlapped"
    """The second page begins with the last row of the first: all later rows come one later."""
    SWAPPED = "swapped"
    """The second page and the third have changed places."""
    REVERSED = "reversed"
    """The rows of the second page come in the other order."""
    LITTLE = "little"
    """Answers say that there is one row in all."""
    MUCH = "much"
    """Answers say that there are a thousand times as many rows as there are."""
    WIDENED = "widened"
    """From the second page on rows have one more column."""
    NARROWED = "narrowed"
    """From the second page on rows lack a column."""
    RETYPED = "retyped"
    """From the second page on a column holds numbers."""


ORDERS = (Lie.DOUBLED, Lie.OVERLAPPED, Lie.SWAPPED, Lie.REVERSED)
"""Rows come twice, or in another order."""
TOTALS = (Lie.LITTLE, Lie.MUCH)
SCHEMAS = (Lie.WIDENED, Lie.NARROWED, Lie.RETYPED)

Rows = list[Any]


@dataclass(slots=True)
class Liar:
    """Learns the pages of a read while it is honest, and answers the next one by its lie."""

    shape: Shape
    column: str
    """The column that goes, or that holds numbers, by a lie about the schema."""
    lie: Lie | None = None
    _learnt: list[Rows] = field(default_factory=list)
    _given: int = 0

    def begin(self, lie: Lie | None) -> None:
        """Lie from now on; None for the truth, which is learnt anew."""
        self.lie, self._given = lie, 0
        if lie is None:
            self._learnt = []

    def answer(self, honest: Answer) -> Answer:
        """Return what is answered instead."""
        rows = self.shape.rows(honest) if honest.status == 200 else None
        begun = bool(self._given if self.lie else self._learnt)
        if rows is None or not (rows or begun):  # no page, or an answer before the first one
            return honest
        if self.lie is None:
            self._learnt.append(rows)
            return honest
        number, self._given = self._given, self._given + 1
        if self.lie in TOTALS:
            every = sum(map(len, self._learnt))
            return self.shape.with_total(honest, 1 if self.lie is Lie.LITTLE else 1000 * every)
        if number >= len(self._learnt):
            return honest
        return self.shape.with_rows(honest, self._pages()[number])

    def _pages(self) -> list[Rows]:
        pages: list[Rows] = [*self._learnt, [], [], []]
        first, second, third, *rest = pages
        match self.lie:
            case Lie.DOUBLED:
                return self._cut([first, second, second, third, *rest])
            case Lie.OVERLAPPED:
                return self._cut([first, first[-1:], second, third, *rest])
            case Lie.SWAPPED:
                return self._cut([first, third, second, *rest])
            case Lie.REVERSED:
                return self._cut([first, second[::-1], third, *rest])
        return [first, *[[self._edited(row) for row in page] for page in [second, third, *rest]]]

    def _cut(self, pages: Sequence[Rows]) -> list[Rows]:
        """The rows in pages as long as those that were learnt; the last one takes what is left."""
        rows: Iterator[Any] = (row for page in pages for row in page)
        *some, _ = [[next(rows) for _ in page] for page in self._learnt[:-1]] + [[]]
        return [*some, list(rows)]

    def _edited(self, row: dict[str, Any]) -> dict[str, Any]:
        if self.lie is Lie.WIDENED:
            return {**row, ADDED: "new"}
        if self.lie is Lie.NARROWED:
            return {name: value for name, value in row.items() if name != self.column}
        return {**row, self.column: _OTHER}
