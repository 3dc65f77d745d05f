"""Dead letters: what could not pass, why, and what became of it. The caller owns the transaction.

They are the only rows of the ledger that hold values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa
import uuid_utils

from idp_core.db import bulk
from idp_core.db.jsontext import row_json, storable, to_json
from idp_core.db.types import utc_text
from idp_core.ledger.tables import dead_letter

Stage = Literal["read", "map", "check", "resolve", "apply"]
Status = Literal["open", "replayed", "discarded"]

_COLUMNS = tuple(c.name for c in dead_letter.columns if c.name != "closed_at")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A row or change that did not pass.

    `source` names a source, or a target for the stage ``apply``. `place` is where in it (file and
    line, page, plan item). `reasons` are objects without values: ``{"field", "step", "reason"}``.
    `row` is the row as it came, a JSON object.
    """

    source: str
    stage: Stage
    key: str | None
    place: str
    reasons: Sequence[Mapping[str, Any]]
    row: Mapping[str, Any] | None = field(default=None, repr=False)
    run: str = ""
    id: str = ""
    status: Status = "open"
    created_at: datetime | None = None
    seen_at: datetime | None = None


def put_letters(
    conn: sa.Connection, run_id: str, letters: Iterable[DeadLetter], *, now: datetime | None = None
) -> int:
    """Keep dead letters; return how many are new.

    An open letter of the same source, stage and key (or place, when there is no key) is the same
    letter: it is brought up to date and keeps its id.
    """
    moment = now or datetime.now(UTC)
    latest = {_identity(each): each for each in letters}
    known = _open(conn, {each.source for each in latest.values()})
    rows = [
        _row(each, run_id, *known.get(name, (str(uuid_utils.uuid7()), moment)), moment)
        for name, each in latest.items()
    ]
    bulk.upsert(conn, dead_letter, _COLUMNS, rows)
    return sum(name not in known for name in latest)


def list_letters(
    conn: sa.Connection,
    *,
    source: str | None = None,
    status: Status | None = "open",
    stage: Stage | None = None,
    run: str | None = None,
    limit: int | None = None,
) -> Sequence[DeadLetter]:
    """Return dead letters, oldest first."""
    table = dead_letter.c
    query = sa.select(dead_letter).order_by(table.created_at, table.id).limit(limit)
    wanted = {"source": source, "status": status, "stage": stage, "run": run}
    for name, value in wanted.items():
        if value is not None:
            query = query.where(table[name] == value)
    return [_letter(row) for row in conn.execute(query)]


def read_letters(conn: sa.Connection, ids: Collection[str]) -> Sequence[DeadLetter]:
    """Return dead letters by their ids, oldest first."""
    table = dead_letter.c
    query = sa.select(dead_letter).where(bulk.among(conn, table.id, ids))
    return [_letter(row) for row in conn.execute(query.order_by(table.created_at, table.id))]


def close_letters(
    conn: sa.Connection,
    ids: Collection[str],
    status: Literal["replayed", "discarded"],
    *,
    now: datetime | None = None,
) -> int:
    """Close open letters, and let go of their rows; return how many were open."""
    table = dead_letter.c
    closed = conn.execute(
        sa.update(dead_letter)
        .where(bulk.among(conn, table.id, ids), table.status == "open")
        .values(status=status, closed_at=now or datetime.now(UTC), row=sa.null())
    )
    return closed.rowcount


def settle_letters(
    conn: sa.Connection, source: str, keys: Collection[str], *, now: datetime | None = None
) -> int:
    """Close as replayed the open map and check letters of rows that pass now; return how many."""
    table = dead_letter.c
    query = sa.select(table.id).where(
        table.source == source,
        table.status == "open",
        table.stage.in_(("map", "check")),
        bulk.among(conn, table.key, keys),
    )
    return close_letters(conn, list(conn.scalars(query)), "replayed", now=now)


def count_letters(conn: sa.Connection) -> Mapping[tuple[str, str], int]:
    """Return how many open letters there are by (source, stage)."""
    table = dead_letter.c
    query = (
        sa.select(table.source, table.stage, sa.func.count())
        .where(table.status == "open")
        .group_by(table.source, table.stage)
        .order_by(table.source, table.stage)
    )
    return {(source, stage): count for source, stage, count in conn.execute(query)}


def _identity(each: DeadLetter) -> tuple[str, str, str]:
    name = f"key\0{each.key}" if each.key is not None else f"place\0{each.place}"
    return each.source, each.stage, hashlib.sha256(storable(name).encode()).hexdigest()


def _open(
    conn: sa.Connection, sources: Collection[str]
) -> dict[tuple[str, str, str], tuple[str, datetime]]:
    table = dead_letter.c
    query = sa.select(
        table.id, table.source, table.stage, table.key, table.place, table.created_at
    ).where(table.status == "open", table.source.in_(sources))
    return {
        _identity(DeadLetter(r.source, r.stage, r.key, r.place, ())): (r.id, r.created_at)
        for r in conn.execute(query)
    }


def _row(each: DeadLetter, run_id: str, id_: str, created: datetime, moment: datetime) -> bulk.Row:
    return (
        id_,
        run_id,
        each.source,
        each.stage,
        None if each.key is None else storable(each.key),
        storable(each.place),
        to_json(list(each.reasons)),
        None if each.row is None else row_json(each.row),
        "open",
        utc_text(created),
        utc_text(moment),
    )


def _letter(row: sa.Row[Any]) -> DeadLetter:
    return DeadLetter(
        row.source,
        row.stage,
        row.key,
        row.place,
        row.reasons,
        row.row,
        row.run,
        row.id,
        row.status,
        row.created_at,
        row.seen_at,
    )
