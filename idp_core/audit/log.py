"""Append to the audit log, read it, verify it.

Each entry's MAC covers the entry and the MAC before it, with a key that is not in the database:
whoever changes, removes or inserts an entry there cannot make the chain right again. Entries hold
ids, names of attributes and counts, never a customer's value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from idp_core.audit.tables import audit
from idp_core.db import counters
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
    """What `verify` found: how many entries hold, and where the chain breaks first."""

    entries: int
    broken_at: int | None = None
    last: str = START


def record(conn: sa.Connection, key: bytes, entry: Entry) -> None:
    """Append an entry in the caller's transaction; writers take turns until they commit."""
    position = counters.take(conn, _SERIES)
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
    """Check the whole chain, its end too: the last number taken is that of the last entry."""
    before, count = START, 0
    query = sa.select(audit).order_by(audit.c.position)
    with conn.execute(query, execution_options={"yield_per": 5_000}) as rows:
        for row in rows:
            right = _mac(key, before, count + 1, _entry(row))
            if row.position != count + 1 or not same(row.mac, right):
                return Verdict(count, row.position, before)
            before, count = row.mac, count + 1
    if counters.last(conn, _SERIES) != count:
        return Verdict(count, count + 1, before)
    return Verdict(count, None, before)


def of_account(conn: sa.Connection, account: str, limit: int = 50) -> Sequence[Entry]:
    """Return the last entries of an account, newest first."""
    query = (
        sa.select(audit)
        .where(audit.c.account == account)
        .order_by(audit.c.position.desc())
        .limit(limit)
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
