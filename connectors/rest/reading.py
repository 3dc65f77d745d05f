"""Reading one object: rows in pages, known ones left out, details and tombstones added."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from operator import le
from typing import Any

from connectors.contract import Cursor, Page, Query
from connectors.errors import MisconfiguredError
from connectors.notices import notice
from connectors.rest import positions
from connectors.rest.completing import Completer
from connectors.rest.objects import RestObject
from connectors.rest.order import Order, Part, Place
from connectors.rest.paging import Batch, pages
from connectors.rest.pointers import MISSING, get
from connectors.rest.positions import Entry, one_behind
from connectors.rest.sending import Caller
from connectors.rest.template import fill
from connectors.rest.tombstones import Tombstones


def read(api: Caller, wanted: RestObject, query: Query) -> Iterator[Page]:
    """Yield the pages of a query; raises the errors of the session and MisconfiguredError."""
    completer = Completer(api, query.object, wanted)
    if query.cursor:
        found = _Ordered(api, wanted, query, completer).pages()
    else:
        found = _unordered(api, wanted, query, completer)
    yield from found
    completer.report()
    if left := completer.taken():
        yield Page([], None, left)


def _unordered(
    api: Caller, wanted: RestObject, query: Query, completer: Completer
) -> Iterator[Page]:
    key = query.key or wanted.key or ""
    before: set[str] = set()
    for batch in pages(api, wanted, *wanted.beginning()):
        keys = [str(get(row, key)) for row in batch.rows] if key else []
        rows = batch.rows
        if completer.needed or batch.rejected or not before.isdisjoint(keys):
            rows = list(_whole(batch, key, before, completer))
        if query.fields is not None:
            rows = [chosen(row, query.fields) for row in rows]
        for start in range(0, len(rows), query.page_size):
            yield Page(rows[start : start + query.page_size], None, completer.taken())
        before = set(keys)


def _whole(
    batch: Batch, key: str, before: set[str], completer: Completer
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a page, completed; those of the page before came on to this one again."""
    for number, row in enumerate(batch.rows):
        its = get(row, key) if key else None
        if number in batch.rejected:
            completer.refuse(row, its, batch.rejected[number])
        elif not key or str(its) not in before:  # else one that came while we read moved it on
            whole = completer.complete(row, its)
            if whole is not None:
                yield whole


