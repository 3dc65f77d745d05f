"""What an API lists as deleted, as rows that say so.

The list is asked again before each page of the main read is given, so that whatever was deleted
before the page's position is given before that position is kept. A row that was read and then
deleted before its page is given does not come after its tombstone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.contract import Page, Query
from connectors.errors import MisconfiguredError
from connectors.rest.objects import RestObject
from connectors.rest.order import Order, Part
from connectors.rest.paging import pages
from connectors.rest.pointers import MISSING, get, put
from connectors.rest.sending import Caller
from connectors.rest.template import fill


class Tombstones:
    """The deletions of one read, each given once."""

    def __init__(self, api: Caller, wanted: RestObject, query: Query, order: Order) -> None:
        self._api, self._listing, self._query, self._order = api, wanted.deletions, query, order
        self._given: set[tuple[str, str]] = set()
        self._last: dict[str, Part] = {}

    def pages(self) -> Iterator[Page]:
        """Yield what was deleted since the query's position and was not given yet."""
        listing, after = self._listing, self._query.after
        if listing is None or after is None:
            return  # a first read finds nothing of what is gone
        values = {"after": self._order.asked(after)[0]}
        size = self._query.page_size
        for batch in pages(self._api, listing, values, fill(listing.cursor, values)):
            rows = [row for each in batch.rows if (row := self._tombstone(each)) is not None]
            for start in range(0, len(rows), size):
                yield Page(rows[start : start + size])

    def left(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows but those that were deleted after they were read: their tombstones are given."""
        return [row for row in rows if not self._covers(row)] if self._last else rows

    def _covers(self, row: Mapping[str, Any]) -> bool:
        buried = self._last.get(str(get(row, self._order.key)))
        return buried is not None and self._order.place(row)[0] <= buried

    def _tombstone(self, deleted: dict[str, Any]) -> dict[str, Any] | None:
        assert self._listing is not None  # noqa: S101 (the caller looked)
        key = get(deleted, self._listing.key, MISSING)
        if key is MISSING or key is None:
            raise MisconfiguredError(
                f"{self._query.object}: a row of deletions has no {self._listing.key!r}; "
                "set deletions.key"
            )
        moment = get(deleted, self._listing.moment) if self._listing.moment else None
        if (str(key), str(moment)) in self._given:
            return None
        self._given.add((str(key), str(moment)))
        row: dict[str, Any] = {}
        put(row, self._order.key, key)
        if moment is not None:
            put(row, self._order.cursor, moment)
            buried = self._order.place(row)[0]
            self._last[str(key)] = max(buried, self._last.get(str(key), buried))
        return {**row, **self._listing.set}
