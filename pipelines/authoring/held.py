"""The rows of a source that we hold: landed pages, kept for days after they were mapped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from idp_core.db.engine import reading
from idp_core.ledger import store as ledger
from mappings.tree import Document
from pipelines.authoring.samples import Sample
from pipelines.bus import Bus
from pipelines.errors import JobError
from pipelines.extract import KEEP_LANDED

_EXTRACT = "extract"


@dataclass(frozen=True, slots=True)
class Held:
    """Landed pages of one source, and when they landed.

    They are the last read of all that the source has, where that is still held, and what changed
    since. `latest` says that a key may be there more than once, and that its last row counts.
    `lost` counts pages whose files are gone.
    """

    sample: Sample
    since: datetime
    until: datetime
    latest: bool
    lost: int = 0


def held(bus: Bus, source: str, document: Document) -> Held | None:
    """Return what we hold of the object that a mapping reads, None when there is nothing."""
    with reading(bus.engine) as conn:
        pages = [page for page in ledger.held_pages(conn, source) if page.object == document.object]
        known, whole = _since_last_whole(conn, source, pages)
    there = [page for page in known if (bus.landing / page.path).is_file()]
    if not there:
        return None
    return Held(
        sample=Sample(
            pages=tuple(bus.landing / page.path for page in there),
            rows=sum(page.rows for page in there),
            whole=whole and len(there) == len(known),
        ),
        since=min(page.landed_at for page in there),
        until=max(page.landed_at for page in there),
        latest=not all(page.whole for page in there),
        lost=len(known) - len(there),
    )


def require_held(bus: Bus, source: str, document: Document) -> Held:
    """Return what we hold of a source. Raises JobError when that is nothing."""
    found = held(bus, source, document)
    if found is None:
        raise JobError(
            f"{source}: no landed rows of {document.object!r} are held (they are kept for "
            f"{KEEP_LANDED.days} days after a run mapped them); read the source instead"
        )
    return found


def _since_last_whole(
    conn: sa.Connection, source: str, pages: Sequence[ledger.LandedPage]
) -> tuple[list[ledger.LandedPage], bool]:
    """Return the pages of the last whole read that came to its end, and those after it; and
    whether there was one. A whole read that did not end says nothing.
    """
    for run in sorted({page.run for page in pages if page.whole}, reverse=True):
        if _ended(conn, source, run):
            first = min(page.id for page in pages if page.whole and page.run == run)
            mine = [p for p in pages if p.id >= first and (p.run == run or not p.whole)]
            return mine, True
    return [page for page in pages if not page.whole], False


def _ended(conn: sa.Connection, source: str, run: str) -> bool:
    done = (_EXTRACT, source, ledger.StepStatus.DONE)
    steps = ledger.read_steps(conn, run)
    return any((step.step, step.source, step.status) == done for step in steps)
