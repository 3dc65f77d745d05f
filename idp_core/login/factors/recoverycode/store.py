"""Recovery codes as keyed digests; of several who use one at once, one does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from idp_core.login.factors.recoverycode.tables import recovery_code as table
from idp_core.vault.tokens import keyed, new_letters

COUNT = 10


def renew(conn: sa.Connection, key: bytes, account: str) -> Sequence[str]:
    """Give an account new codes in the place of all it had, and return them, this one time."""
    remove(conn, account)
    codes = [new_letters(3) for _ in range(COUNT)]
    rows = [{"account": account, "digest": _digest(key, account, code)} for code in codes]
    conn.execute(sa.insert(table), rows)
    return codes


def remove(conn: sa.Connection, account: str) -> None:
    """Take an account's codes away."""
    conn.execute(sa.delete(table).where(table.c.account == account))


def left(conn: sa.Connection, account: str) -> int:
    """Return how many codes of an account were not used."""
    query = sa.select(sa.func.count()).where(table.c.account == account, table.c.used_at.is_(None))
    return conn.scalar(query) or 0


def use(conn: sa.Connection, key: bytes, account: str, code: str, now: datetime) -> bool:
    """Use a code up; False when it is none, or was used."""
    done = conn.execute(
        sa.update(table)
        .where(
            table.c.account == account,
            table.c.digest == _digest(key, account, code),
            table.c.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(table.c.digest)
    )
    return done.one_or_none() is not None


def _digest(key: bytes, account: str, code: str) -> str:
    plain = "".join(sign for sign in code.upper() if sign.isalnum())[:20]
    return keyed(key, "recovery", account, plain)
