"""The journal of writes: every change is noted as intended before it is sent. It holds no values.

What is in flight stands in one row a plan, told anew with each group: a row for each write that is
changed a moment later costs more than all the rest of noting it. A line of the journal tells of a
write that was refused, put off or uncertain, and changes when its outcome does; what was done at
once stands in the audit log (`idp_core.audit.operations`) and, without one, here, too.

The caller owns the transaction and commits in groups.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic_core import to_json

from idp_core.db import bulk
from idp_core.db.types import utc_text
from idp_core.provisioning.model import Entry, EntryState, Pending
from idp_core.provisioning.tables import intent, journal

_COLUMNS = tuple(column.name for column in journal.columns)
_INTENT = tuple(column.name for column in intent.columns)

Line = tuple[int, str, str, int, str]
"""A write that is in flight: its number, global id and action, how often it was tried, and when it
was intended (`utc_text`). There is one for each write, so it is the plain tuple that is stored.
"""


def put_intents(
    conn: sa.Connection, plan_id: str, target: str, object_: str, lines: Collection[Line]
) -> None:
    """Say what of a plan may be sent from now on, in the place of what was said before."""
    if not lines:
        conn.execute(sa.delete(intent).where(intent.c.plan_id == plan_id))
        return
    bulk.upsert(conn, intent, _INTENT, [(plan_id, target, object_, to_json([*lines]).decode())])


def drop_intents(conn: sa.Connection, plan_id: str, numbers: Collection[int]) -> None:
    """Take writes of a plan out of what may be sent."""
    query = sa.select(intent.c.lines).where(intent.c.plan_id == plan_id)
    lines = conn.execute(query).scalar_one_or_none() or []
    left = [line for line in lines if line[0] not in numbers]
    if left:
        conn.execute(sa.update(intent).where(intent.c.plan_id == plan_id).values(lines=left))
    else:
        conn.execute(sa.delete(intent).where(intent.c.plan_id == plan_id))


def write_entries(conn: sa.Connection, entries: Iterable[Entry]) -> None:
    """Insert or replace entries by plan and number; one must not come twice."""
    bulk.upsert(conn, journal, _COLUMNS, [_row(entry) for entry in entries])


def read_entries(conn: sa.Connection, plan_id: str) -> Sequence[Entry]:
    """Return a plan's entries in order."""
    query = sa.select(journal).where(journal.c.plan_id == plan_id).order_by(journal.c.number)
    return [_entry(row) for row in conn.execute(query).mappings()]


def lines_of(conn: sa.Connection, plan_id: str) -> Sequence[int]:
    """Return the numbers of a plan's writes that have a line."""
    return conn.scalars(sa.select(journal.c.number).where(journal.c.plan_id == plan_id)).all()


def pending_of(plan_id: str, line: Line) -> Pending:
    """Return a line of what is in flight in full."""
    number, gid, action, attempts, moment = line
    return Pending(plan_id, number, gid, action, attempts, datetime.fromisoformat(moment))


def unsettled(conn: sa.Connection, target: str, object_: str) -> Sequence[Pending]:
    """Return what may have been sent and whose outcome is not known, oldest first."""
    doubtful = sa.select(*(journal.c[name] for name in Pending._fields)).where(
        journal.c.target == target,
        journal.c.object == object_,
        journal.c.state == EntryState.UNCERTAIN.value,
    )
    found = {(row.plan_id, row.number): Pending(*row) for row in conn.execute(doubtful)}
    intended = sa.select(intent.c.plan_id, intent.c.lines).where(
        intent.c.target == target, intent.c.object == object_
    )
    for plan_id, lines in conn.execute(intended):
        found |= {(plan_id, line[0]): pending_of(plan_id, line) for line in lines}
    return sorted(found.values(), key=lambda each: (each.intended_at, each.plan_id, each.number))


def unsettled_plans() -> sa.Select[tuple[str]]:
    """Return the query for the plans that have a write whose outcome is not known."""
    doubtful = sa.select(journal.c.plan_id).where(journal.c.state == EntryState.UNCERTAIN.value)
    union = sa.union(doubtful, sa.select(intent.c.plan_id)).subquery()
    return sa.select(union.c.plan_id)


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
