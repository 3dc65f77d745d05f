"""Dead letters: what could not pass, why, and what became of it. The caller owns the transaction.

They are the only rows of the ledger that hold values.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from json import loads
from typing import Any, Literal

import sqlalchemy as sa
import uuid_utils

from idp_core.db import bulk
from idp_core.db.jsontext import row_json, storable, to_json
from idp_core.db.types import utc_text
from idp_core.ledger.tables import dead_letter

Stage = Literal["read", "map", "check", "resolve", "apply"]
Status = Literal["open", "replayed", "discarded"]

_COLUMNS = tuple(c.name for c in dead_letter.columns if not c.name.startswith("closed_"))


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A row or change that did not pass.

    `source` names a source, or a target for the stage ``apply``. `place` is where in it (file and
    line, page, plan item). `reasons` are objects without values: ``{"field", "step", "reason"}``.
    `row` is the row as it came, a JSON object; `types` the types of its columns before it was one.
    `closed_by` and `closed_why` are a person's word, or why nobody needs the row any more.
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
    types: Mapping[str, str] | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    closed_why: str | None = None


def put_letters(
    conn: sa.Connection, run_id: str, letters: Iterable[DeadLetter], *, now: datetime | None = None
) -> int:
    """Keep dead letters; return how many are new.

    An open letter of the same source, stage and key is the same letter: it is brought up to date
    and keeps its id. Without a key it is known by its content, for the stage ``read`` by its
    place. What is the same at several places of one call is several letters: nothing is lost.
    """
    moment = now or datetime.now(UTC)
    latest = _numbered(letters)
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
    return [_letter(row) for row in conn.execute(query).mappings()]


def read_letters(conn: sa.Connection, ids: Collection[str]) -> Sequence[DeadLetter]:
    """Return dead letters by their ids, oldest first."""
    table = dead_letter.c
    query = sa.select(dead_letter).where(bulk.among(conn, table.id, ids))
    rows = conn.execute(query.order_by(table.created_at, table.id)).mappings()
    return [_letter(row) for row in rows]


def letters_like(conn: sa.Connection, end: str) -> Sequence[DeadLetter]:
    """Return the dead letters whose id ends so, or is it."""
    table = dead_letter.c
    query = sa.select(dead_letter).where(table.id.endswith(end, autoescape=True))
    return [_letter(row) for row in conn.execute(query.order_by(table.id)).mappings()]


def close_letters(
    conn: sa.Connection,
    ids: Collection[str],
    status: Literal["replayed", "discarded"],
    *,
    who: str | None = None,
    why: str | None = None,
    now: datetime | None = None,
) -> int:
    """Close open letters, and let go of their rows; return how many were open."""
    table = dead_letter.c
    ended = {"closed_at": now or datetime.now(UTC), "closed_by": who, "closed_why": why}
    closed = conn.execute(
        sa.update(dead_letter)
        .where(bulk.among(conn, table.id, ids), table.status == "open")
        .values(status=status, row=sa.null(), **ended)
    )
    return closed.rowcount


def amend_letters(conn: sa.Connection, letters: Iterable[DeadLetter]) -> None:
    """Keep what is known better by now of open letters: their stage, key and reasons.

    When and by which run the row was last seen stays: that is the source's word.
    """
    table = dead_letter.c
    for each in letters:
        key = None if each.key is None else storable(each.key)
        known = {"stage": each.stage, "key": key, "reasons": loads(to_json(list(each.reasons)))}
        same = (table.id == each.id) & (table.status == "open")
        conn.execute(sa.update(dead_letter).where(same).values(**known))


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


def forget_letters(
    conn: sa.Connection, source: str, keys: Collection[str], gids: Collection[str] = ()
) -> None:
    """Close what is kept of erased records or changes, and remove its values.

    Letters of a source are found by their `keys`, those of a target by the global id they are for.
    """
    theirs = [bulk.among(conn, dead_letter.c.key, keys)] if keys else []
    theirs += [dead_letter.c.place.endswith(f" {gid}") for gid in gids]
    if theirs:
        conn.execute(
            sa.update(dead_letter)
            .where(dead_letter.c.source == source, sa.or_(*theirs))
            .values(
                row=sa.null(),
                types=sa.null(),
                key=None if gids else dead_letter.c.key,
                status="discarded",
                closed_at=datetime.now(UTC),
                closed_why="the person was erased",
            )
        )


def count_letters(conn: sa.Connection, run: str | None = None) -> Mapping[tuple[str, str], int]:
    """Return how many letters there are by (source, stage): open ones, or all that a run saw."""
    table = dead_letter.c
    query = (
        sa.select(table.source, table.stage, sa.func.count())
        .where(table.status == "open" if run is None else table.run == run)
        .group_by(table.source, table.stage)
        .order_by(table.source, table.stage)
    )
    return {(source, stage): count for source, stage, count in conn.execute(query)}


_Identity = tuple[str, str, str, int]


def _numbered(letters: Iterable[DeadLetter]) -> dict[_Identity, DeadLetter]:
    """Return each letter by what it is known by; the same at the same place counts once."""
    places: dict[tuple[str, str, str], dict[str, DeadLetter]] = {}
    for each in letters:
        places.setdefault(_name(each), {})[each.place] = each
    return {
        (*name, number): each
        for name, found in places.items()
        for number, each in enumerate(found.values())
    }


def _name(each: DeadLetter) -> tuple[str, str, str]:
    if each.key is not None:
        text = f"key\0{each.key}"
    elif each.stage == "read" or each.row is None:
        text = f"place\0{each.place}"
    else:
        text = f"row\0{to_json(loads(row_json(each.row)))}"
    return each.source, each.stage, hashlib.sha256(storable(text).encode()).hexdigest()


def _open(conn: sa.Connection, sources: Collection[str]) -> dict[_Identity, tuple[str, datetime]]:
    table = dead_letter.c
    keyless = sa.case((table.key.is_(None), table.row)).label("row")
    query = sa.select(
        table.id, table.source, table.stage, table.key, table.place, keyless, table.created_at
    ).where(table.status == "open", table.source.in_(sources))
    known: dict[_Identity, tuple[str, datetime]] = {}
    count: Counter[tuple[str, str, str]] = Counter()
    for r in conn.execute(query.order_by(table.created_at, table.id)):
        name = _name(DeadLetter(r.source, r.stage, r.key, r.place, (), r.row))
        known[*name, count[name]] = (r.id, r.created_at)
        count[name] += 1
    return known


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
        None if each.types is None else to_json(dict(each.types)),
        "open",
        utc_text(created),
        utc_text(moment),
    )


def _letter(row: sa.RowMapping) -> DeadLetter:
    return DeadLetter(**row)
