"""Extract: read a source into landing files; a page and its cursor commit together."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from connectors.contract import Cursor, Page
from connectors.errors import ConnectorError, ExpiredCursorError, NotFoundError
from idp_core.db.engine import reading, writing
from idp_core.ledger import store as ledger
from mappings.tree import Document
from pipelines.bus import Bus
from pipelines.errors import RemoteError, named
from pipelines.landing import Landing
from pipelines.progress import Progress, silent
from pipelines.project import Mode
from pipelines.reading import Reading, believed, decide

log = structlog.get_logger()
KEEP_LANDED = timedelta(days=7)
"""How long landed pages are kept after they were mapped."""


def extract(
    bus: Bus, run: str, source: str, document: Document, *, progress: Progress = silent
) -> int:
    """Land what is new (or, in a whole read, all) of a source; return the number of rows.

    What a killed run landed of a whole read is dropped: it is not known to be whole. What it
    landed otherwise stays, and reading goes on after it; if it is gone from the disk, reading
    begins anew. Raises RemoteError.
    """
    asked = decide(bus, source, document)
    while _useless(bus, source, asked):
        asked = decide(bus, source, document)
    _sweep(bus, source)
    landing = _Landing(bus, run, source, document, progress)
    try:
        try:
            landing.take(asked)
        except ExpiredCursorError:
            with writing(bus.engine) as conn:
                ledger.forget_cursor(conn, source, document.object)
            log.warning("extract.resync", source=source)
            asked = asked.anew()
            _useless(bus, source, asked)
            landing.take(asked)
    except NotFoundError as error:
        raise RemoteError(f"{source}: {error}; check url, and the object's own address") from error
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
        if asked.whole and not self._number:  # that there is nothing is what was read
            self._land(Page([]), None, whole=True)

    def _land(self, page: Page, cursor: Cursor | None, *, whole: bool) -> None:
        with named(self._source):
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
                str(landed.path.relative_to(self._bus.landing)),
                landed.rows,
                whole=whole,
                cursor=position,
            )
            if page.rejected:
                ledger.put_letters(conn, self._run, _letters(self._source, page))


def _useless(bus: Bus, source: str, asked: Reading) -> bool:
    """Forget pages that wait to be mapped and are of no use; tell whether there were any.

    A whole read brings all anew. Pages of an earlier one are whole themselves only where a feed
    goes on from it. A page whose file is gone has to be read again.
    """
    with reading(bus.engine) as conn:
        left = ledger.pages_to_map(conn, source)
    useless = [
        page
        for page in left
        if asked.whole
        or (page.whole and asked.mode is not Mode.FEED)
        or not (bus.landing / page.path).is_file()
    ]
    if useless:
        log.info("extract.read_again", source=source, pages=len(useless))
        with writing(bus.engine) as conn:
            ledger.lose_pages(conn, useless)
    return bool(useless)


def _sweep(bus: Bus, source: str) -> None:
    """Remove what a killed run left in the landing folder: the ledger knows every file it needs."""
    with reading(bus.engine) as conn:
        known = {bus.landing / page.path for page in ledger.held_pages(conn, source)}
    for path in sorted((bus.landing / source).rglob("*"), reverse=True):
        if path.is_dir():
            with suppress(OSError):  # pages of a run are in it
                path.rmdir()
        elif path not in known:
            path.unlink(missing_ok=True)


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
    files = [bus.landing / path for path in paths]
    for file in files:
        file.unlink(missing_ok=True)
    for folder in {file.parent for file in files}:
        with suppress(OSError):  # other pages of the run are in it
            folder.rmdir()
