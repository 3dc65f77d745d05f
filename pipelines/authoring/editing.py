"""What an edit of a mapping would change on the data we hold, or on all that its source has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

import duckdb

from idp_core.db.engine import reading
from idp_core.ledger import store as ledger
from idp_core.profiles import store
from mappings.diff import Difference, differences
from mappings.tree import Document
from pipelines import landing
from pipelines.authoring.comparing import (
    ROWS,
    Comparison,
    Side,
    compare,
    count_fates,
    keys_select,
    leave_latest,
)
from pipelines.authoring.fates import Fate
from pipelines.authoring.held import Held, require_held
from pipelines.authoring.samples import Sample, drawer, read_sample
from pipelines.bus import Bus, Workspace
from pipelines.errors import JobError, ProjectError
from pipelines.progress import Progress, silent
from pipelines.quality.generate import generate_suite
from pipelines.suites import suite_of
from pipelines.workbench import workbench

_NO_RUN = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """A mapping of a source before and after, as on a day."""

    source: str
    before: Document
    after: Document
    today: date

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What differs in the meaning of the two files."""
        return differences(self.before, self.after)


@dataclass(frozen=True, slots=True)
class Effect:
    """What an edit changes on some rows, and which rows these are, in a sentence.

    `letters` counts what would become of the open dead letters that are not among the rows.
    """

    said: str
    rows: Comparison
    letters: Mapping[Fate, int] = field(default_factory=dict)


def on_held(bus: Bus, edit: Edit) -> Effect:
    """Compare on the rows that landed and are kept. Raises JobError when there are none."""
    _require_same_object(edit)
    kept = require_held(bus, edit.source, edit.before)
    with _sides(bus, edit) as (con, before, after):
        columns = landing.load(con, ROWS, kept.sample.pages)
        if kept.latest:
            leave_latest(con, columns, edit.before, today=edit.today)
        rows = compare(con, columns, before, after, today=edit.today)
        select = keys_select(con, ROWS, columns, edit.before, today=edit.today)
        known = {key for (key,) in con.execute(f"SELECT DISTINCT _key FROM ({select})").fetchall()}
        letters = _letters(bus, con, edit, after, known)
    return Effect(_told(bus, edit, kept, rows, known), rows, letters)


def on_source(workspace: Workspace, edit: Edit, *, progress: Progress = silent) -> Effect:
    """Compare on all rows that the source has now. Raises RemoteError."""
    _require_same_object(edit)
    with drawer() as folder:
        sample = read_sample(workspace, edit.source, edit.after, folder, progress=progress)
        rows = _on_sample(workspace, edit, sample)
    return Effect(f"all {sample.rows:,} rows that the source has now", rows)


def _on_sample(workspace: Workspace, edit: Edit, sample: Sample) -> Comparison:
    if not sample.rows:
        return Comparison()
    with _sides(workspace, edit) as (con, before, after):
        columns = landing.load(con, ROWS, sample.pages)
        return compare(con, columns, before, after, today=edit.today)


@contextmanager
def _sides(
    workspace: Workspace, edit: Edit
) -> Iterator[tuple[duckdb.DuckDBPyConnection, Side, Side]]:
    with drawer() as folder, workbench(folder) as con:
        after = suite_of(workspace, edit.source, edit.after, today=edit.today)
        yield con, _before(workspace, edit), Side(edit.after, after)


def _before(workspace: Workspace, edit: Edit) -> Side:
    """Judge the former mapping by the user's suite as well, where that speaks of its attributes."""
    try:
        suite = suite_of(workspace, edit.source, edit.before, today=edit.today)
    except ProjectError:
        suite = generate_suite(edit.before, name=edit.source, today=edit.today)
    return Side(edit.before, suite)


def _require_same_object(edit: Edit) -> None:
    if edit.before.object != edit.after.object:
        raise JobError(
            f"{edit.source}: the mapping reads {edit.after.object!r} instead of "
            f"{edit.before.object!r} now: there are no rows that both are about"
        )


def _told(bus: Bus, edit: Edit, kept: Held, rows: Comparison, known: Collection[str | None]) -> str:
    times = f"{kept.since:%Y-%m-%d %H:%M}"
    if f"{kept.until:%Y-%m-%d %H:%M}" != times:
        times += f" to {kept.until:%Y-%m-%d %H:%M}"
    if kept.sample.whole:
        what = f"all {rows.rows:,} rows of the last whole read"
        what += " and what changed since" if kept.latest else ""
    else:
        with reading(bus.engine) as conn:
            live = store.count_live(conn, edit.source)
            keys = [key for key in known if key is not None]
            there = live - len(store.missing_keys(conn, edit.source, _NO_RUN, keys))
        what = f"{rows.rows:,} rows that are held, of {there:,} of {live:,} known records"
    lost = f"; {kept.lost:,} landed pages are gone" if kept.lost else ""
    return f"{what} (landed {times} UTC{lost})"


def _letters(
    bus: Bus, con: duckdb.DuckDBPyConnection, edit: Edit, after: Side, known: set[str | None]
) -> Mapping[Fate, int]:
    """Return what would become of the open dead letters whose keys are not known."""
    with reading(bus.engine) as conn:
        found = ledger.list_letters(conn, source=edit.source)
    left = [each for each in found if each.row is not None and each.stage in {"map", "check"}]
    left = [each for each in left if each.key is None or each.key not in known]
    counts: Counter[Fate] = Counter()
    for alike in _of_same_types(left):
        rows = [each.row or {} for each in alike]
        columns = landing.restore(con, ROWS, rows, alike[0].types or {})
        counts.update(count_fates(con, columns, after, today=edit.today))
    return counts


def _of_same_types(letters: Sequence[ledger.DeadLetter]) -> Iterator[list[ledger.DeadLetter]]:
    def types(each: ledger.DeadLetter) -> str:
        return repr(sorted((each.types or {}).items()))

    for _, alike in groupby(sorted(letters, key=types), key=types):
        yield list(alike)
