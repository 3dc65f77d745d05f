"""Publish events inside the caller's transaction; deliver them at least once.

An event is a CloudEvents 1.0 object. A worker claims some, delivers them, acknowledges them. What
it does not acknowledge within its lease is given out again: consumers drop repeated ids.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
import uuid_utils

from idp_core.db import bulk
from idp_core.db.jsontext import to_json
from idp_core.db.types import utc_text
from idp_core.events.tables import outbox

_COLUMNS = ("id", "type", "source", "subject", "time", "data")
SOURCE = "/isthmus"
"""The CloudEvents `source` of what this installation tells, unless one is named."""


@dataclass(frozen=True, slots=True)
class OutboxEvent:
    """One event. `data` holds ids, names and counts, never values; `subject` is a global id."""

    type: str
    subject: str
    data: Mapping[str, Any] = field(default_factory=dict)
    source: str = SOURCE
    id: str = field(default_factory=lambda: str(uuid_utils.uuid7()))
    time: datetime = field(default_factory=lambda: datetime.now(UTC))

    def cloudevent(self) -> dict[str, Any]:
        """Return the event as CloudEvents 1.0 has it in JSON."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "type": self.type,
            "source": self.source,
            "subject": self.subject,
            "time": utc_text(self.time),
            "datacontenttype": "application/json",
            "data": dict(self.data),
        }


@dataclass(frozen=True, slots=True)
class Claimed:
    """An event to deliver; `attempts` counts this one too."""

    position: int
    attempts: int
    event: OutboxEvent


def publish(conn: sa.Connection, events: Iterable[OutboxEvent]) -> int:
    """Put events into the outbox, to be told when the caller's transaction commits; count them."""
    rows = [(e.id, e.type, e.source, e.subject, utc_text(e.time), to_json(e.data)) for e in events]
    if rows:
        bulk.insert(conn, outbox, _COLUMNS, rows)
    return len(rows)


def waits(conn: sa.Connection, types: Collection[str], now: datetime) -> bool:
    """Whether an event of these types can be claimed now."""
    query = sa.select(outbox.c.position).where(*_free(now, types)).limit(1)
    return conn.scalar(query) is not None


def claim(
    conn: sa.Connection,
    limit: int = 500,
    lease_seconds: float = 60,
    now: datetime | None = None,
    types: Collection[str] = (),
) -> Sequence[Claimed]:
    """Take up to `limit` undelivered events, oldest first, for `lease_seconds`.

    Of any type, or of these.

    Two workers never hold the same event at once (a worker that commits first, then delivers,
    holds no lock meanwhile). Call it in a writing transaction of its own.
    """
    moment = now or datetime.now(UTC)
    query = (
        sa.select(outbox)
        .where(*_free(moment, types))
        .order_by(outbox.c.position)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = conn.execute(query).all()
    if rows:
        conn.execute(
            sa.update(outbox)
            .where(bulk.among(conn, outbox.c.position, [row.position for row in rows]))
            .values(
                attempts=outbox.c.attempts + 1,
                not_before=moment + timedelta(seconds=lease_seconds),
            )
        )
    return [_claimed(row) for row in rows]


def ack(conn: sa.Connection, positions: Collection[int], now: datetime | None = None) -> None:
    """Note that these events are delivered."""
    conn.execute(
        sa.update(outbox)
        .where(bulk.among(conn, outbox.c.position, positions), outbox.c.delivered_at.is_(None))
        .values(delivered_at=now or datetime.now(UTC))
    )


def release(conn: sa.Connection, positions: Collection[int], not_before: datetime) -> None:
    """Give back events that could not be delivered, to be claimed again from `not_before` on."""
    conn.execute(
        sa.update(outbox)
        .where(bulk.among(conn, outbox.c.position, positions), outbox.c.delivered_at.is_(None))
        .values(not_before=not_before)
    )


def pending(conn: sa.Connection) -> int:
    """Return how many events wait to be delivered."""
    query = sa.select(sa.func.count()).where(outbox.c.delivered_at.is_(None))
    return conn.scalar(query) or 0


def prune(conn: sa.Connection, before: datetime, unwanted: Collection[str] = ()) -> int:
    """Remove events delivered before a moment, and older ones of `unwanted` types; count them."""
    over = sa.or_(
        outbox.c.delivered_at < before,
        sa.and_(outbox.c.type.in_(list(unwanted)), outbox.c.time < before),
    )
    return conn.execute(sa.delete(outbox).where(over)).rowcount


def _free(now: datetime, types: Collection[str]) -> list[sa.ColumnElement[bool]]:
    waited = sa.or_(outbox.c.not_before.is_(None), outbox.c.not_before <= now)
    wanted = [outbox.c.type.in_(list(types))] if types else []
    return [outbox.c.delivered_at.is_(None), waited, *wanted]


def _claimed(row: sa.Row[Any]) -> Claimed:
    event = OutboxEvent(row.type, row.subject, row.data, row.source, row.id, row.time)
    return Claimed(row.position, row.attempts + 1, event)
