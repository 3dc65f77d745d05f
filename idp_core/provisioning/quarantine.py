"""Targets that failed so often that they are left alone until a few changes pass there again.

The caller owns the transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from idp_core.provisioning.tables import quarantine


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Why a target is left alone, in words without values; `tries` counts the runs that failed."""

    target: str
    reason: str
    since: datetime
    tried_at: datetime
    tries: int


def put_quarantine(
    conn: sa.Connection, target: str, reason: str, now: datetime | None = None
) -> None:
    """Begin a quarantine; one that goes on keeps its beginning and gets the newest reason."""
    moment = now or datetime.now(UTC)
    before = read_quarantine(conn, target)
    end_quarantine(conn, target)
    values = {"reason": reason, "since": before.since if before else moment, "tried_at": moment}
    tries = before.tries + 1 if before else 1
    conn.execute(sa.insert(quarantine).values(target=target, tries=tries, **values))


def end_quarantine(conn: sa.Connection, target: str) -> None:
    """Let a target be written to as before."""
    conn.execute(sa.delete(quarantine).where(quarantine.c.target == target))


def read_quarantine(conn: sa.Connection, target: str) -> Quarantine | None:
    """Return a target's quarantine; None when it is in none."""
    return list_quarantines(conn).get(target)


def list_quarantines(conn: sa.Connection) -> Mapping[str, Quarantine]:
    """Return every target that is in quarantine, by name."""
    rows = conn.execute(sa.select(quarantine).order_by(quarantine.c.target)).mappings()
    return {row["target"]: Quarantine(**row) for row in rows}
