"""Tickets: random tokens that work once (links in mails), and short codes beside them.

A ticket is used by one conditional UPDATE … RETURNING: of any number who send it at once, the
database lets one through. What it carries is sealed; the token itself is kept as a digest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from idp_core.tickets.tables import ticket
from idp_core.vault.sealing import Sealer
from idp_core.vault.tokens import digest, new_token, same

MOST_TRIES = 5
"""Wrong codes after which a ticket is dead."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket that was used or looked at: whose it is, and what it carries."""

    purpose: str
    account: str | None
    data: Mapping[str, Any] = field(repr=False)


def issue(
    conn: sa.Connection,
    sealer: Sealer,
    purpose: str,
    data: Mapping[str, Any],
    expires_at: datetime,
    *,
    account: str | None = None,
    code: str | None = None,
) -> str:
    """Store a new ticket and return its token. `code` is the keyed digest of a short code."""
    token = new_token()
    key = digest(token)
    conn.execute(
        sa.insert(ticket).values(
            digest=key,
            purpose=purpose,
            account=account,
            sealed=sealer.seal(json.dumps(dict(data)).encode(), f"ticket {key}"),
            code=code,
            expires_at=expires_at,
        )
    )
    return token


def use(
    conn: sa.Connection, sealer: Sealer, purpose: str, token: str, now: datetime
) -> Ticket | None:
    """Use a ticket up; None when it is unknown, used, too old or of another purpose."""
    row = conn.execute(
        sa.update(ticket)
        .where(*_good(purpose, token, now))
        .values(used_at=now)
        .returning(ticket.c.digest, ticket.c.account, ticket.c.sealed)
    ).one_or_none()
    return None if row is None else _opened(row, purpose, sealer)


def look(
    conn: sa.Connection, sealer: Sealer, purpose: str, token: str, now: datetime
) -> Ticket | None:
    """Look at a ticket that could be used now, and leave it so."""
    query = sa.select(ticket.c.digest, ticket.c.account, ticket.c.sealed)
    row = conn.execute(query.where(*_good(purpose, token, now))).one_or_none()
    return None if row is None else _opened(row, purpose, sealer)


def try_code(conn: sa.Connection, purpose: str, token: str, code: str, now: datetime) -> bool:
    """Whether `code`, keyed, is the ticket's; each try counts, and `MOST_TRIES` end it.

    The try is counted before the comparison: whoever sends many at once has no more of them.
    """
    known = conn.execute(
        sa.update(ticket)
        .where(*_good(purpose, token, now), ticket.c.tries < MOST_TRIES)
        .values(tries=ticket.c.tries + 1)
        .returning(ticket.c.code)
    ).scalar_one_or_none()
    return known is not None and same(known, code)


def drop(conn: sa.Connection, purpose: str, account: str, now: datetime) -> None:
    """End an account's open tickets of one purpose: the newest is the only one that works."""
    conn.execute(
        sa.update(ticket)
        .where(ticket.c.account == account, ticket.c.purpose == purpose, ticket.c.used_at.is_(None))
        .values(used_at=now)
    )


def prune(conn: sa.Connection, now: datetime) -> int:
    """Remove tickets that ended a day ago; return how many."""
    before = now - timedelta(days=1)
    return conn.execute(sa.delete(ticket).where(ticket.c.expires_at < before)).rowcount


def _good(purpose: str, token: str, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        ticket.c.digest == digest(token),
        ticket.c.purpose == purpose,
        ticket.c.used_at.is_(None),
        ticket.c.expires_at > now,
    )


def _opened(row: Any, purpose: str, sealer: Sealer) -> Ticket:
    data = json.loads(sealer.open(row.sealed, f"ticket {row.digest}"))
    return Ticket(purpose, row.account, data)
