"""Devices that wait: one statement decides who let each in, another who collected its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from idp_core.oidc.device.tables import device_request as table
from idp_core.vault.tokens import digest, keyed, new_letters, new_token

LIFE = timedelta(minutes=10)
INTERVAL = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A device's request: let in when `grant` is set, refused when decided without one."""

    digest: str
    client: str
    scope: tuple[str, ...]
    resources: tuple[str, ...]
    grant: str | None
    decided_at: datetime | None
    polled_at: datetime | None
    expires_at: datetime
    used_at: datetime | None


def start(
    conn: sa.Connection,
    key: bytes,
    client: str,
    scope: Sequence[str],
    resources: Sequence[str],
    now: datetime,
) -> tuple[str, str]:
    """Store a request; return its device code and the code a person types."""
    device, typed = new_token(), new_letters()
    conn.execute(
        sa.insert(table).values(
            digest=digest(device),
            user_code=_key(key, typed),
            client=client,
            scope=list(scope),
            resources=list(resources),
            expires_at=now + LIFE,
        )
    )
    return device, typed


def by_user_code(conn: sa.Connection, key: bytes, typed: str, now: datetime) -> Waiting | None:
    """Return the request a person may decide on, by the code they typed in whatever spelling."""
    query = sa.select(table).where(
        table.c.user_code == _key(key, typed),
        table.c.decided_at.is_(None),
        table.c.expires_at > now,
    )
    return _one(conn, query)


def by_device_code(conn: sa.Connection, device: str) -> Waiting | None:
    """Return a request by its device code, whatever became of it."""
    return _one(conn, sa.select(table).where(table.c.digest == digest(device)))


def decide(conn: sa.Connection, waiting: Waiting, grant: str | None, now: datetime) -> bool:
    """Let a device in, or refuse it; False when somebody decided before."""
    done = conn.execute(
        sa.update(table)
        .where(
            table.c.digest == waiting.digest, table.c.decided_at.is_(None), table.c.expires_at > now
        )
        .values(grant_id=grant, decided_at=now)
    )
    return done.rowcount == 1


def polled(conn: sa.Connection, waiting: Waiting, now: datetime) -> bool:
    """Note that the device asked; False when it asks too often."""
    done = conn.execute(
        sa.update(table)
        .where(
            table.c.digest == waiting.digest,
            sa.or_(table.c.polled_at.is_(None), table.c.polled_at <= now - INTERVAL),
        )
        .values(polled_at=now)
    )
    return done.rowcount == 1


def collect(conn: sa.Connection, waiting: Waiting, now: datetime) -> bool:
    """Use the device code up; of any number at once one is told True."""
    done = conn.execute(
        sa.update(table)
        .where(
            table.c.digest == waiting.digest,
            table.c.used_at.is_(None),
            table.c.grant_id.is_not(None),
            table.c.expires_at > now,
        )
        .values(used_at=now)
        .returning(table.c.digest)
    )
    return done.one_or_none() is not None


def prune(conn: sa.Connection, now: datetime) -> None:
    """Forget requests that ended a day ago."""
    conn.execute(sa.delete(table).where(table.c.expires_at < now - timedelta(days=1)))


def _key(key: bytes, typed: str) -> str:
    return keyed(key, "".join(c for c in typed.upper() if c.isalnum())[:20])


def _one(conn: sa.Connection, query: sa.Select[Any]) -> Waiting | None:
    row = conn.execute(query).one_or_none()
    return (
        None
        if row is None
        else Waiting(
            row.digest,
            row.client,
            tuple(row.scope),
            tuple(row.resources),
            row.grant_id,
            row.decided_at,
            row.polled_at,
            row.expires_at,
            row.used_at,
        )
    )
