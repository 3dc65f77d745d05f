"""Records that are gone: deleted at their source, or erased because nobody may keep them.

A deleted record keeps its values for the day it comes back; of an erased one only its key stays.
The caller owns the transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from idp_core.db import bulk, counters
from idp_core.profiles import stale
from idp_core.profiles.model import SourceRef
from idp_core.profiles.records import ERASED, SEQ, forget_identifiers, stored_ref
from idp_core.profiles.tables import source_profile

_GONE = "deleted"  # the digest of records whose source stopped naming them: like no content's


def mark_deleted(
    conn: sa.Connection, source: str, keys: Collection[str], run: str, now: datetime | None = None
) -> int:
    """Mark records as deleted at their source; return how many were not so before."""
    counters.take(conn, SEQ, 0)
    table = source_profile.c
    stored = [stored_ref(SourceRef(source, key)).key for key in keys]
    query = sa.select(table.id).where(
        table.source == source, bulk.among(conn, table.key, stored), table.deleted.is_(False)
    )
    ids = list(conn.scalars(query))
    if not ids:
        return 0
    first = counters.take(conn, SEQ, len(ids))
    number = sa.func.row_number().over(order_by=table.id)
    numbered = (
        sa.select(table.id, number.label("number"))
        .where(bulk.among(conn, table.id, ids))
        .subquery("numbered")
    )
    conn.execute(
        sa.update(source_profile)
        .where(table.id == numbered.c.id)
        .values(
            deleted=True,
            digest=_GONE,
            changed_at=now or datetime.now(UTC),
            seen_run=run,
            seq=first - 1 + numbered.c.number,
        )
    )
    forget_identifiers(conn, ids)
    stale.mark_of_records(conn, ids)
    return len(ids)


def erase_records(conn: sa.Connection, ids: Sequence[int], now: datetime) -> None:
    """Remove what records say; their keys stay, and a source that names them again is not heard."""
    counters.take(conn, SEQ, 0)
    left = sa.select(source_profile.c.id).where(
        bulk.among(conn, source_profile.c.id, ids), source_profile.c.digest != ERASED
    )
    for id_ in list(conn.scalars(left)):
        conn.execute(
            sa.update(source_profile)
            .where(source_profile.c.id == id_)
            .values(
                attributes={},
                deleted=True,
                digest=ERASED,
                changed_at=now,
                seq=counters.take(conn, SEQ, 1),
            )
        )
    forget_identifiers(conn, ids)
    stale.mark_of_records(conn, ids)


def erase_keys(conn: sa.Connection, source: str, keys: Collection[str], now: datetime) -> None:
    """Remove what the records of a source under these keys say."""
    table = source_profile.c
    stored = [stored_ref(SourceRef(source, key)).key for key in keys]
    query = sa.select(table.id).where(table.source == source, bulk.among(conn, table.key, stored))
    erase_records(conn, list(conn.scalars(query)), now)
