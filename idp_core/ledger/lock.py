"""One run of a project at a time. A lock whose process is dead is taken over.

A process is known by host, number and start time, so another one that got the same number is not
taken for it. On another host only the heartbeat tells: after `STALE` without one, it is dead.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from idp_core.db.engine import writing
from idp_core.errors import CoreError
from idp_core.ledger.runs import stop_others
from idp_core.ledger.tables import project_lock

STALE = timedelta(minutes=3)
_BEAT_SECONDS = 30.0
_OURS: set[str] = set()
"""The runs of this process that go on: one that ended holds nothing, even where its lock is left
because the database could not be written."""


class ProjectLockedError(CoreError):
    """Another run of the same project goes on; wait for it, or stop it."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a project."""

    run: str
    host: str
    pid: int
    started: str
    taken_at: datetime
    beat_at: datetime


def take_lock(
    conn: sa.Connection, name: str, run_id: str, *, now: datetime | None = None
) -> Holder | None:
    """Take a project's lock for a run of this process; return the dead holder it is taken from.

    Who holds the project is alone in it: any other run that still says it is running was killed,
    and is noted as stopped.

    Raises ProjectLockedError when a living process holds it.
    """
    moment = now or datetime.now(UTC)
    if conn.dialect.name == "postgresql":
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(name))))
    before = read_lock(conn, name)
    if before is not None and alive(before, moment):
        raise ProjectLockedError(
            f"{name}: run {before.run} goes on (process {before.pid} on {before.host}, since "
            f"{before.taken_at:%Y-%m-%d %H:%M} UTC); wait for it or stop that process"
        )
    stop_others(conn, run_id, "its process ended without a word", now=moment)
    conn.execute(sa.delete(project_lock).where(project_lock.c.name == name))
    mine = {"host": socket.gethostname(), "pid": os.getpid(), "started": _started(os.getpid())}
    conn.execute(
        sa.insert(project_lock).values(
            name=name, run=run_id, **mine, taken_at=moment, beat_at=moment
        )
    )
    _OURS.add(run_id)
    return before


def read_lock(conn: sa.Connection, name: str) -> Holder | None:
    """Return who holds a project, dead or alive."""
    table = project_lock.c
    row = conn.execute(sa.select(project_lock).where(table.name == name)).one_or_none()
    if row is None:
        return None
    return Holder(row.run, row.host, row.pid, row.started, row.taken_at, row.beat_at)


def beat_lock(conn: sa.Connection, name: str, run_id: str, *, now: datetime | None = None) -> bool:
    """Say that the run is alive; False when it does not hold the lock any more."""
    table = project_lock.c
    statement = sa.update(project_lock).where(table.name == name, table.run == run_id)
    return conn.execute(statement.values(beat_at=now or datetime.now(UTC))).rowcount > 0


def release_lock(conn: sa.Connection, name: str, run_id: str) -> None:
    """Give back a lock if the run still holds it."""
    table = project_lock.c
    conn.execute(sa.delete(project_lock).where(table.name == name, table.run == run_id))


@contextmanager
def project_lock_of(engine: sa.Engine, name: str, run_id: str) -> Iterator[Holder | None]:
    """Hold a project while the block runs, with a heartbeat; gives the dead holder before us.

    Raises ProjectLockedError when a living process holds it.
    """
    with writing(engine) as conn:
        before = take_lock(conn, name, run_id)
    done = threading.Event()

    def keep_beating() -> None:
        while not done.wait(_BEAT_SECONDS):
            try:
                with writing(engine) as conn:
                    beat_lock(conn, name, run_id)
            except sa.exc.SQLAlchemyError:
                continue  # the next beat may pass; without any the lock goes stale

    thread = threading.Thread(target=keep_beating, name="lock-heartbeat", daemon=True)
    thread.start()
    try:
        yield before
    finally:
        done.set()
        thread.join()
        _OURS.discard(run_id)
        with writing(engine) as conn:
            release_lock(conn, name, run_id)


def alive(holder: Holder, now: datetime) -> bool:
    """Whether the process that holds a project still lives, as far as this host can tell."""
    if holder.host != socket.gethostname():
        return now - holder.beat_at < STALE
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is another user's: alive
    if holder.pid == os.getpid() and holder.run not in _OURS:
        return False
    return _started(holder.pid) == holder.started


def _started(pid: int) -> str:
    """Return when a process started, in kernel ticks; ``""`` where there is no ``/proc``."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]
