"""After which rows a read may go on: pages cut from a stream of rows whose places are known.

A page carries a position only where everything up to it has been given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

from connectors.contract import Cursor
from connectors.rest.order import Order, Place


class Entry(NamedTuple):
    """One row and its place; the row is None when it was left out, though its place counts."""

    place: Place
    row: dict[str, Any] | None

    def __repr__(self) -> str:
        """Show no value of a customer."""
        return f"Entry({len(self.row or ())} columns)"


Page = TypeVar("Page")
Cut = tuple[list[Entry], Cursor | None]


def one_behind(pages: Iterable[Page]) -> Iterator[Page]:
    """Yield each page once the next one has been had, and was not found to come before it.

    Of two pages in the wrong order the first would else be given with a position behind both.
    """
    held: list[Page] = []
    for page in pages:
        yield from held
        held = [page]
    yield from held


def by_row(batches: Iterable[list[Entry]], order: Order, size: int) -> Iterator[Cut]:
    """Rows come by cursor and key: each page ends at a position."""
    for entries in batches:
        yield from ((part, order.cursor_of(part[-1].place)) for part in _parts(entries, size))


def by_moment(batches: Iterable[list[Entry]], order: Order, size: int) -> Iterator[Cut]:
    """Rows come by cursor alone: a position is where the next row has another moment.

    The rows of the last moment are held back until it is over. When they are more than a page,
    all but the one with the highest key are given without a position.
    """
    held: list[Entry] = []
    for entries in batches:
        held += entries
        last = held[-1].place[0] if held else None
        done = [entry for entry in held if entry.place[0] != last]
        held = [entry for entry in held if entry.place[0] == last]
        yield from _whole_moments(done, order, size)
        if len(held) > size:
            held.sort(key=_place)
            yield from ((part, None) for part in _parts(held[:-1], size))
            del held[:-1]
    yield from _whole_moments(held, order, size)


def at_the_end(batches: Iterable[list[Entry]], order: Order, size: int) -> Iterator[Cut]:
    """Rows come in any order: only the last page has a position, the highest there was."""
    held: list[Entry] | None = None
    highest: Place | None = None
    for entries in batches:
        for part in _parts(entries, size):
            if held is not None:
                yield held, None
            held = part
            known = [entry.place for entry in part if entry.place[0][0]]
            highest = max([highest, *known] if highest else known, default=highest)
    if held is not None:
        yield held, order.cursor_of(highest) if highest else None


def _whole_moments(entries: list[Entry], order: Order, size: int) -> Iterator[Cut]:
    entries.sort(key=_place)
    start = 0
    for part in _parts(entries, size):
        start += len(part)
        ends = start == len(entries) or entries[start].place[0] != part[-1].place[0]
        yield part, order.cursor_of(part[-1].place) if ends else None


def _place(entry: Entry) -> Place:
    return entry.place


def _parts(entries: list[Entry], size: int) -> Iterator[list[Entry]]:
    for start in range(0, len(entries), size):
        yield entries[start : start + size]
