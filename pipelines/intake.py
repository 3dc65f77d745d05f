"""Intake: landed pages become stored source profiles and dead letters, in one transaction.

Either all of it is stored and the pages are marked mapped, or nothing is: a killed run, a critical
expectation or a source that shrank too much leaves pages and profiles as they were.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from json import loads

import sqlalchemy as sa

from idp_core.db.engine import reading, writing
from idp_core.ledger import store as ledger
from idp_core.profiles import asked as requests
from idp_core.profiles import store
from idp_core.profiles.model import SourceProfile
from mappings.tree import Document
from pipelines.bus import Bus
from pipelines.errors import JobError, StoppedError, named
from pipelines.progress import Progress, silent
from pipelines.quality.model import Severity, Suite
from pipelines.quality.results import make_report, worst
from pipelines.transform import DeadRow, Transformed, transform
from pipelines.workbench import workbench

_MANY = 20
"""So many records tell a habit of a source from a chance."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one source's landed rows; `dead` counts those that could not be read, too.

    `to_erase` are records whose people wait to be erased, as the source asks.
    """

    landed: int = 0
    left_out: int = 0
    inserted: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    to_erase: int = 0
    dead: int = 0
    blanked: int = 0
    warnings: tuple[str, ...] = ()
    problems: tuple[JobError, ...] = ()


@dataclass(frozen=True, slots=True)
class _Read:
    """What is taken in: by which run, landed by which, and whether it is all the source has."""

    source: str
    run: str
    runs: frozenset[str]
    whole: bool


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
    landed and are taken again by the next run. When so many rows became dead letters that source
    and mapping cannot be meant for each other, all is stored and a problem tells it.
    """
    with reading(bus.engine) as conn:
        pages = ledger.pages_to_map(conn, source)
    whole = any(page.whole for page in pages)
    read = _Read(source, run, frozenset({run, *(page.run for page in pages)}), whole)
    with workbench(bus.landing / source) as con:
        with named(source):
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
            _held_by_drift(bus, found)
        with writing(bus.engine) as conn:
            taken = _store(bus, conn, read, found, progress)
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


def _held_by_drift(bus: Bus, found: Transformed) -> None:
    """Stop a source that has columns its mapping does not know, where its settings say so."""
    if found.strange and bus.source_settings(found.source).drift == "stop":
        raise StoppedError(
            f"{found.source}: {'; '.join(found.strange)}. Nothing of it was stored; the rows stay "
            f"landed. Mend the mapping, or set sources.{found.source}.drift to tell"
        )


def _store(
    bus: Bus, conn: sa.Connection, read: _Read, found: Transformed | None, progress: Progress
) -> Taken:
    known = store.count_live(conn, read.source)
    if found:
        _require_words(bus, conn, read, found)
    put = (
        store.put_source_profiles(conn, _counted(found, progress), read.run)
        if found
        else store.PutCounts()
    )
    erased = set(found.erased_keys()) if found else set()
    told = [key for key in found.deleted_keys() if key not in erased] if found else []
    letters = _bury(conn, read, found) if found else []
    dead = {letter.key for letter in letters if letter.key}
    _settle(conn, read, dead, {*told, *erased} - dead)
    to_erase = _ask(conn, read, found, erased) if found else 0
    unread = _unread(conn, read)
    nameless = unread + sum(not letter.key for letter in letters)
    odd = _Odd(known, put.inserted, nameless)
    deleted, held = _depart(bus, conn, read, odd, told, dead | erased)
    return Taken(
        landed=found.landed if found else 0,
        left_out=found.left_out if found else 0,
        inserted=put.inserted,
        changed=put.changed,
        unchanged=put.unchanged,
        deleted=deleted,
        to_erase=to_erase,
        dead=len(letters) + unread,
        blanked=_blanked(found) if found else 0,
        warnings=(*held, *_warned(bus, found)),
        problems=_unfit(bus, read.source, found, len(letters) + unread),
    )


@dataclass(frozen=True, slots=True)
class _Odd:
    """Counts that tell why records may be missing: of those known before, of new ones, and of rows
    that cannot be told whose they are.
    """

    known: int
    new: int
    nameless: int


def _warned(bus: Bus, found: Transformed | None) -> tuple[str, ...]:
    """Return one line for each thing that is odd about what was read and stops nothing."""
    if found is None:
        return ()
    ignored = bus.source_settings(found.source).drift == "ignore"
    return (*(() if ignored else found.strange), *found.missing, *found.gate.warnings)


def _depart(
    bus: Bus,
    conn: sa.Connection,
    read: _Read,
    odd: _Odd,
    told: Collection[str],
    there: Collection[str],
) -> tuple[int, tuple[str, ...]]:
    """Mark records as deleted: those that the source `told`, after a whole read what is missing.

    Return how many, and a line where nothing was deleted because rows without a name may be these.
    """
    deleted = store.mark_deleted(conn, read.source, told, read.run)
    if not read.whole:
        return deleted, ()
    missing = store.missing_keys(conn, read.source, read.run, there)
    _believable(bus, conn, read, len(missing), odd)
    if missing and odd.nameless:
        return deleted, (_held(len(missing), odd.nameless),)
    return deleted + store.mark_deleted(conn, read.source, missing, read.run), ()


def _ask(conn: sa.Connection, read: _Read, found: Transformed, erased: set[str]) -> int:
    """Note whom the source wants erased, and whom it wants erased no more; return how many wait."""
    if found.document.erase is None:
        return 0
    if not read.whole:
        requests.withdraw(conn, read.source, set(found.keys()) - erased)
    now = datetime.now(UTC)
    return requests.ask(conn, read.source, erased, now, whole=read.whole)


