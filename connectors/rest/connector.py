"""The REST source: objects of an API, in pages, checked for order and for filters that hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

import structlog
from pydantic import Field

from connectors.contract import Column, Connector, Cursor, Health, ObjectSchema, Page, Query
from connectors.errors import MisconfiguredError
from connectors.fields import did_you_mean
from connectors.http import Auth, CleanUrl, HttpOptions, HttpSession, NoAuth
from connectors.rest.options import RestObject
from connectors.rest.order import Order, Place, is_after
from connectors.rest.paging import pages

log = structlog.get_logger(__name__)

_JSON_TYPES = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    list: "array",
    dict: "object",
}


class Rest(Connector):
    """Reads JSON rows from any paged API over HTTP."""

    type: ClassVar[str] = "rest"

    url: CleanUrl
    """The address that the objects' paths are below."""
    objects: Mapping[str, RestObject] = Field(min_length=1)
    """What can be read, by name."""
    auth: Auth = NoAuth()
    """How to log in."""
    http: HttpOptions = HttpOptions()
    """How calls are made."""

    def check(self) -> Health:
        """Read the first page of the first object: discovery pages may be public, rows are not."""
        name = next(iter(self.objects))
        with self._session() as http:
            next(pages(http, self.objects[name], {}))
        address = urlsplit(str(self.url))
        return Health(f"REST API at {address.netloc}{address.path}", {"object": name})

    def discover(self) -> tuple[ObjectSchema, ...]:
        """List the configured objects with the keys of their first page."""
        found = []
        with self._session() as http:
            for name, wanted in sorted(self.objects.items()):
                types: dict[str, str] = {}
                for row in next(pages(http, wanted, {})):
                    for key, value in row.items():
                        types[key] = types.get(key) or _JSON_TYPES.get(type(value), "")
                columns = tuple(Column(key, kind) for key, kind in types.items())
                found.append(ObjectSchema(name, columns, (wanted.key,) if wanted.key else ()))
        return tuple(found)

    def read(self, query: Query) -> Iterator[Page]:
        """Yield JSON rows in pages.

        With a cursor, what stands before the position is left out by the API where `cursor` is
        set, and by us in any case. Raises MisconfiguredError for an unknown object, rows out of
        order, an API that does not end, and the errors of the session.
        """
        wanted = self._object(query.object)
        order = _order(wanted, query)
        params: dict[str, str] = {}
        if order and query.after:
            params = {k: v.replace("{after}", query.after.value) for k, v in wanted.cursor.items()}
        with self._session() as http:
            found = pages(http, wanted, params)
            if order is None:
                yield from (Page(part) for rows in found for part in _parts(rows, query))
            else:
                yield from _Ordered(wanted, query, order).pages(found, filtered=bool(params))

    def _object(self, name: str) -> RestObject:
        try:
            return self.objects[name]
        except KeyError:
            raise MisconfiguredError(
                f"rest: no object {name!r}{did_you_mean(name, self.objects)}"
            ) from None

    def _session(self) -> HttpSession:
        return HttpSession(self.url, self.auth, self.http)


class _Ordered:
    """Rows of one read by cursor: what is known is left out, the last position is kept."""

    def __init__(self, wanted: RestObject, query: Query, order: Order) -> None:
        self._wanted, self._query, self._order = wanted, query, order
        self._last: Place | None = None
        self._highest: Cursor | None = None

    def pages(self, found: Iterator[list[dict[str, Any]]], *, filtered: bool) -> Iterator[Page]:
        """Pages with positions; for an object that is not ordered, only the last has one."""
        ignored = 0
        held: Page | None = None
        for rows in found:
            fresh = []
            for row in rows:
                place = self._order.place(row)
                old = self._is_old(place, row)
                ignored += old
                if not self._known(place, row):
                    fresh.append(row)
                    self._advance(place, row)
            for page in self._cut(fresh):
                if held:
                    yield held
                held = page
        if filtered and ignored:
            log.warning("rest.filter_ignored", object=self._query.object, rows=ignored)
        if held:
            yield held if self._wanted.ordered else Page(held.rows, self._highest)

    def _cut(self, rows: list[dict[str, Any]]) -> Iterator[Page]:
        for start in range(0, len(rows), self._query.page_size):
            part = rows[start : start + self._query.page_size]
            position = self._order.position(part[-1]) if self._wanted.ordered else None
            yield Page([_chosen(row, self._query.fields) for row in part], position)

    def _is_old(self, place: Place, row: Mapping[str, Any]) -> bool:
        after = self._query.after
        return bool(after and not is_after(place, row, self._order, Cursor(after.value)))

    def _known(self, place: Place, row: Mapping[str, Any]) -> bool:
        after = self._query.after
        return bool(after and not is_after(place, row, self._order, after))

    def _advance(self, place: Place, row: Mapping[str, Any]) -> None:
        if self._last is None or place >= self._last:
            self._last = place
            self._highest = self._order.position(row)
        elif self._wanted.ordered:
            raise MisconfiguredError(
                f"{self._query.object}: rows do not come by {self._order.cursor!r} and "
                f"{self._order.key!r} ascending; sort them by params, or set ordered: false"
            )


def _order(wanted: RestObject, query: Query) -> Order | None:
    if not query.cursor:
        return None
    key = query.key or wanted.key
    if not key:
        raise MisconfiguredError(f"{query.object}: reading by {query.cursor!r} needs a key")
    return Order(query.cursor, key)


def _parts(rows: list[dict[str, Any]], query: Query) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), query.page_size):
        yield [_chosen(row, query.fields) for row in rows[start : start + query.page_size]]


def _chosen(row: dict[str, Any], fields: tuple[str, ...] | None) -> dict[str, Any]:
    return row if fields is None else {name: row[name] for name in fields if name in row}