class _Ordered:
    """One read by cursor: what is known is left out, the last position is kept."""

    def __init__(self, api: Caller, wanted: RestObject, query: Query, completer: Completer) -> None:
        self._api, self._wanted, self._query, self._completer = api, wanted, query, completer
        self._order = order_of(wanted, query)
        self._walks = wanted.walk == "position"
        self._last: Place | None = None
        self._again: Part | None = None
        self._tie: set[Part] = set()
        self._asked: Cursor | None = None
        self._old = 0
        self._shifted = False
        self._page: tuple[list[Place], list[dict[str, Any]]] = ([], [])
        self._before: dict[Place, dict[str, Any] | None] = {}
        self._all_new = (
            query.after is None
            and not self._walks
            and wanted.details is None
            and not completer.needed
        )

    def pages(self) -> Iterator[Page]:
        """Pages with positions; tombstones stand before the page whose position covers them."""
        buried = Tombstones(self._api, self._wanted, self._query, self._order)
        fields = self._query.fields
        try:
            for part, cursor in self._parts():
                yield from buried.pages()
                left = buried.left(part)
                rows = left if fields is None else [chosen(row, fields) for row in left]
                yield Page(rows, cursor, self._completer.taken())
            yield from buried.pages()
        finally:  # also of a read that is given up
            if self._old and self._wanted.filters:
                notice("rest.filter_ignored", object=self._query.object, rows=self._old)

    def _parts(self) -> Iterator[tuple[list[dict[str, Any]], Cursor | None]]:
        """The rows of each page and the position after them."""
        size = self._query.page_size
        if self._all_new and self._wanted.ordered is True:
            for places, rows in one_behind(map(self._straight, self._batches())):
                for start in range(0, len(rows), size):
                    end = min(start + size, len(rows))
                    yield rows[start:end], self._order.cursor_of(places[end - 1])
            return
        cut = {True: positions.by_row, "cursor": positions.by_moment, False: positions.at_the_end}
        every = one_behind(map(self._entries, self._batches()))
        for entries, cursor in cut[self._wanted.ordered](every, self._order, size):
            yield [entry.row for entry in entries if entry.row], cursor

    def _straight(self, batch: Batch) -> tuple[list[Place], list[dict[str, Any]]]:
        """The rows of a page of a first read as they are: nothing is left out or completed."""
        if batch.rejected:
            entries = self._entries(batch)
            return [each.place for each in entries], [each.row or {} for each in entries]
        return self._noted(batch.rows)

    def _batches(self) -> Iterator[Batch]:
        """The pages of the API; by `walk: position`, asked for anew whenever the moment moved."""
        after = self._query.after
        while True:
            sent = self._sent(after)
            values = {} if sent is None else {"after": sent}
            given = fill(self._wanted.cursor, values) if values else {}
            for batch in pages(self._api, self._wanted, values, given):
                yield batch
                if self._walks and self._moved() and not self._old:
                    break
            else:
                return
            assert self._last is not None  # noqa: S101 (it moved)
            self._again, after = self._last[0], self._order.cursor_of(self._last)

    def _moved(self) -> bool:
        return self._last is not None and self._last[0] != self._again

    def _sent(self, after: Cursor | None) -> str | int | None:
        """What the filter is given; None where it is given nothing."""
        if after is None:
            return self._wanted.position.start
        sent, self._asked = self._order.asked(after)
        return sent

    def _entries(self, batch: Batch) -> list[Entry]:
        """The rows of a page that are new, completed."""
        if self._all_new and not batch.rejected:
            return list(map(Entry, *self._noted(batch.rows)))
        fresh: list[Entry] = []
        self._shifted = self._is_shifted(batch)
        for number, row in enumerate(batch.rows):
            if number in batch.rejected:
                key = get(row, self._order.key)
                self._completer.refuse(row, key, batch.rejected[number])
                continue
            whole = self._early(row)
            if whole is None:
                continue
            place = self._order.place(whole)
            if not self._is_known(place):
                self._advance(place)
                if whole is row and self._completer.needed:
                    fresh.append(Entry(place, self._completer.complete(row, place[1][1])))
                else:
                    fresh.append(Entry(place, whole))
        known, self._before = self._before, {each.place: each.row for each in fresh}
        return [each for each in fresh if known.get(each.place, MISSING) != each.row]

    def _noted(self, rows: list[dict[str, Any]]) -> tuple[list[Place], list[dict[str, Any]]]:
        """The rows of a page of a first read and where they stand, done in bulk: it may be long."""
        places = self._order.places(rows)
        if not places:
            return [], []
        line = [self._last, *places] if self._last and not self._returns(places) else places
        if self._wanted.ordered:
            seen: list[Any] = line if self._wanted.ordered is True else [each[0] for each in line]
            if not all(map(le, seen, islice(seen, 1, None))):
                raise MisconfiguredError(self._disorder())
        goes_on = self._wanted.ordered is True and (not self._last or places[0] > self._last)
        self._last = line[-1] if self._wanted.ordered is True else max(line)
        known, self._page = self._page, (places, rows)
        return (places, rows) if goes_on else _fresh(places, rows, dict(zip(*known, strict=True)))

    def _is_shifted(self, batch: Batch) -> bool:
        rows = [row for number, row in enumerate(batch.rows) if number not in batch.rejected]
        if not rows or self._last is None or self._wanted.details is not None:
            return False
        strict = self._wanted.ordered is True and not self._walks
        return strict and self._returns(self._order.places(rows))

    def _returns(self, places: list[Place]) -> bool:
        """Whether a page begins before the end of the last one, and meets it: rows came late."""
        last = self._last
        back = last is not None and places[0] < last
        return back and last in places and places == sorted(places)

    def _early(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """The row as it is, or completed first where only its details say where it stands."""
        if self._wanted.details is None:
            return row
        names = (self._order.cursor, self._order.key)
        if all(get(row, name, MISSING) is not MISSING for name in names):
            return row
        return self._completer.complete(row, get(row, self._order.key))

    def _is_known(self, place: Place) -> bool:
        """Whether a row was given before: by an earlier read, or by this one, asked for anew."""
        if self._asked is None and self._again is None and self._query.after is None:
            return False
        if self._asked and not self._order.is_after(place, self._asked):
            self._old += 1
            return True
        after = self._query.after
        if after and not self._order.is_after(place, after):
            return True
        if self._again is None:
            return False
        return place[0] < self._again or (place[0] == self._again and place[1] in self._tie)

    def _advance(self, place: Place) -> None:
        """Note how far the read has come; MisconfiguredError when it goes back."""
        last = self._last
        strict = self._wanted.ordered is True and not self._walks
        back = last is not None and (place < last if strict else place[0] < last[0])
        if back and self._wanted.ordered and not self._shifted:
            raise MisconfiguredError(self._disorder())
        if self._walks:
            if last is None or place[0] != last[0]:
                self._tie = set()
            self._tie.add(place[1])
        if last is None or place > last:
            self._last = place

    def _disorder(self) -> str:
        by, less = repr(self._order.cursor), ""
        if self._wanted.ordered is True:
            by, less = f"{by} and {self._order.key!r}", "ordered: cursor or "
        return (
            f"{self._query.object}: rows do not come by {by} ascending; sort them by params, or "
            f"set {less}ordered: false"
        )


def _fresh(
    places: list[Place], rows: list[dict[str, Any]], known: Mapping[Place, dict[str, Any]]
) -> tuple[list[Place], list[dict[str, Any]]]:
    """The rows without those that the page before had just so, which came on to this one again."""
    kept = [n for n, place in enumerate(places) if known.get(place) != rows[n]]
    return [places[n] for n in kept], [rows[n] for n in kept]


def order_of(wanted: RestObject, query: Query) -> Order:
    """Return how a query's rows are ordered; MisconfiguredError when it names no key."""
    key = query.key or wanted.key
    if not key or not query.cursor:
        raise MisconfiguredError(f"{query.object}: reading by {query.cursor!r} needs a key")
    return Order(query.cursor, key, wanted.position)


def chosen(row: dict[str, Any], fields: tuple[str, ...] | None) -> dict[str, Any]:
    """Return the wanted fields of a row, all with None."""
    return row if fields is None else {name: row[name] for name in fields if name in row}
