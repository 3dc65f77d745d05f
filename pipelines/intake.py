"""Intake: landed pages become stored source profiles and dead letters, in one transaction.

Either all of it is stored and the pages are marked mapped, or nothing is: a killed run, a critical
expectation or a source that shrank too much leaves pages and profiles as they were.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from json import loads

import sqlalchemy as sa

from idp_core.db.engine import reading, writing
from idp_core.ledger import store as ledger
from idp_core.profiles import store
from idp_core.profiles.model import SourceProfile
from mappings.tree import Document
from pipelines.bus import Bus
from pipelines.errors import StoppedError
from pipelines.progress import Progress, silent
from pipelines.project import Mode
from pipelines.quality.model import Severity, Suite
from pipelines.quality.results import make_report, worst
from pipelines.reading import mode_of
from pipelines.transform import DeadRow, Transformed, transform, workbench


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one source's landed rows."""

    landed: int = 0
    left_out: int = 0
    inserted: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    dead: int = 0
    blanked: int = 0
    warnings: tuple[str, ...] = ()


def intake(
    bus: Bus,
    run: str,
    source: str,
    document: Document,
    suite: Suite,
    *,
    progress: Progress = silent,
) -> Taken:
    """Map, check and store what has landed of a source.

    Raises StoppedError when a critical expectation or the source's size stops it; the pages stay
    landed and are taken again by the next run.
    """
    with reading(bus.engine) as conn:
        pages = ledger.pages_to_map(conn, source)
    # A whole read of a source that is empty lands no page.
    full = any(page.whole for page in pages) or (
        not pages and mode_of(bus.source_settings(source), document) is Mode.FULL
    )
    with workbench(bus.landing / source) as con:
        found = transform(
            con,
            source,
            document,
            suite,
            [bus.landing / page.path for page in pages],
            today=datetime.now(UTC).date(),
            latest=not all(page.whole for page in pages),
        )
        if found is not None:
            _judge(bus, run, found)
        with writing(bus.engine) as conn:
            taken = _store(bus, conn, run, source, found, full=full, progress=progress)
            ledger.mark_mapped(conn, [page.id for page in pages])
    return taken


def _judge(bus: Bus, run: str, found: Transformed) -> None:
    """Keep what the suite said, and stop when it says so; what is not met as `info` is no fault."""
    gate = found.gate
    report = make_report(gate, source=found.source, run=run, at=datetime.now(UTC))
    success = gate.stopped is None and worst(report) in (None, Severity.INFO)
    result = ledger.QualityResult(run, found.source, gate.suite.name, success, report)
    with writing(bus.engine) as conn:
        ledger.save_quality(conn, result)
    if found.gate.stopped:
        raise StoppedError(
            f"{found.source}: {found.gate.stopped}. Nothing of it was stored; the rows stay landed"
        )


def _store(
    bus: Bus,
    conn: sa.Connection,
    run: str,
    source: str,
    found: Transformed | None,
    *,
    full: bool,
    progress: Progress,
) -> Taken:
    known = store.count_live(conn, source)
    if found is None:
        gone = _drop_missing(bus, conn, run, source, known, set()) if full else 0
        return Taken(deleted=gone)
    put = store.put_source_profiles(conn, _counted(found, progress), run)
    deleted = store.mark_deleted(conn, source, found.deleted_keys(), run)
    dead_keys = _bury(conn, run, found, full=full)
    _settle(conn, run, found, dead_keys, full=full)
    if full:
        deleted += _drop_missing(bus, conn, run, source, known, dead_keys)
    return Taken(
        landed=found.landed,
        left_out=found.left_out,
        inserted=put.inserted,
        changed=put.changed,
        unchanged=put.unchanged,
        deleted=deleted,
        dead=found.gate.bad,
        blanked=sum(p.rows for p in found.gate.problems if p.severity == "blank"),
        warnings=(*found.drift, *found.gate.warnings),
    )


def _counted(found: Transformed, progress: Progress) -> Iterator[SourceProfile]:
    for number, profile in enumerate(found.profiles(), start=1):
        if number % 1000 == 0:
            progress(number, found.gate.good)
        yield profile
    progress(found.gate.good, found.gate.good)


def _bury(conn: sa.Connection, run: str, found: Transformed, *, full: bool) -> set[str]:
    """Keep the rows that did not pass; return their keys."""
    letters = [_letter(found, dead, full=full) for dead in found.dead_rows()]
    if letters:
        ledger.put_letters(conn, run, letters)
    return {letter.key for letter in letters if letter.key is not None}


def _letter(found: Transformed, dead: DeadRow, *, full: bool) -> ledger.DeadLetter:
    """Return the letter of a row. Only a full read numbers rows the same each time."""
    reasons = dead.rejected.reasons
    where = found.document.object
    return ledger.DeadLetter(
        source=found.source,
        stage="map" if any(reason.origin == "mapping" for reason in reasons) else "check",
        key=dead.rejected.key,
        place=f"{where} row {dead.rejected.row + 1}" if full else where,
        reasons=[{"field": r.field, "step": r.rule, "reason": r.reason} for r in reasons],
        row=loads(dead.row),
        types={name: kind for name, kind in found.columns.items() if kind != "JSON"} or None,
    )


def _settle(
    conn: sa.Connection, run: str, found: Transformed, dead: set[str], *, full: bool
) -> None:
    """Close the letters of rows that pass by now, or that the source deleted.

    After a full read also those of rows that are gone without a word.
    """
    source = found.source
    left = [each for each in ledger.list_letters(conn, source=source) if each.stage != "apply"]
    deleted = set(found.deleted_keys()) - dead
    gone = [each.id for each in left if each.key in deleted]
    ledger.close_letters(conn, gone, "discarded", why="the source deleted it")
    keys = {each.key for each in left if each.key is not None} - dead - deleted
    held = store.held_source_profiles(conn, source, keys)
    passing = {key for key, each in held.items() if each.seen_run == run}
    ledger.settle_letters(conn, source, passing)
    if full:
        old = [each.id for each in left if each.run != run and each.key not in passing]
        ledger.close_letters(conn, old, "discarded", why="the source has it no more")


def _drop_missing(
    bus: Bus, conn: sa.Connection, run: str, source: str, known: int, kept: set[str]
) -> int:
    """Mark what a full read did not see as deleted, unless that is too much to be believed."""
    missing = [key for key in store.missing_keys(conn, source, run) if key not in kept]
    limit = bus.source_settings(source).max_shrink
    if known and 100 * len(missing) > limit * known:
        raise StoppedError(
            f"{source}: {len(missing)} of {known} known records are gone from the source "
            f"({100 * len(missing) / known:.3g}% > max_shrink {limit:g}%). Nothing was deleted; "
            "if this is right, raise max_shrink for one run"
        )
    return store.mark_deleted(conn, source, missing, run)
