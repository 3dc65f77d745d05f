"""Clients in the database. A secret is 256 random bits that we made, kept as a digest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from idp_core.clients.model import Client
from idp_core.clients.tables import client as table
from idp_core.vault.tokens import digest, new_token

# Every request of a client asks it: made once, it is not put together each time.
_GET = sa.select(table).where(table.c.id == sa.bindparam("client"), table.c.disabled_at.is_(None))


@dataclass(frozen=True, slots=True)
class Registered:
    """A client and the digest of its secret."""

    client: Client
    secret: str | None = field(default=None, repr=False)


def put(conn: sa.Connection, client: Client, now: datetime) -> str | None:
    """Register a client, or change one; return its new secret when it was given one now.

    A client that has a secret keeps it; `new_secret` makes another.
    """
    settings = client.model_dump(mode="json", exclude={"id"})
    changed = conn.execute(
        sa.update(table).where(table.c.id == client.id).values(settings=settings)
    )
    if changed.rowcount == 0:
        conn.execute(sa.insert(table).values(id=client.id, settings=settings, created_at=now))
    if not client.auth.startswith("client_secret"):
        conn.execute(sa.update(table).where(table.c.id == client.id).values(secret=None))
        return None
    has = conn.scalar(sa.select(table.c.secret).where(table.c.id == client.id))
    return None if has else new_secret(conn, client.id)


def new_secret(conn: sa.Connection, id_: str) -> str:
    """Give a client another secret and return it; the old one is worth nothing at once."""
    secret = new_token()
    conn.execute(sa.update(table).where(table.c.id == id_).values(secret=digest(secret)))
    return secret


def get(conn: sa.Connection, id_: str) -> Registered | None:
    """Return a client that is in use, None when there is none."""
    row = conn.execute(_GET, {"client": id_}).one_or_none()
    return None if row is None else _registered(row)


def disable(conn: sa.Connection, id_: str, now: datetime) -> bool:
    """Let a client do nothing more; False when there is none in use."""
    done = conn.execute(
        sa.update(table)
        .where(table.c.id == id_, table.c.disabled_at.is_(None))
        .values(disabled_at=now)
    )
    return done.rowcount == 1


def is_disabled(conn: sa.Connection, id_: str) -> bool:
    """Whether a client of this id was in use once and is no more."""
    query = sa.select(table.c.id).where(table.c.id == id_, table.c.disabled_at.is_not(None))
    return conn.scalar(query) is not None


def listed(conn: sa.Connection) -> Sequence[Client]:
    """Return the clients in use, by id."""
    query = sa.select(table).where(table.c.disabled_at.is_(None)).order_by(table.c.id)
    return [_registered(row).client for row in conn.execute(query)]


def names(conn: sa.Connection, ids: Iterable[str]) -> Mapping[str, str]:
    """Return the names of those of these clients that are in use, by id."""
    query = sa.select(table.c.id, table.c.settings).where(
        table.c.id.in_(list(ids)), table.c.disabled_at.is_(None)
    )
    return {row.id: row.settings["name"] for row in conn.execute(query)}


def _registered(row: sa.Row[Any]) -> Registered:
    # What was checked when it was stored is not checked again at each request.
    return Registered(_trusted(row.id, row.settings), row.secret)


def _trusted(id_: str, settings: dict[str, Any]) -> Client:
    values: dict[str, Any] = {"id": id_, **settings}
    for name, value in values.items():
        values[name] = tuple(value) if isinstance(value, list) else value
    return Client.model_construct(None, **values)
