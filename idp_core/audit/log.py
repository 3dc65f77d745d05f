"""Append to the audit log, read it, verify it.

Each entry's MAC covers the entry and the MAC before it, with a key that is not in the database:
whoever changes, removes or inserts an entry there cannot make the chain right again. Entries hold
ids, names of attributes and counts, never a customer's value. Operations of provisioning are rows
of their own under one entry a batch: `idp_core.audit.operations`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from idp_core.audit import operations
from idp_core.audit.operations import Line, Operation
from idp_core.audit.tables import audit, operation
from idp_core.db import bulk, counters
from idp_core.db.jsontext import to_json
from idp_core.db.types import utc_text
from idp_core.vault.tokens import keyed, same

_SERIES = "audit"
START = "0" * 64
"""What stands in the place of a MAC before the first entry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `actor` is who did it: ``self``, ``client:ID``, ``admin:NAME``."""

    kind: str
    outcome: str
    time: datetime
    account: str | None = None
    actor: str = "self"
    data: Mapping[str, Any] = field(default_factory=dict)
    position: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found: how many entries hold, and where the chain breaks first.

    `operations` are those of provisioning that stand under the entries.
    """

    entries: int
    broken_at: int | None = None
    last: str = START
    operations: int = 0


def record(conn: sa.Connection, key: bytes, entry: Entry) -> None:
    """Append an entry in the caller's transaction; writers take turns until they commit."""
    _append(conn, key, counters.take(conn, _SERIES), entry)


def note(conn: sa.Connection, key: bytes, kind: str, by: str, data: Mapping[str, Any]) -> None:
    """Append that somebody did something now, as the last thing in the transaction that does it.

    `by` is who did it: ``operator:ann``, ``source:crm``.
    """
    record(conn, key, Entry(kind, "done", datetime.now(UTC), actor=by, data=data))


def operator(who: str) -> str:
    """Return the name that a person at the command line has in the log."""
    return f"operator:{who}"


def record_operations(conn: sa.Connection, key: bytes, entry: Entry, batch: Sequence[Line]) -> None:
    """Append operations under one entry, whose data get their number and digest.

    Call it last in the transaction: whoever else writes to the log waits for its end.
    """
    position = counters.take(conn, _SERIES)
    digest = operations.insert(conn, key, position, batch)
    data = {**entry.data, "operations": len(batch), "digest": digest}
    _append(conn, key, position, replace(entry, data=data))


def _append(conn: sa.Connection, key: bytes, position: int, entry: Entry) -> None:
    before = START
    if position > 1:
        query = sa.select(audit.c.mac).where(audit.c.position == position - 1)
        before = conn.execute(query).scalar_one_or_none() or START
    conn.execute(
        sa.insert(audit).values(
            position=position,
            time=entry.time,
            kind=entry.kind,
            outcome=entry.outcome,
            account=entry.account,
            actor=entry.actor,
            data=dict(entry.data),
            mac=_mac(key, before, position, entry),
        )
    )


