"""Which golden profiles must be made anew. The mark is written with the change that causes it.

So whatever kills the golden stage, at the next start it finds what is left to do.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import sqlalchemy as sa

from idp_core.db import bulk, counters
from idp_core.profiles.tables import link, profile, stale_profile

_MARK = "stale_profile"
_COLUMNS = ("gid", "mark")


def mark(conn: sa.Connection, gids: Collection[str]) -> None:
    """Mark profiles as stale, again if they are."""
    if gids:
        number = counters.take(conn, _MARK)
        bulk.upsert(conn, stale_profile, _COLUMNS, [(gid, number) for gid in sorted(set(gids))])


def mark_of_records(conn: sa.Connection, records: Collection[int]) -> None:
    """Mark the profiles that these source profiles (by their number) are linked to."""
    query = sa.select(link.c.gid).distinct().where(bulk.among(conn, link.c.record, records))
    mark(conn, list(conn.scalars(query)))


def mark_all(conn: sa.Connection) -> int:
    """Mark every profile, for a change of the survivorship rules; return how many."""
    gids = sa.select(link.c.gid).union(
        sa.select(profile.c.gid).where(profile.c.deleted_at.is_(None))
    )
    found = list(conn.scalars(gids))
    mark(conn, found)
    return len(found)


def read(conn: sa.Connection, limit: int | None = None) -> Mapping[str, int]:
    """Return stale global ids with their marks, in a stable order."""
    query = sa.select(stale_profile.c.gid, stale_profile.c.mark).order_by(stale_profile.c.gid)
    return dict(conn.execute(query.limit(limit)).all())


def clear(conn: sa.Connection, marks: Mapping[str, int]) -> None:
    """Remove marks as they were read; a profile marked again since then stays stale."""
    by_number: dict[int, list[str]] = {}
    for gid, number in marks.items():
        by_number.setdefault(number, []).append(gid)
    for number, gids in by_number.items():
        conn.execute(
            sa.delete(stale_profile).where(
                stale_profile.c.mark == number, bulk.among(conn, stale_profile.c.gid, gids)
            )
        )
