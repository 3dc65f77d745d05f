"""Reading the changes of a delta feed, from the position that the last read ended with.

Only the end of a round is a position: what a system names in between is often short-lived, and a
round that was cut off is read again from where it began.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin

from connectors.contract import Cursor, Page, Query
from connectors.errors import ExpiredCursorError, MisconfiguredError
from connectors.rest.completing import Completer
from connectors.rest.delta import Delta
from connectors.rest.lists import holds
from connectors.rest.objects import RestObject
from connectors.rest.paging import Batch, pages
from connectors.rest.pointers import get, put
from connectors.rest.reading import chosen
from connectors.rest.sending import Api, Reply

_CALL = {"path", "method", "params", "body", "form", "graphql", "where"}
"""What a position hangs on: the system goes on with what was asked for at first."""


def changes(api: Api, wanted: RestObject, query: Query, url: str) -> Iterator[Page]:
    """Yield what changed since a position, all there is without one; the last page has the next.

    Raises ExpiredCursorError when the system forgot the position, or when it belongs to another
    call than the description makes now; MisconfiguredError; the errors of the session.
    """
    delta, key = wanted.delta, query.key or wanted.key
    if delta is None:
        raise MisconfiguredError(
            f"objects.{query.object} has no delta; take mode: cursor or mode: full"
        )
    if key is None:
        raise MisconfiguredError(f"{query.object}: reading changes needs a key")
    yield from _Round(api, wanted, delta, query, key, url).pages()


class _Round:
    """One read of a feed, from position to position."""

    def __init__(
        self, api: Api, wanted: RestObject, delta: Delta, query: Query, key: str, url: str
    ) -> None:
        self._api, self._wanted, self._delta, self._query = api, wanted, delta, query
        self._key, self._completer = key, Completer(api, query.object, wanted)
        self._call = _fingerprint(wanted, url)
        self._last: Reply | None = None

    def pages(self) -> Iterator[Page]:
        """Yield the pages of the round; the position stands on the last."""
        held: Page | None = None
        for page in self._found():
            if held is not None:
                yield held
            held = page
        self._completer.report()
        last = held or Page([])
        left = (*last.rejected, *self._completer.taken())
        yield replace(last, cursor=self._position(), rejected=left)

    def _found(self) -> Iterator[Page]:
        size = self._query.page_size
        for batch in self._batches():
            self._last = batch.reply
            rows = list(self._rows(batch))
            for start in range(0, len(rows), size):
                yield Page(rows[start : start + size], None, self._completer.taken())

    def _batches(self) -> Iterator[Batch]:
        values, given = self._wanted.beginning()
        after, address = self._query.after, None
        if after is not None:
            if after.key != self._call:
                raise ExpiredCursorError(
                    f"{self._query.object}: the description asks for something else than before"
                )
            if self._delta.param:
                given = {**given, self._delta.param: after.value}
            else:
                address = after.value
        return pages(self._api, self._wanted, values, given, address=address, all_=True)

    def _rows(self, batch: Batch) -> Iterator[dict[str, Any]]:
        """Yield rows completed, and tombstones for what is gone, or no longer counts."""
        for number, entry in enumerate(batch.rows):
            its = get(entry, self._key)
            if number in batch.rejected:
                self._completer.refuse(entry, its, batch.rejected[number])
            elif self._delta.buries(entry):
                yield from self._tombstone(entry, self._delta.key_of(entry, self._key))
            elif not holds(entry, self._wanted.where):
                yield from self._tombstone(entry, its)
            elif (row := self._completer.complete(entry, its)) is not None:
                yield chosen(row, self._query.fields)

    def _tombstone(self, entry: dict[str, Any], key: object) -> Iterator[dict[str, Any]]:
        if self._query.after is None:
            return  # a first read finds nothing of what is gone
        if key is None:
            reason = "an entry of a deleted record has no key; set delta.key"
            self._completer.refuse(entry, None, reason)
            return
        row: dict[str, Any] = {}
        put(row, self._key, key)
        yield {**row, **self._delta.set}

    def _position(self) -> Cursor:
        reply, delta = self._last, self._delta
        said = get(reply.root, delta.place) if reply else None
        if reply is None or not isinstance(said, str | int) or said in ("", True, False):
            raise MisconfiguredError(
                f"{self._query.object}: the last page does not say at {delta.place!r} how to go "
                "on; check delta, and what the system wants to be asked for it"
            )
        if delta.param:
            return Cursor(str(said), self._call)
        return Cursor(self._api.keepable(urljoin(reply.answer.url, str(said))), self._call)


def _fingerprint(wanted: RestObject, url: str) -> str:
    """What tells the call of an object from others; with other columns it is another one."""
    asked = wanted.model_dump(mode="json", include=_CALL)
    text = json.dumps([url, asked], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
