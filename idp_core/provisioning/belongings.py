"""What people said of accounts of a target: whose they are, and whose not.

The caller owns the transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from idp_core.db import bulk
from idp_core.db.types import utc_text
from idp_core.provisioning.tables import belonging

_COLUMNS = tuple(column.name for column in belonging.columns)


@dataclass(frozen=True, slots=True)
class Belonging:
    """A person's word that an account, `remote_id` at the target, is a profile's or is not."""

    target: str
    object: str
    gid: str
    remote_id: str
    theirs: bool
    who: str
    at: datetime

    @property
    def said(self) -> str:
        """Who said it, and when."""
        return f"{self.who} said on {self.at:%Y-%m-%d}"


def put_belonging(conn: sa.Connection, said: Belonging) -> None:
    """Keep a word; one on the same account and profile is replaced."""
    row = [getattr(said, name) for name in _COLUMNS]
    row[_COLUMNS.index("at")] = utc_text(said.at)
    bulk.upsert(conn, belonging, _COLUMNS, [tuple(row)])


def read_belongings(
    conn: sa.Connection, target: str, object_: str, gids: Collection[str] | None = None
) -> Sequence[Belonging]:
    """Return the words on the accounts of a target; `gids` restricts them."""
    query = sa.select(belonging).where(belonging.c.target == target, belonging.c.object == object_)
    if gids is not None:
        query = query.where(bulk.among(conn, belonging.c.gid, gids))
    return [Belonging(**row) for row in conn.execute(query).mappings()]


def list_belongings(conn: sa.Connection, target: str | None, limit: int) -> Sequence[Belonging]:
    """Return the latest words first, of one target or of all."""
    query = sa.select(belonging).order_by(
        belonging.c.at.desc(), belonging.c.gid, belonging.c.remote_id
    )
    if target is not None:
        query = query.where(belonging.c.target == target)
    return [Belonging(**row) for row in conn.execute(query.limit(limit)).mappings()]


def drop_belongings(conn: sa.Connection, target: str, object_: str, gids: Collection[str]) -> None:
    """Take back what was said of these profiles at one target."""
    conn.execute(
        sa.delete(belonging).where(
            belonging.c.target == target,
            belonging.c.object == object_,
            bulk.among(conn, belonging.c.gid, gids),
        )
    )


def forget_belongings(conn: sa.Connection, gids: Collection[str]) -> None:
    """Remove what was said of these profiles at every target, for an erasure."""
    conn.execute(sa.delete(belonging).where(bulk.among(conn, belonging.c.gid, gids)))
