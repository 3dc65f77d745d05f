"""Pages that are asked for by offset or number, so that rows which go meanwhile hide no others.

When a row goes, or moves to the end, those behind it slip forward: the next page begins later than
the one before has ended. It is noticed by a total that has become smaller, or with `overlap` by a
page that does not begin with the last row of the page before. Then pages before are asked for
again, until one meets what was read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from connectors.errors import TransientError
from connectors.rest.lists import Listing
from connectors.rest.pagination import NumberedPages, OffsetPages

_PATIENCE = 1_000
"""So often may pages before be asked for again in one walk."""


Rows = Sequence[Mapping[str, Any]]


class Step(NamedTuple):
    """What a page means: which of its rows are known, and what to ask for next, if anything."""

    known: frozenset[int]
    next: int | None


_NONE = frozenset[int]()


@dataclass(slots=True)
class Steps:
    """Where a walk stands. A row that was changed meanwhile is not taken for the same."""

    paging: NumberedPages | OffsetPages
    at: int = field(init=False)
    """What was asked for last: an offset, or a page's number."""
    _overlaps: bool = field(init=False)
    _overlapping: bool = False
    """Whether the page that was asked for last should begin with the last row of the one before."""
    _searching: bool = False
    """Whether it is one from before, in which what was read is looked for."""
    _total: int | None = None
    _last: Rows = field(default=(), repr=False)
    _again: int = 0

    def __post_init__(self) -> None:
        self.at = self.paging.first
        self._overlaps = isinstance(self.paging, OffsetPages) and self.paging.overlap

    @property
    def repeats(self) -> bool:
        """Whether the page that was asked for last may hold what was read."""
        return self._overlapping or self._searching

    def take(self, rows: Rows, total: Any) -> Step:
        """Take the page that was asked for; `total` is how many rows there are, if it is told.

        Raises TransientError when the list does not stand still.
        """
        if self._overlapping and rows == self._last:  # it rounds offsets to whole pages
            self._overlaps = self._overlapping = False
            return self._asking(frozenset(range(len(rows))), self.at + 1)
        fewer = self._fewer(total) and bool(self._last)
        if not (self.repeats or fewer):
            return self._forward(rows, _NONE)
        known = self._met(rows)
        if known is None and self.at > self.paging.first:
            return self._back(len(rows))
        return self._forward(rows, known or _NONE)

    def _forward(self, rows: Rows, known: frozenset[int]) -> Step:
        alone, end = self._overlapping and len(rows) == 1, self._end(rows)
        self._searching = self._overlapping = False
        if not alone:
            self._last = rows
        if not rows or (self.paging.end == "short" and len(rows) < (self.paging.size or 0)):
            return Step(known, None)
        if self._overlaps and len(rows) > 1:
            self._overlapping = True
            end -= 1
        return self._asking(known, end)

    def _back(self, count: int) -> Step:
        """Ask for the page before this one: rows of the page that was read may stand on it now."""
        self._again += 1
        if self._again > _PATIENCE:
            raise TransientError(
                f"the rows move while they are read, {_PATIENCE:,} times; read when less is "
                "written there, or by walk: position"
            )
        self._searching, self._overlapping = True, False
        width = max(len(self._last) - 1, 1) if isinstance(self.paging, OffsetPages) else 1
        return self._asking(frozenset(range(count)), max(self.paging.first, self.at - width))

    def _asking(self, known: frozenset[int], at: int) -> Step:
        self.at = at
        return Step(known, at)

    def _end(self, rows: Rows) -> int:
        return self.at + (1 if isinstance(self.paging, NumberedPages) else len(rows))

    def _met(self, rows: Rows) -> frozenset[int] | None:
        """Which rows are known from the page before, None where it had none of them just so.

        A page that holds the end of the one before, but behind others that came late, is given
        whole: who reads knows what that is.
        """
        if rows and self._last and rows[0] == self._last[-1]:
            return frozenset({0})
        if self._last and self._last[-1] in rows:
            return _NONE
        before = set(map(repr, self._last))
        return frozenset(n for n, row in enumerate(rows) if repr(row) in before) or None

    def _fewer(self, total: Any) -> bool:
        """Whether there are fewer rows than when the page before was read."""
        try:
            told = int(total)
        except (TypeError, ValueError):
            return False
        before, self._total = self._total, told
        return before is not None and told < before


def steps_of(wanted: Listing) -> Steps | None:
    """Return the steps of a walk by offset or number, None for any other."""
    paging = wanted.pagination
    if not isinstance(paging, NumberedPages | OffsetPages):
        return None
    return Steps(paging)
