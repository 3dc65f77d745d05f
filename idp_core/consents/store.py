"""Consents: each is a receipt that stays; the newest one that was not taken back holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import uuid_utils

from idp_core.consents.tables import app_consent as table


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person agreed to: which client gets which scopes, in which words' language."""

    receipt: str
    client: str
    version: int
    scope: frozenset[str]
    given_at: datetime


def give(
    conn: sa.Connection,
    account: str,
    client: str,
    scope: Sequence[str],
    language: str,
    now: datetime,
) -> Consent:
    """Record a consent, beside what was agreed to before."""
    before = current(conn, account, client)
    together = frozenset(scope) | (before.scope if before else frozenset())
    last = conn.scalar(
        sa.select(sa.func.max(table.c.version)).where(
            table.c.account == account, table.c.client == client
        )
    )
    made = Consent(str(uuid_utils.uuid7()), client, (last or 0) + 1, together, now)
    conn.execute(
        sa.insert(table).values(
            receipt=made.receipt,
            account=account,
            client=client,
            version=made.version,
            scope=sorted(together),
            language=language,
            given_at=now,
        )
    )
    return made


def current(conn: sa.Connection, account: str, client: str) -> Consent | None:
    """Return the consent that holds."""
    query = (
        sa.select(table)
        .where(table.c.account == account, table.c.client == client, table.c.ended_at.is_(None))
        .order_by(table.c.version.desc())
        .limit(1)
    )
    row = conn.execute(query).one_or_none()
    return None if row is None else _consent(row)


def _consent(row: sa.Row[Any]) -> Consent:
    return Consent(row.receipt, row.client, row.version, frozenset(row.scope), row.given_at)
