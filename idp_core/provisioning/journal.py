"""The journal of writes: every change is here before it is sent. It holds no values.

The caller owns the transaction and commits in groups.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from idp_core.db import bulk
from idp_core.db.types import utc_text
from idp_core.provisioning.model import UNSETTLED, Ending, Entry, EntryState
from idp_core.provisioning.tables import journal

_COLUMNS = tuple(column.name for column in journal.columns)


def write_entries(conn: sa.Connection, entries: Iterable[Entry]) -> None:
    """Insert or replace entries by plan and number; one must not come twice."""
    bulk.upsert(conn, journal, _COLUMNS, [_row(entry) for entry in entries])


def end_entries(conn: sa.Connection, endings: Iterable[Ending]) -> None:
    """Note what became of entries that are there; one must not come twice."""
    rows = [(e.plan_id, e.number, str(e.state), e.error, _moment(e.ended_at)) for e in endings]
    bulk.update(conn, journal, ("state", "error", "ended_at"), rows)


def read_entries(conn: sa.Connection, plan_id: str) -> Sequence[Entry]:
    """Return a plan's entries in order."""
    query = sa.select(journal).where(journal.c.plan_id == plan_id).order_by(journal.c.number)
    return [_entry(row) for row in conn.execute(query).mappings()]


def unsettled(conn: sa.Connection, target: str, object_: str) -> Sequence[Entry]:
    """Return what may have been sent and whose outcome is not known, oldest first."""
    query = (
        sa.select(journal)
        .where(
            journal.c.target == target,
            journal.c.object == object_,
            journal.c.state.in_(UNSETTLED),
        )
        .order_by(journal.c.intended_at, journal.c.plan_id, journal.c.number)
    )
    return [_entry(row) for row in conn.execute(query).mappings()]


def entries_of(conn: sa.Connection, gid: str, limit: int = 100) -> Sequence[Entry]:
    """Return what was written for one profile, in every target, latest first."""
    query = sa.select(journal).where(journal.c.gid == gid)
    query = query.order_by(journal.c.intended_at.desc(), journal.c.number.desc()).limit(limit)
    return [_entry(row) for row in conn.execute(query).mappings()]


def count_entries(
    conn: sa.Connection, plan_id: str, states: Collection[EntryState] = tuple(EntryState)
) -> Mapping[EntryState, int]:
    """Return how many of a plan's entries are in each state."""
    query = (
        sa.select(journal.c.state, sa.func.count())
        .where(journal.c.plan_id == plan_id, journal.c.state.in_(states))
        .group_by(journal.c.state)
    )
    return {EntryState(state): count for state, count in conn.execute(query)}


def _row(entry: Entry) -> tuple[Any, ...]:
    return (
        entry.plan_id,
        entry.number,
        entry.target,
        entry.object,
        entry.gid,
        entry.action,
        entry.key,
        entry.remote_id,
        str(entry.state),
        entry.attempts,
        entry.error,
        utc_text(entry.intended_at),
        _moment(entry.ended_at),
    )


def _moment(moment: datetime | None) -> str | None:
    return utc_text(moment) if moment else None


def _entry(row: sa.RowMapping) -> Entry:
    return Entry(**dict(row) | {"state": EntryState(row["state"])})
