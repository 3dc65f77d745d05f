"""Values that more people share than the policy allows. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import sqlalchemy as sa

from idp_core.db import bulk
from idp_core.profiles import stale
from idp_core.profiles.scoring import Values
from idp_core.profiles.tables import identifier, link, shared_value


def refresh(conn: sa.Connection, most: Mapping[str, int]) -> Values:
    """Count the people of each value anew and return those with more than `most` of its kind.

    Where a value passes the limit, either way, the profiles of all who have it are marked stale.
    """
    held = read(conn)
    now = frozenset((kind, value) for kind in most for value in _shared(conn, kind, most[kind]))
    for kind in {kind for kind, _ in held ^ now}:
        gone = [value for of, value in held - now if of == kind]
        news = sorted(value for of, value in now - held if of == kind)
        of_kind = shared_value.c.kind == kind
        conn.execute(
            sa.delete(shared_value).where(of_kind, bulk.among(conn, shared_value.c.value, gone))
        )
        bulk.insert(conn, shared_value, ("kind", "value"), [(kind, value) for value in news])
        stale.mark(conn, _holders(conn, kind, [*gone, *news]))
    return now


def read(conn: sa.Connection) -> Values:
    """Return the values that were found to be shared by too many when they were last counted."""
    found = conn.execute(sa.select(shared_value.c.kind, shared_value.c.value))
    return frozenset((kind, value) for kind, value in found)


def _shared(conn: sa.Connection, kind: str, most: int) -> list[str]:
    """Return the values of a kind that more than `most` people have; records are counted first."""
    value = identifier.c.value
    crowded = (
        sa.select(value)
        .where(identifier.c.kind == kind)
        .group_by(value)
        .having(sa.func.count() > most)
        .subquery("crowded")
    )
    query = (
        sa.select(value)
        .join(crowded, crowded.c.value == value)
        .join(link, link.c.record == identifier.c.record)
        .where(identifier.c.kind == kind)
        .group_by(value)
        .having(sa.func.count(link.c.gid.distinct()) > most)
    )
    return list(conn.scalars(query))


def _holders(conn: sa.Connection, kind: str, values: Collection[str]) -> list[str]:
    query = (
        sa.select(link.c.gid)
        .distinct()
        .join(identifier, identifier.c.record == link.c.record)
        .where(identifier.c.kind == kind, bulk.among(conn, identifier.c.value, values))
    )
    return list(conn.scalars(query))
