"""Consents: each is a receipt that stays; the newest one that was not taken back holds."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import uuid_utils

from idp_core.consents.tables import app_consent as table
from idp_core.db import bulk
from idp_core.db.jsontext import to_json

Claims = Mapping[str, Collection[str]]
"""By scope, the names of the claims that it stands for."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person agreed to: which client gets which scopes, in which words' language."""

    receipt: str
    client: str
    version: int
    scope: frozenset[str]
    given_at: datetime
    language: str
    claims: Claims | None = None
    """What the scopes stood for; None of a consent from before that was kept."""
    ended_at: datetime | None = None

    def covers(self, wanted: Claims) -> frozenset[str]:
        """Return the wanted scopes that were agreed to, and stand for no more than they did."""
        known = self.claims or {}
        return frozenset(
            scope
            for scope, names in wanted.items()
            if scope in self.scope and set(names) <= set(known.get(scope, ()))
        )

    def digest(self) -> str:
        """Return the SHA-256 of what was agreed to: scopes, and the claims of each."""
        told = {scope: sorted((self.claims or {}).get(scope, ())) for scope in sorted(self.scope)}
        return hashlib.sha256(to_json(told).encode()).hexdigest()


def give(
    conn: sa.Connection,
    account: str,
    client: str,
    wanted: Claims,
    language: str,
    now: datetime,
) -> Consent:
    """Record a consent to scopes and what they stand for, beside what was agreed to before.

    Of several at once each gets a version of its own, and the newest holds what all of them said.
    """
    while True:
        try:
            with conn.begin_nested():
                return _give(conn, account, client, wanted, language, now)
        except sa.exc.IntegrityError:
            continue  # another one was given meanwhile: this one comes after it


def _give(
    conn: sa.Connection,
    account: str,
    client: str,
    wanted: Claims,
    language: str,
    now: datetime,
) -> Consent:
    # One statement: what holds and the last number are of one moment.
    rows = conn.execute(_of(account, client)).all()
    before = next((_consent(row) for row in rows if row.ended_at is None), None)
    together = frozenset(wanted) | (before.scope if before else frozenset())
    claims = {**((before.claims if before else None) or {}), **wanted}
    last = rows[0].version if rows else 0
    made = Consent(str(uuid_utils.uuid7()), client, last + 1, together, now, language, claims)
    conn.execute(
        sa.insert(table).values(
            receipt=made.receipt,
            account=account,
            client=client,
            version=made.version,
            scope=sorted(together),
            claims={scope: sorted(names) for scope, names in claims.items()},
            language=language,
            given_at=now,
        )
    )
    return made


def hold(conn: sa.Connection, account: str, client: str, wanted: Claims) -> bool:
    """Whether a consent covers all of it, until this transaction ends: it is taken back after."""
    query = _of(account, client).where(table.c.ended_at.is_(None)).limit(1)
    row = conn.execute(query.with_for_update(read=True)).one_or_none()
    return row is not None and _consent(row).covers(wanted) == set(wanted)


def end(conn: sa.Connection, account: str, client: str, now: datetime) -> Sequence[str]:
    """Take back what an account agreed to with a client; return the receipts that hold no more."""
    ended = conn.execute(
        sa.update(table)
        .where(table.c.account == account, table.c.client == client, table.c.ended_at.is_(None))
        .values(ended_at=now)
        .returning(table.c.receipt)
    )
    return list(ended.scalars())


def of_account(conn: sa.Connection, account: str) -> list[Consent]:
    """Return the consents of an account that hold, one for each client, by client."""
    query = (
        sa.select(table)
        .where(table.c.account == account, table.c.ended_at.is_(None))
        .order_by(table.c.client, table.c.version)
    )
    return list({row.client: _consent(row) for row in conn.execute(query)}.values())


def ever(conn: sa.Connection, accounts: Collection[str]) -> Sequence[Consent]:
    """Return all that accounts ever agreed to, also what was taken back, oldest first."""
    query = sa.select(table).where(bulk.among(conn, table.c.account, accounts))
    rows = conn.execute(query.order_by(table.c.given_at, table.c.receipt))
    return [_consent(row) for row in rows]


def current(conn: sa.Connection, account: str, client: str) -> Consent | None:
    """Return the consent that holds."""
    query = _of(account, client).where(table.c.ended_at.is_(None)).limit(1)
    row = conn.execute(query).one_or_none()
    return None if row is None else _consent(row)


def _consent(row: sa.Row[Any]) -> Consent:
    scope = frozenset(row.scope)
    told = (row.receipt, row.client, row.version, scope, row.given_at, row.language, row.claims)
    return Consent(*told, row.ended_at)


def _of(account: str, client: str) -> sa.Select[Any]:
    """Select the consents to one client, newest first."""
    return (
        sa.select(table)
        .where(table.c.account == account, table.c.client == client)
        .order_by(table.c.version.desc())
    )
