"""Extract: read a source into landing files; a page and its cursor commit together."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlglot import exp

from connectors.contract import Cursor, Page, Query
from connectors.errors import ConnectorError
from idp_core.db.engine import reading, writing
from idp_core.ledger import store as ledger
from mappings.tree import Document
from pipelines.bus import Bus
from pipelines.errors import ProjectError, RemoteError
from pipelines.landing import Landing
from pipelines.progress import Progress, silent
from pipelines.project import Mode, SourceSettings


def mode_of(settings: SourceSettings, document: Document) -> Mode:
    """Return how a source is read: as it says, or by cursor where the mapping has one."""
    return settings.mode or (Mode.CURSOR if document.cursor is not None else Mode.FULL)


def extract(
    bus: Bus, run: str, source: str, document: Document, *, progress: Progress = silent
) -> int:
    """Land what is new (or, in full mode, all) of a source; return the number of rows.

    What a killed run landed of a full read is dropped: it is not known to be whole. What it
    landed by cursor stays, and reading goes on after it. Raises RemoteError.
    """
    settings = bus.source_settings(source)
    full = mode_of(settings, document) is Mode.FULL
    if full:
        _drop_unfinished(bus, source)
    query = _query(bus, source, document, settings, full=full)
    landing = Landing(bus.landing / source / run)
    rows = 0
    try:
        for number, page in enumerate(bus.source(source).read(query)):
            landed = landing.write(number, page)
            with writing(bus.engine) as conn:
                cursor = None if full else _position(page, document)
                path = str(landed.path)
                ledger.land_page(
                    conn, run, source, document.object, path, landed.rows, cursor=cursor
                )
                if page.rejected:
                    ledger.put_letters(conn, run, _letters(source, page))
            rows += landed.rows + len(page.rejected)
            progress(rows, 0)
    except ConnectorError as error:
        raise RemoteError(f"{source}: {error}") from error
    return rows


def _drop_unfinished(bus: Bus, source: str) -> None:
    with reading(bus.engine) as conn:
        left = ledger.pages_to_map(conn, source)
    with writing(bus.engine) as conn:
        ledger.mark_mapped(conn, [page.id for page in left])
    for page in left:
        Path(page.path).unlink(missing_ok=True)


def _query(
    bus: Bus, source: str, document: Document, settings: SourceSettings, *, full: bool
) -> Query:
    key = _column(document.key)
    if full:
        return Query(document.object, key=key)
    cursor = _column(document.cursor)
    if cursor is None:
        raise ProjectError(
            f"{document.place.file}: cursor: must be one column of the source, such as "
            f"{document.alias}.updated_at, to read by it; or set mode: full"
        )
    with reading(bus.engine) as conn:
        known = ledger.read_cursor_of(conn, source, document.object)
    after = None
    if known is not None and known.mapping == document.digest:
        after = _overlapped(Cursor(known.value, known.key), settings.overlap)
    return Query(document.object, key=key, cursor=cursor, after=after)


def _column(expression: exp.Expr | None) -> str | None:
    """Return the source column an expression is about; None when it is not exactly one."""
    if expression is None:
        return None
    names = {column.name for column in expression.find_all(exp.Column)}
    return names.pop() if len(names) == 1 else None


def _overlapped(cursor: Cursor, seconds: int) -> Cursor:
    """Go back some seconds, where the cursor is a time: rows may commit later than they say."""
    try:
        moment = datetime.fromisoformat(cursor.value)
    except ValueError:
        return cursor
    return Cursor((moment - timedelta(seconds=seconds)).isoformat()) if seconds else cursor


def _position(page: Page, document: Document) -> ledger.Cursor | None:
    if page.cursor is None:
        return None
    return ledger.Cursor(page.cursor.value, page.cursor.key, document.digest)


def _letters(source: str, page: Page) -> Sequence[ledger.DeadLetter]:
    return [
        ledger.DeadLetter(
            source=source,
            stage="read",
            key=None,
            place=each.place,
            reasons=[{"field": "", "step": "read", "reason": each.reason}],
            row={"raw": each.raw},
        )
        for each in page.rejected
    ]


def forget_mapped_files(bus: Bus, before: datetime) -> None:
    """Remove landing files that were mapped before this moment."""
    with writing(bus.engine) as conn:
        paths = ledger.forget_mapped(conn, before)
    for path in paths:
        Path(path).unlink(missing_ok=True)
    for folder in {Path(path).parent for path in paths}:
        if folder.is_dir() and not any(folder.iterdir()):
            shutil.rmtree(folder, ignore_errors=True)
