"""Extract: read a source into landing files; a page and its cursor commit together."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from connectors.contract import Cursor, Page
from connectors.errors import ConnectorError, ExpiredCursorError
from idp_core.db.engine import reading, writing
from idp_core.ledger import store as ledger
from mappings.tree import Document
from pipelines.bus import Bus
from pipelines.errors import RemoteError
from pipelines.landing import Landing
from pipelines.progress import Progress, silent
from pipelines.reading import Reading, believed, decide

log = structlog.get_logger()
KEEP_LANDED = timedelta(days=7)
"""How long landed pages are kept after they were mapped."""


def extract(
    bus: Bus, run: str, source: str, document: Document, *, progress: Progress = silent
) -> int:
    """Land what is new (or, in a whole read, all) of a source; return the number of rows.

    What a killed run landed of a whole read is dropped: it is not known to be whole. What it
    landed otherwise stays, and reading goes on after it. Raises RemoteError.
    """
    asked = decide(bus, source, document)
    if asked.query.after is None:
        _drop_unfinished(bus, source)
    landing = _Landing(bus, run, source, document, progress)
    try:
        try:
            landing.take(asked)
        except ExpiredCursorError:
            with writing(bus.engine) as conn:
                ledger.forget_cursor(conn, source, document.object)
            log.warning("extract.resync", source=source)
            landing.take(asked.anew())
    except ConnectorError as error:
        raise RemoteError(f"{source}: {error}") from error
    return landing.rows


class _Landing:
    """Lands the pages of one source in one run; a page and its position commit together."""

    def __init__(
        self, bus: Bus, run: str, source: str, document: Document, progress: Progress
    ) -> None:
        self._bus, self._run, self._source, self._document = bus, run, source, document
        self._progress = progress
        self._landing = Landing(bus.landing / source / run)
        self._number = 0
        self.rows = 0

    def take(self, asked: Reading) -> None:
        """Land all pages of a read."""
        for page, cursor in asked.pages():
            self._land(page, believed(cursor) if cursor else None, whole=asked.whole)
            self.rows += len(page.rows) + len(page.rejected)
            self._progress(self.rows, 0)

    def _land(self, page: Page, cursor: Cursor | None, *, whole: bool) -> None:
        landed = self._landing.write(self._number, page)
        self._number += 1
        digest = self._document.digest
        position = ledger.Cursor(cursor.value, cursor.key, digest) if cursor else None
        with writing(self._bus.engine) as conn:
            ledger.land_page(
                conn,
                self._run,
                self._source,
                self._document.object,
                str(landed.path),
                landed.rows,
                whole=whole,
                cursor=position,
            )
            if page.rejected:
                ledger.put_letters(conn, self._run, _letters(self._source, page))


def _drop_unfinished(bus: Bus, source: str) -> None:
    with reading(bus.engine) as conn:
        left = [page for page in ledger.pages_to_map(conn, source) if page.whole]
    with writing(bus.engine) as conn:
        ledger.mark_mapped(conn, [page.id for page in left])
    for page in left:
        Path(page.path).unlink(missing_ok=True)


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
