"""Has any work been left: a lock, rows not taken in, changes not settled, letters, plans."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

import sqlalchemy as sa

from idp_core.db.engine import reading
from idp_core.ledger import store as ledger
from idp_core.provisioning import accounts, journal, plans
from idp_core.provisioning.model import PlanStatus
from idp_core.provisioning.quarantine import read_quarantine
from pipelines.bus import Bus
from pipelines.doctor.findings import Finding, fail, looked, ok, warn

_NAMED = 5
"""So many accounts that several profiles hold are named."""


def look(bus: Bus) -> Iterator[Finding]:
    """Look at what runs have left to do."""
    now = datetime.now(UTC)
    with reading(bus.engine) as conn:
        yield _lock(bus, conn, now)
        yield from _last_run(conn)
        for name in bus.project.sources:
            yield from _pending(bus, conn, name)
        for name in bus.project.targets:
            yield from looked(f"target {name}", partial(_changes, bus, conn, name))
        yield from _letters(conn)


def _lock(bus: Bus, conn: sa.Connection, now: datetime) -> Finding:
    holder = ledger.read_lock(conn, bus.project.project)
    if holder is None:
        return ok("lock", "no run is going on")
    since = f"since {holder.taken_at:%Y-%m-%d %H:%M} UTC"
    who = f"run {holder.run} (process {holder.pid} on {holder.host}, {since})"
    if ledger.alive(holder, now):
        return ok("lock", f"{who} is going on")
    return warn("lock", f"{who} died without a word", "nothing is lost: the next run takes it over")


def _last_run(conn: sa.Connection) -> Iterator[Finding]:
    last = next(iter(ledger.list_runs(conn, limit=1)), None)
    if last is None:
        yield ok("last run", "there was none yet")
        return
    said = f"{last.job} {last.id} {last.status}, begun {last.started_at:%Y-%m-%d %H:%M} UTC"
    if last.status in {ledger.RunStatus.FAILED, ledger.RunStatus.STOPPED}:
        yield warn(
            "last run", f"{said}: {last.error or 'no reason is known'}", "mend it, run again"
        )
    else:
        yield ok("last run", said)


def _pending(bus: Bus, conn: sa.Connection, source: str) -> Iterator[Finding]:
    """Tell of rows that landed and were not taken in, and of pages whose files are gone."""
    pages = ledger.pages_to_map(conn, source)
    gone = [page for page in pages if not (bus.landing / page.path).is_file()]
    if gone:
        rows = sum(page.rows for page in gone)
        yield fail(
            f"source {source}",
            f"{rows:,} rows landed and are not taken in, and their files are gone",
            "the next run reads them again; or restore the data folder from a backup",
        )
    rows = sum(page.rows for page in pages) - sum(page.rows for page in gone)
    if rows:
        since = min(page.landed_at for page in pages)
        said = f"{rows:,} rows landed at {since:%Y-%m-%d %H:%M} UTC and are not taken in yet"
        yield warn(f"source {source}", said, "isthmus sync takes them in, or says why not")


def _changes(bus: Bus, conn: sa.Connection, target: str) -> Iterator[Finding]:
    held = read_quarantine(conn, target)
    if held is not None:
        said = f"in quarantine since {held.since:%Y-%m-%d %H:%M} UTC: {held.reason}"
        mend = "mend that; the next run tries a few changes first, then all"
        yield warn(f"target {target}", said, mend)
    push = bus.push(target)
    open_ = journal.unsettled(conn, target, push.object)
    if open_:
        said = f"{len(open_):,} changes were sent or were to be sent, and no outcome is known"
        yield warn(f"target {target}", said, "the next run asks the target before it goes on")
    shared = accounts.shared_accounts(conn, target, push.object, _NAMED + 1)
    if shared:
        told = "; ".join(" and ".join(gids) for _, gids in shared[:_NAMED])
        more = "; and more" if len(shared) > _NAMED else ""
        said = f"an account is held by several profiles: {told}{more}"
        mend = f"who leaves takes it along: mend {push.place} key, or merge them (isthmus review)"
        yield warn(f"target {target}", said, mend)
    waiting = plans.latest_plan(conn, target, push.object, (PlanStatus.WAITING,))
    if waiting is not None:
        said = f"plan {waiting.hash[:12]} exceeds a limit and waits for a person's word"
        yield warn(f"target {target}", said, f"look at it: isthmus plan show {waiting.hash[:12]}")


def _letters(conn: sa.Connection) -> Iterator[Finding]:
    counts = ledger.count_letters(conn)
    if counts:
        told = ", ".join(f"{n:,} of {name} ({stage})" for (name, stage), n in counts.items())
        yield warn("dead letters", f"open: {told}", "look at them: isthmus deadletters list")