def _require_words(bus: Bus, conn: sa.Connection, read: _Read, found: Transformed) -> None:
    """Stop when nobody says any more what many records said: a column was renamed or emptied."""
    if found.gate.good < _MANY or bus.source_settings(read.source).max_shrink >= 100:
        return
    keys = None if read.whole else found.keys()
    said = store.count_saying(conn, read.source, found.silent(), keys)
    lost = {name: count for name, count in said.items() if count >= _MANY}
    if lost:
        words = ", ".join(f"{name} ({count:,} records had it)" for name, count in lost.items())
        raise StoppedError(
            f"{read.source}: no row says any more: {words}. Nothing was stored; look at the source "
            f"and its mapping; if this is right, set sources.{read.source}.max_shrink to 100 for "
            "one run"
        )


def _counted(found: Transformed, progress: Progress) -> Iterator[SourceProfile]:
    for number, profile in enumerate(found.profiles(), start=1):
        if number % 1000 == 0:
            progress(number, found.gate.good)
        yield profile
    progress(found.gate.good, found.gate.good)


def _blanked(found: Transformed) -> int:
    return sum(p.rows for p in found.gate.problems if p.severity == "blank")


def _bury(conn: sa.Connection, read: _Read, found: Transformed) -> Sequence[ledger.DeadLetter]:
    """Keep the rows that did not pass; return their letters."""
    letters = [_letter(found, dead, whole=read.whole) for dead in found.dead_rows()]
    if letters:
        ledger.put_letters(conn, read.run, letters)
    return letters


def _letter(found: Transformed, dead: DeadRow, *, whole: bool) -> ledger.DeadLetter:
    """Return the letter of a row. Only a whole read numbers rows the same each time."""
    reasons = dead.rejected.reasons
    where = found.document.object
    return ledger.DeadLetter(
        source=found.source,
        stage="map" if any(reason.origin == "mapping" for reason in reasons) else "check",
        key=dead.rejected.key,
        place=f"{where} row {dead.rejected.row + 1}" if whole else where,
        reasons=[{"field": r.field, "step": r.rule, "reason": r.reason} for r in reasons],
        row=loads(dead.row),
        types={name: kind for name, kind in found.columns.items() if kind != "JSON"} or None,
    )


def _settle(conn: sa.Connection, read: _Read, dead: set[str], deleted: set[str]) -> None:
    """Close the letters of rows that pass by now, or that the source deleted.

    After a whole read also those of rows that are gone without a word.
    """
    left = ledger.list_letters(conn, source=read.source)
    left = [each for each in left if each.stage != "apply"]
    gone = [each.id for each in left if each.key in deleted]
    ledger.close_letters(conn, gone, "discarded", why="the source deleted it")
    keys = {each.key for each in left if each.key} - dead - deleted
    held = store.held_source_profiles(conn, read.source, keys)
    passing = {key for key, each in held.items() if each.seen_run == read.run}
    ledger.settle_letters(conn, read.source, passing)
    if read.whole:
        old = [each.id for each in left if each.run not in read.runs and each.key not in passing]
        ledger.close_letters(conn, old, "discarded", why="the source has it no more")


def _unread(conn: sa.Connection, read: _Read) -> int:
    """Count what stood between the landed rows and could not be read as a row."""
    counts = (ledger.count_letters(conn, run) for run in read.runs)
    return sum(count.get((read.source, "read"), 0) for count in counts)


def _first_unread(conn: sa.Connection, read: _Read) -> str:
    letters = ledger.list_letters(conn, source=read.source, stage="read", run=read.run, limit=1)
    return "".join(f" (first {each.place}: {each.reasons[0]['reason']})" for each in letters)


def _believable(bus: Bus, conn: sa.Connection, read: _Read, missing: int, odd: _Odd) -> None:
    """Stop when a whole read misses more than can be believed."""
    limit = bus.source_settings(read.source).max_shrink
    known = odd.known
    if known and 100 * missing > limit * known:
        also = ""
        if odd.nameless:
            also += f"; rows that cannot be read or have no key: {odd.nameless:,}"
        if 2 * odd.new > missing:
            also += f"; rows of keys not known before: {odd.new:,}: is the key still the same?"
        also += _first_unread(conn, read)
        raise StoppedError(
            f"{read.source}: {missing} of {known} known records are gone from the source "
            f"({100 * missing / known:.3g}% > max_shrink {limit:g}%){also}. Nothing was deleted; "
            f"if this is right, set sources.{read.source}.max_shrink higher for one run"
        )


def _unfit(bus: Bus, source: str, found: Transformed | None, dead: int) -> tuple[StoppedError, ...]:
    """Tell when more rows became dead letters than a source in order has."""
    limit = bus.source_settings(source).max_dead
    rows = dead + (found.gate.good if found else 0)
    if dead < _MANY or 100 * dead <= limit * rows:
        return ()
    wrong = Counter[str]()
    for problem in found.gate.problems if found else ():
        if problem.severity == "quarantine":
            wrong[f"{problem.field} at step {problem.step}"] += problem.rows
    most = "".join(f", most often for {what}" for what, _ in wrong.most_common(1))
    told = (
        f"{source}: {dead:,} of {rows:,} rows became dead letters "
        f"({100 * dead / rows:.3g}% > max_dead {limit:g}%){most}. What passed is stored; look at "
        f"isthmus deadletters --source {source}, mend the source or its mapping and run again; if "
        f"this is right, set sources.{source}.max_dead higher"
    )
    return (StoppedError(told),)


def _held(missing: int, nameless: int) -> str:
    """Say why nothing was deleted: what cannot be read may be what is missed."""
    return (
        f"known records that are missing: {missing:,}; rows that cannot be read or have no key, "
        f"and may be these: {nameless:,}. Nothing was deleted; mend the rows, see the dead letters"
    )
