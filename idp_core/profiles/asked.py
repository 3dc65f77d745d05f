"""Erasures that a source asks for: noted when its rows are taken in, carried out after it.

A request is kept until every target has proved that the person is gone, so that a run that was
killed goes on. The caller owns the transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from idp_core.db import bulk
from idp_core.profiles.model import SourceRef
from idp_core.profiles.records import ERASED, stored_ref
from idp_core.profiles.tables import erasure_request, link, source_profile


@dataclass(frozen=True, slots=True)
class ErasureRequest:
    """A record whose person shall be erased; `gid` is theirs, None for a record of nobody.

    `begun` says that what we held is gone already, and targets may be left.
    """

    record: int
    key: str
    gid: str | None
    begun: bool


def ask(
    conn: sa.Connection, source: str, keys: Collection[str], now: datetime, *, whole: bool
) -> int:
    """Note that a source wants these records' people erased; return how many wait by now.

    Records that we never had, or erased already, are nobody's request. After a `whole` read what
    the source asks for no more is withdrawn, unless it has begun.
    """
    table, waiting = source_profile.c, erasure_request.c
    stored = [stored_ref(SourceRef(source, key)).key for key in keys]
    held = sa.select(table.id).where(
        table.source == source, bulk.among(conn, table.key, stored), table.digest != ERASED
    )
    wanted = set(conn.scalars(held))
    known = set(conn.scalars(sa.select(waiting.record).where(waiting.source == source)))
    if new := sorted(wanted - known):
        rows = [{"record": id_, "source": source, "asked_at": now} for id_ in new]
        conn.execute(sa.insert(erasure_request), rows)
    if whole and known - wanted:
        _drop(conn, known - wanted, waiting.gid.is_(None))
    query = sa.select(sa.func.count()).select_from(erasure_request).where(waiting.source == source)
    return int(conn.scalar(query) or 0)


def withdraw(conn: sa.Connection, source: str, keys: Collection[str]) -> None:
    """Forget what a source asked for these records and has not begun: it says otherwise by now."""
    table = source_profile.c
    stored = [stored_ref(SourceRef(source, key)).key for key in keys]
    query = sa.select(table.id).where(
        table.id.in_(sa.select(erasure_request.c.record)),
        table.source == source,
        bulk.among(conn, table.key, stored),
    )
    _drop(conn, set(conn.scalars(query)), erasure_request.c.gid.is_(None))


def waiting_requests(conn: sa.Connection, source: str) -> Sequence[ErasureRequest]:
    """Return what a source asked for and is not done, in the order of records."""
    waiting = erasure_request.c
    query = (
        sa.select(waiting.record, source_profile.c.key, waiting.gid, link.c.gid.label("linked"))
        .join(source_profile, source_profile.c.id == waiting.record)
        .outerjoin(link, link.c.record == waiting.record)
        .where(waiting.source == source)
        .order_by(waiting.record)
    )
    return [
        ErasureRequest(row.record, row.key, row.gid or row.linked, row.gid is not None)
        for row in conn.execute(query)
    ]


def waiting_for(conn: sa.Connection, gid: str) -> Sequence[tuple[SourceRef, datetime]]:
    """Return the records whose sources want a person erased, and since when, while it waits."""
    waiting = erasure_request.c
    query = (
        sa.select(source_profile.c.source, source_profile.c.key, waiting.asked_at)
        .join(source_profile, source_profile.c.id == waiting.record)
        .outerjoin(link, link.c.record == waiting.record)
        .where(sa.or_(waiting.gid == gid, link.c.gid == gid))
        .order_by(waiting.asked_at, waiting.record)
    )
    return [(SourceRef(row.source, row.key), row.asked_at) for row in conn.execute(query)]


def begin(conn: sa.Connection, request: ErasureRequest, gid: str) -> None:
    """Note whom a request was for: after the erasure no link tells it."""
    conn.execute(
        sa.update(erasure_request).where(erasure_request.c.record == request.record).values(gid=gid)
    )


def finish(conn: sa.Connection, requests: Collection[ErasureRequest]) -> None:
    """Forget requests that are done."""
    _drop(conn, {request.record for request in requests})


def _drop(conn: sa.Connection, records: Collection[int], *where: sa.ColumnElement[bool]) -> None:
    chosen = bulk.among(conn, erasure_request.c.record, list(records))
    conn.execute(sa.delete(erasure_request).where(chosen, *where))
