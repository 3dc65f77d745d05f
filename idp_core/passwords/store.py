"""The password of each account, as a hash."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from idp_core.passwords.tables import password


def get(conn: sa.Connection, account: str) -> str | None:
    """Return an account's hash, None when it has no password."""
    return conn.scalar(sa.select(password.c.hash).where(password.c.account == account))


def put(conn: sa.Connection, account: str, hash_: str, now: datetime) -> None:
    """Give an account a password."""
    changed = conn.execute(
        sa.update(password).where(password.c.account == account).values(hash=hash_, changed_at=now)
    )
    if changed.rowcount == 0:
        conn.execute(sa.insert(password).values(account=account, hash=hash_, changed_at=now))


def rehash(conn: sa.Connection, account: str, old: str, new: str) -> None:
    """Put a better hash of the same password in the place of `old`, if that is still there."""
    conn.execute(
        sa.update(password)
        .where(password.c.account == account, password.c.hash == old)
        .values(hash=new)
    )
