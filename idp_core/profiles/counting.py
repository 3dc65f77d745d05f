"""What is stored of a source, counted: what a read is held against before it is believed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from idp_core.db import bulk
from idp_core.profiles.model import SourceRef
from idp_core.profiles.records import stored_ref
from idp_core.profiles.tables import source_profile


def missing_keys(
    conn: sa.Connection, source: str, run: str, there: Collection[str] = ()
) -> Sequence[str]:
    """Return the keys of a source that `run`, a full scan, did not see, and are not deleted yet.

    The keys `there` were met otherwise: they are not missing.
    """
    table = source_profile.c
    query = sa.select(table.key).where(
        table.source == source, table.seen_run != run, table.deleted.is_(False)
    )
    met = {stored_ref(SourceRef(source, key)).key for key in there}
    return [key for key in conn.scalars(query.order_by(table.key)) if key not in met]


def count_live(conn: sa.Connection, source: str) -> int:
    """Return how many records of a source are stored and not deleted."""
    table = source_profile.c
    query = sa.select(sa.func.count()).where(table.source == source, table.deleted.is_(False))
    return conn.scalar(query) or 0


def count_saying(
    conn: sa.Connection,
    source: str,
    attributes: Sequence[str],
    keys: Collection[str] | None = None,
) -> Mapping[str, int]:
    """Return how many live records of a source (of these keys alone) say something of each."""
    if not attributes:
        return {}
    table = source_profile.c
    counts = [
        sa.func.count().filter(_says(conn, name)).label(f"n{place}")
        for place, name in enumerate(attributes)
    ]
    query = sa.select(*counts).where(table.source == source, table.deleted.is_(False))
    if keys is not None:
        stored = [stored_ref(SourceRef(source, key)).key for key in keys]
        query = query.where(bulk.among(conn, table.key, stored))
    return dict(zip(attributes, conn.execute(query).one(), strict=True))


def _says(conn: sa.Connection, name: str) -> sa.ColumnElement[bool]:
    if conn.dialect.name == "postgresql":
        said: sa.ColumnElement[bool] = sa.cast(
            source_profile.c.attributes, postgresql.JSONB
        ).has_key(name)
        return said
    path = '$."' + name.replace('"', '\\"') + '"'
    return sa.func.json_type(source_profile.c.attributes, path).is_not(None)