def verify(conn: sa.Connection, key: bytes) -> Verdict:
    """Check the whole chain with the operations under it, its end too: the last number taken is
    that of the last entry.
    """
    before, count, under = START, 0, 0
    held = operations.batches(conn, key)
    batch = next(held, None)
    query = sa.select(audit).order_by(audit.c.position)
    with conn.execute(query, execution_options={"yield_per": 5_000}) as rows:
        for row in rows:
            entry = _entry(row)
            right = _mac(key, before, count + 1, entry)
            if row.position != count + 1 or not same(row.mac, right):
                return Verdict(count, row.position, before, under)
            if entry.kind in operations.KINDS:
                said = (row.position, entry.data.get("operations"), entry.data.get("digest"))
                if batch != said:
                    return Verdict(count, row.position, before, under)
                under += batch[1]
                batch = next(held, None)
            before, count = row.mac, count + 1
    if batch is not None or counters.last(conn, _SERIES) != count:
        return Verdict(count, batch[0] if batch else count + 1, before, under)
    return Verdict(count, None, before, under)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which operations are meant; what is None, or empty, does not restrict them."""

    gids: Collection[str] = ()
    target: str | None = None
    run: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    plan: str | None = None


def find_operations(
    conn: sa.Connection, wanted: Wanted, limit: int | None = None
) -> Iterator[tuple[Entry, Operation]]:
    """Yield operations with the entry that they stand under, latest first."""
    data = sa.type_coerce(audit.c.data, sa.JSON)
    query = sa.select(audit, *(each.label(f"op_{each.name}") for each in operation.columns))
    query = query.join(operation, operation.c.batch == audit.c.position)
    query = query.where(audit.c.kind.in_(operations.KINDS))
    if wanted.gids:
        query = query.where(bulk.among(conn, operation.c.gid, wanted.gids))
    if wanted.since:
        query = query.where(audit.c.time >= wanted.since, operation.c.time >= wanted.since)
    if wanted.until:
        query = query.where(operation.c.time < wanted.until)
    for name in ("target", "run", "plan"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(data[name].as_string() == value)
    query = query.order_by(operation.c.batch.desc(), operation.c.number.desc()).limit(limit)
    with conn.execute(query, execution_options={"yield_per": 5_000}) as rows:
        for row in rows:
            under = {name: getattr(row, f"op_{name}") for name in Operation._fields}
            yield _entry(row), Operation(**under)


@dataclass(frozen=True, slots=True)
class Meant:
    """Which entries are meant; what is None does not restrict them.

    `kind` is a whole kind or the first word of some: ``profile.erased``, ``profile``.
    """

    kind: str | None = None
    actor: str | None = None
    account: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def find(conn: sa.Connection, meant: Meant, limit: int | None = None) -> Iterator[Entry]:
    """Yield entries, latest first."""
    query = sa.select(audit).order_by(audit.c.position.desc()).limit(limit)
    if meant.kind is not None:
        below = audit.c.kind.startswith(f"{meant.kind}.", autoescape=True)
        query = query.where(sa.or_(audit.c.kind == meant.kind, below))
    for name in ("actor", "account"):
        if (value := getattr(meant, name)) is not None:
            query = query.where(audit.c[name] == value)
    if meant.since is not None:
        query = query.where(audit.c.time >= meant.since)
    if meant.until is not None:
        query = query.where(audit.c.time < meant.until)
    with conn.execute(query, execution_options={"yield_per": 5_000}) as rows:
        yield from map(_entry, rows)


@dataclass(frozen=True, slots=True)
class OperationCount:
    """How many operations of a run ended alike."""

    actor: str
    target: str
    object: str
    action: str
    outcome: str
    operations: int


def count_operations(conn: sa.Connection, run: str) -> Sequence[OperationCount]:
    """Return what a run wrote, by target, action and outcome."""
    data = sa.type_coerce(audit.c.data, sa.JSON)
    kinds = (audit.c.actor, data["target"].as_string(), data["object"].as_string())
    ends = (operation.c.action, operation.c.outcome)
    query = (
        sa.select(*kinds, *ends, sa.func.count())
        .join(operation, operation.c.batch == audit.c.position)
        .where(audit.c.kind.in_(operations.KINDS), data["run"].as_string() == run)
        .group_by(*(sa.literal_column(str(place)) for place in range(1, 6)))
        .order_by(*(sa.literal_column(str(place)) for place in range(1, 6)))
    )
    return [OperationCount(*row) for row in conn.execute(query)]


def any_entry(conn: sa.Connection) -> bool:
    """Whether the log has an entry at all."""
    return counters.last(conn, _SERIES) > 0


def of_account(
    conn: sa.Connection, account: str, limit: int = 50, skip: int = 0
) -> Sequence[Entry]:
    """Return the last entries of an account, newest first, without the newest `skip`."""
    query = (
        sa.select(audit)
        .where(audit.c.account == account)
        .order_by(audit.c.position.desc())
        .limit(limit)
        .offset(skip)
    )
    return [_entry(row) for row in conn.execute(query)]


def read(conn: sa.Connection, since: int = 0, limit: int = 1000) -> Iterator[Entry]:
    """Yield entries after a position, oldest first."""
    query = sa.select(audit).where(audit.c.position > since).order_by(audit.c.position)
    for row in conn.execute(query.limit(limit)):
        yield _entry(row)


def _entry(row: sa.Row[Any]) -> Entry:
    return Entry(
        row.kind, row.outcome, row.time, row.account, row.actor, row.data, int(row.position)
    )


def _mac(key: bytes, before: str, position: int, entry: Entry) -> str:
    return keyed(
        key,
        before,
        str(position),
        utc_text(entry.time),
        entry.kind,
        entry.outcome,
        entry.account or "",
        entry.actor,
        to_json(entry.data),
    )
