"""Erasing a person: their values go, and what a source says of them again is not taken.

What stays of each record is its key, so that it can be told apart. The caller owns the transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from idp_core.profiles.goldens import delete_profiles
from idp_core.profiles.links import record_events
from idp_core.profiles.model import Event, EventKind, SourceRef
from idp_core.profiles.removal import erase_records
from idp_core.profiles.tables import erasure, link, override, redirect, source_profile


@dataclass(frozen=True, slots=True)
class Erasure:
    """Who was erased, when, at whose word; `records` counts the source records it was made of."""

    gid: str
    at: datetime
    who: str
    why: str
    records: int


def erase(
    conn: sa.Connection, gid: str, who: str, why: str, now: datetime
) -> tuple[Erasure, Sequence[SourceRef]]:
    """Remove what is held of a person; return the erasure and the records that were theirs.

    `gid` is the id of today. Erasing twice is erasing once: the first word is kept.
    """
    table = source_profile.c
    query = (
        sa.select(table.id, table.source, table.key)
        .join(link, link.c.record == table.id)
        .where(link.c.gid == gid)
    )
    rows = conn.execute(query).all()
    refs = [SourceRef(row.source, row.key) for row in rows]
    erase_records(conn, [row.id for row in rows], now)
    delete_profiles(conn, [gid], now=now)
    conn.execute(sa.delete(override).where(override.c.gid == gid))
    known = read_erasure(conn, gid)
    if known is not None:
        return known, refs
    made = Erasure(gid, now, who, why, len(refs))
    conn.execute(sa.insert(erasure).values(gid=gid, at=now, who=who, why=why, records=made.records))
    record_events(conn, [Event(EventKind.ERASED, gid, {"records": made.records})], now)
    return made, refs


def read_erasure(conn: sa.Connection, gid: str) -> Erasure | None:
    """Return the erasure of a person, if they were erased."""
    row = conn.execute(sa.select(erasure).where(erasure.c.gid == gid)).mappings().one_or_none()
    return Erasure(**row) if row else None


def erased_gids(conn: sa.Connection) -> Collection[str]:
    """Return the global ids of everybody who was erased."""
    return frozenset(conn.scalars(sa.select(erasure.c.gid)))


def ids_of(conn: sa.Connection, gid: str) -> Sequence[str]:
    """Return a global id and those that were merged into it."""
    older = conn.scalars(sa.select(redirect.c.gid).where(redirect.c.into_gid == gid))
    return [gid, *older]
