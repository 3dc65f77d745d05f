"""How far each source was read: cursors and landed pages, which commit together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy as sa

from idp_core.db import bulk
from idp_core.db.types import utc_text
from idp_core.ledger.tables import landed_page, read_cursor


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where reading goes on: the last cursor value and the key it stood on.

    `mapping` is the digest of the mapping it was read for: another one means reading anew.
    """

    value: str = field(repr=False)
    key: str = field(repr=False)
    mapping: str


@dataclass(frozen=True, slots=True)
class LandedPage:
    """A page that is safe on the disk, and whether it has been mapped since.

    `path` is the caller's name of its file: relative to the landing folder, which may move.
    `whole` pages are part of a read of all that the source has: what is not in them is gone.
    """

    id: int
    run: str
    source: str
    object: str
    path: str
    rows: int
    mapped: bool
    whole: bool
    landed_at: datetime


def read_cursor_of(conn: sa.Connection, source: str, object_: str) -> Cursor | None:
    """Return where reading an object of a source goes on; None for from the start."""
    table = read_cursor.c
    query = sa.select(read_cursor).where(table.source == source, table.object == object_)
    row = conn.execute(query).one_or_none()
    return Cursor(row.value, row.key, row.mapping) if row else None


def save_cursor(
    conn: sa.Connection, source: str, object_: str, cursor: Cursor, *, now: datetime | None = None
) -> None:
    """Note where reading goes on."""
    columns = ("source", "object", "value", "key", "mapping", "saved_at")
    moment = utc_text(now or datetime.now(UTC))
    row = (source, object_, cursor.value, cursor.key, cursor.mapping, moment)
    bulk.upsert(conn, read_cursor, columns, [row])


def forget_cursor(conn: sa.Connection, source: str, object_: str | None = None) -> None:
    """Have a source (or one of its objects) read from the start at the next run."""
    query = sa.delete(read_cursor).where(read_cursor.c.source == source)
    if object_ is not None:
        query = query.where(read_cursor.c.object == object_)
    conn.execute(query)


def land_page(  # noqa: PLR0913 (a page's parts)
    conn: sa.Connection,
    run_id: str,
    source: str,
    object_: str,
    path: str,
    rows: int,
    *,
    whole: bool = False,
    cursor: Cursor | None = None,
    now: datetime | None = None,
) -> int:
    """Note a page whose file is whole on the disk, with its cursor, together; return its number.

    The same path again is the same page, landed anew.
    """
    moment = now or datetime.now(UTC)
    conn.execute(sa.delete(landed_page).where(landed_page.c.path == path))
    values: dict[str, object] = {"run": run_id, "source": source, "object": object_}
    values |= {"path": path, "rows": rows}
    if cursor is not None:
        values |= {"cursor_value": cursor.value, "cursor_key": cursor.key}
        save_cursor(conn, source, object_, cursor, now=moment)
    values |= {"whole": whole, "state": "landed", "landed_at": moment}
    statement = sa.insert(landed_page).values(**values)
    return int(conn.execute(statement.returning(landed_page.c.id)).scalar_one())


def pages_to_map(conn: sa.Connection, source: str) -> Sequence[LandedPage]:
    """Return the pages of a source, from any run, that are not mapped yet, in order."""
    table = landed_page.c
    query = sa.select(landed_page).where(table.source == source, table.state == "landed")
    return [_page(row) for row in conn.execute(query.order_by(table.id))]


def held_pages(conn: sa.Connection, source: str) -> Sequence[LandedPage]:
    """Return the pages of a source whose files are still kept, mapped or not, in order."""
    query = sa.select(landed_page).where(landed_page.c.source == source)
    return [_page(row) for row in conn.execute(query.order_by(landed_page.c.id))]


def pages_of(conn: sa.Connection, run_id: str) -> Sequence[LandedPage]:
    """Return the pages that a run landed, in order."""
    query = sa.select(landed_page).where(landed_page.c.run == run_id)
    return [_page(row) for row in conn.execute(query.order_by(landed_page.c.id))]


def lose_pages(conn: sa.Connection, pages: Collection[LandedPage]) -> None:
    """Forget pages, and how far their objects were read: what they held is read again."""
    ids = [page.id for page in pages]
    conn.execute(sa.delete(landed_page).where(bulk.among(conn, landed_page.c.id, ids)))
    for source, object_ in {(page.source, page.object) for page in pages}:
        forget_cursor(conn, source, object_)


def mark_mapped(conn: sa.Connection, ids: Collection[int], *, now: datetime | None = None) -> None:
    """Note that pages are mapped; commit it with what came of them."""
    conn.execute(
        sa.update(landed_page)
        .where(bulk.among(conn, landed_page.c.id, ids))
        .values(state="mapped", mapped_at=now or datetime.now(UTC))
    )


def forget_mapped(conn: sa.Connection, before: datetime) -> Sequence[str]:
    """Remove pages mapped before a moment; return their paths, for the files to go after commit."""
    table = landed_page.c
    old = (table.state == "mapped") & (table.mapped_at < before)
    return list(conn.scalars(sa.delete(landed_page).where(old).returning(table.path)))


def _page(row: sa.Row[tuple[object, ...]]) -> LandedPage:
    return LandedPage(
        id=row.id,
        run=row.run,
        source=row.source,
        object=row.object,
        path=row.path,
        rows=row.rows,
        mapped=row.state == "mapped",
        whole=row.whole,
        landed_at=row.landed_at,
    )
