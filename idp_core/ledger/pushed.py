"""The inbox of pushed rows in the project's database, for several hosts. The caller owns the
transaction.

Whoever puts rows in holds the inbox's own row until the commit: numbers are given in the order of
commits, so a reader that has seen one has seen all before it, and bytes are counted right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from idp_core.db.types import UtcTime
from idp_core.ledger.tables import push_inbox, pushed_row

_SHARE = 10
"""One in so many of the bytes that an inbox may hold goes at once where room is needed."""
_held = pushed_row.c
_MAKE = sa.text(
    "INSERT INTO push_inbox (source, last, landed, bytes) VALUES (:source, 0, 0, 0)"
    " ON CONFLICT (source) DO NOTHING"
)
_PUT = sa.text(
    "INSERT INTO pushed_row (source, number, name, received_at, bytes, row)"
    " VALUES (:source, :number, :name, :at, :bytes, :row) ON CONFLICT (source, name) DO NOTHING"
).bindparams(sa.bindparam("at", type_=UtcTime))


@dataclass(frozen=True, slots=True)
class PushedRow:
    """A row as text, and the digest of its push's name where it has one."""

    text: str = field(repr=False)
    name: str | None


class NoRoomError(Exception):
    """An inbox holds as much as it may, and all of it waits to be read; nothing was kept."""


def put_pushed(
    conn: sa.Connection, source: str, rows: Sequence[PushedRow], most: int, now: datetime
) -> int:
    """Keep rows of a source, all or none, and return how many are new; `most` is in bytes.

    Raises NoRoomError: the caller rolls back.
    """
    if conn.dialect.name == "postgresql":
        # Whatever the server does otherwise: what is answered with 2xx must outlive a power cut.
        conn.execute(sa.text("SET LOCAL synchronous_commit = on"))
    last, landed, held = _taken(conn, source)
    sizes = [len(row.text.encode()) for row in rows]
    held -= _make_room(conn, source, landed, held + sum(sizes) - most, most)
    told = [
        {"source": source, "number": number, "name": row.name, "at": now, "bytes": size,
         "row": row.text}
        for number, (row, size) in enumerate(zip(rows, sizes, strict=True), last + 1)
    ]  # fmt: skip
    if told:
        conn.execute(_PUT, told)
    new, more = _sums(conn, _held.source == source, _held.number > last)
    _note(conn, source, last=last + len(told), bytes=held + more)
    return new


def pushed_after(conn: sa.Connection, source: str, number: int, most: int) -> list[tuple[int, str]]:
    """Return the next rows of a source behind a number, as text, with their numbers."""
    query = (
        sa.select(_held.number, _held.row)
        .where(_held.source == source, _held.number > number)
        .order_by(_held.number)
        .limit(most)
    )
    return [(row.number, row.row) for row in conn.execute(query)]


def note_landed(conn: sa.Connection, source: str, number: int, before: datetime) -> int:
    """Note that rows up to a number were read; remove those of them that came before a moment.

    Returns how many were removed.
    """
    _, landed, held = _taken(conn, source)
    old = (_held.source == source, _held.number <= number, _held.received_at < before)
    count, freed = _sums(conn, *old)
    conn.execute(sa.delete(pushed_row).where(*old))
    _note(conn, source, landed=max(landed, number), bytes=held - freed)
    return count


def count_pushed(conn: sa.Connection, source: str) -> int:
    """How many rows of a source are held."""
    query = sa.select(sa.func.count()).where(_held.source == source)
    return int(conn.execute(query).scalar_one())


def newest_pushed(conn: sa.Connection, source: str, most: int) -> list[str]:
    """Return the texts of the newest rows of a source."""
    query = sa.select(_held.row).where(_held.source == source)
    return list(conn.scalars(query.order_by(_held.number.desc()).limit(most)))


def _taken(conn: sa.Connection, source: str) -> tuple[int, int, int]:
    """Hold an inbox, made when it is new: its last number, the last one read, its bytes."""
    conn.execute(_MAKE, {"source": source})
    query = sa.select(push_inbox).where(push_inbox.c.source == source).with_for_update()
    row = conn.execute(query).one()
    return row.last, row.landed, row.bytes


def _note(conn: sa.Connection, source: str, **values: int) -> None:
    conn.execute(sa.update(push_inbox).where(push_inbox.c.source == source).values(**values))


def _sums(conn: sa.Connection, *which: sa.ColumnElement[bool]) -> tuple[int, int]:
    """How many rows those are, and their bytes."""
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(_held.bytes), 0)).where(*which)
    count, size = conn.execute(query).one()
    return int(count), int(size)


def _make_room(conn: sa.Connection, source: str, landed: int, over: int, most: int) -> int:
    """Remove rows that were read, the oldest first, where too much would be held; bytes freed."""
    if over <= 0:
        return 0
    query = (
        sa.select(_held.number, _held.bytes)
        .where(_held.source == source, _held.number <= landed)
        .order_by(_held.number)
    )
    freed, last = 0, 0
    with conn.execute(query) as found:
        for row in found:
            freed, last = freed + row.bytes, row.number
            if freed >= max(over, most // _SHARE):
                break
    if freed < over:
        raise NoRoomError
    conn.execute(sa.delete(pushed_row).where(_held.source == source, _held.number <= last))
    return freed
