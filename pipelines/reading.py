"""Decide how a source is read this time: from where, and whether that is all the source has.

A *whole* read lands everything, so what it does not bring is gone from the source; it cannot be
gone on with after a kill. Any other read goes on from a position that commits with each page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise

import structlog
from sqlglot import exp

from connectors.contract import Connector, Cursor, Feed, Page, Query, Source
from idp_core.db.engine import reading
from idp_core.ledger import store as ledger
from mappings.tree import Document
from mappings.uses import uses
from pipelines.bus import Bus
from pipelines.errors import ProjectError
from pipelines.filtered import older
from pipelines.positions import stamp_of
from pipelines.project import Mode, SourceSettings

log = structlog.get_logger()
SKEW = timedelta(minutes=5)
"""How far ahead of ours a source's clock may be."""
_EASTERNMOST = timedelta(hours=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One read: what to ask, and what it means. Without a `query.after` a feed gives all it has."""

    mode: Mode
    query: Query
    whole: bool
    source: Source

    def pages(self) -> Iterator[tuple[Page, Cursor | None]]:
        """Yield each page with the position that commits with it; None where none may.

        A whole read by feed has a position only when its last page has landed: before, it is not
        known what is gone.
        """
        if self.mode is Mode.FULL:
            yield from ((page, None) for page in self.source.read(self.query))
        elif self.mode is Mode.CURSOR:
            yield from ((page, page.cursor) for page in self._proven())
        elif self.whole:
            marked: Iterator[Page | None] = chain(self._changes(), [None])
            for page, following in pairwise(marked):
                if page is not None:
                    yield page, page.cursor if following is None else None
        else:
            yield from ((page, page.cursor) for page in self._changes())

    def anew(self) -> Reading:
        """Return the whole read that follows when the feed has forgotten the position."""
        return replace(self, query=replace(self.query, after=None), whole=True)

    def _proven(self) -> Iterator[Page]:
        """The pages since the position; told, when they hold what was to be left out."""
        column, after, count = self.query.cursor, self.query.after, 0
        for page in self.source.read(self.query):
            if column and after:
                count += older(page, column, after)
            yield page
        if count:
            log.warning("extract.filter_ignored", object=self.query.object, rows=count)

    def _changes(self) -> Iterator[Page]:
        if not isinstance(self.source, Feed):  # checked when it was decided
            raise TypeError("no feed")
        return self.source.changes(self.query)


def mode_of(settings: SourceSettings, document: Document) -> Mode:
    """Return how a source is read: as it says, or by cursor where the mapping has one."""
    if settings.connector.get("type") == "push":
        return Mode.PUSH
    return settings.mode or (Mode.CURSOR if document.cursor is not None else Mode.FULL)


def decide(bus: Bus, name: str, document: Document) -> Reading:
    """Return how a source is read now. Raises ProjectError when its mode cannot be."""
    settings = bus.source_settings(name)
    mode, source = mode_of(settings, document), bus.source(name)
    known = _known(bus, name, document)
    asked = Query(document.object, named_columns(source, document), key=_column(document.key))
    if mode is Mode.FULL:
        return Reading(mode=mode, query=asked, whole=True, source=source)
    if mode is Mode.CURSOR:
        after = _overlapped(known, settings.overlap)
        asked = replace(asked, cursor=_cursor(document), after=after)
        return Reading(mode=mode, query=asked, whole=False, source=source)
    if not isinstance(source, Feed):
        raise ProjectError(
            f"sources.{name}: its type has no feed of changes; take mode: cursor or mode: full"
        )
    asked = replace(asked, after=known)
    # What was pushed is never all there is: nobody is gone for not being pushed again.
    whole = known is None and mode is Mode.FEED
    return Reading(mode=mode, query=asked, whole=whole, source=source)


def named_columns(source: Source, document: Document) -> tuple[str, ...] | None:
    """Return the columns that a mapping reads, where a source wants them named; else None."""
    if not (isinstance(source, Connector) and source.by_column):
        return None
    return tuple(dict.fromkeys(use.column for use in uses(document)))


def believed(cursor: Cursor, now: datetime | None = None) -> Cursor:
    """Return a position that no row dated in the future carries past rows still to come."""
    stamp = stamp_of(cursor.value)
    if stamp is None:
        return cursor
    latest = (now or datetime.now(UTC)) + SKEW
    if stamp.moment.tzinfo is None:
        latest = latest.replace(tzinfo=None) + _EASTERNMOST
    return Cursor(stamp.at(latest).text) if stamp.moment > latest else cursor


def _known(bus: Bus, name: str, document: Document) -> Cursor | None:
    with reading(bus.engine) as conn:
        known = ledger.read_cursor_of(conn, name, document.object)
    if known is None or known.mapping != document.digest:
        return None
    return Cursor(known.value, known.key)


def _cursor(document: Document) -> str:
    cursor = _column(document.cursor)
    if cursor is None:
        raise ProjectError(
            f"{document.place.file}: cursor: must be one column of the source, such as "
            f"{document.alias}.updated_at, to read by it; or set mode: full"
        )
    return cursor


def _column(expression: exp.Expr | None) -> str | None:
    """Return the source column an expression is about; None when it is not exactly one."""
    if expression is None:
        return None
    names = {column.name for column in expression.find_all(exp.Column)}
    return names.pop() if len(names) == 1 else None


def _overlapped(cursor: Cursor | None, seconds: int) -> Cursor | None:
    """Go back some seconds, where the cursor is a time: rows may commit later than they say."""
    stamp = stamp_of(cursor.value) if cursor and seconds else None
    return Cursor(stamp.back(timedelta(seconds=seconds)).text) if stamp else cursor
