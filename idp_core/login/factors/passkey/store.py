"""Passkeys of accounts: public keys, and how often each device says that it signed.

A signature is taken by one conditional UPDATE of the count: where a device counts, the same answer,
or one of a copy that has fallen behind, is taken no second time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from idp_core.login.factors.passkey.tables import passkey as table

LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Passkey:
    """One passkey; `id` is the credential's, in base64url."""

    id: str
    account: str
    public_key: bytes = field(repr=False)
    sign_count: int
    name: str
    added_at: datetime
    used_at: datetime | None = None


def add(conn: sa.Connection, made: Passkey) -> bool:
    """Keep a passkey; False when its id is known, whosever it is."""
    try:
        with conn.begin_nested():
            conn.execute(
                sa.insert(table).values(
                    id=made.id,
                    account=made.account,
                    public_key=made.public_key,
                    sign_count=made.sign_count,
                    name=made.name,
                    added_at=made.added_at,
                )
            )
    except sa.exc.IntegrityError:
        return False
    return True


def find(conn: sa.Connection, id_: str) -> Passkey | None:
    """Return a passkey by its id."""
    row = conn.execute(sa.select(table).where(table.c.id == id_)).one_or_none()
    return None if row is None else _passkey(row)


def of_account(conn: sa.Connection, account: str) -> Sequence[Passkey]:
    """Return the passkeys of an account, the oldest first."""
    query = sa.select(table).where(table.c.account == account)
    return [_passkey(row) for row in conn.execute(query.order_by(table.c.added_at, table.c.id))]


def signed(conn: sa.Connection, id_: str, count: int, now: datetime) -> bool:
    """Note a signature with its count; False when the count does not go on (WebAuthn 6.1.1).

    A device that does not count says 0 each time.
    """
    goes_on = sa.or_(
        table.c.sign_count < count, sa.and_(table.c.sign_count == 0, sa.literal(count) == 0)
    )
    done = conn.execute(
        sa.update(table).where(table.c.id == id_, goes_on).values(sign_count=count, used_at=now)
    )
    return done.rowcount == 1


def rename(conn: sa.Connection, account: str, id_: str, name: str) -> bool:
    """Call a passkey otherwise; False when the account has none of this id."""
    mine = (table.c.account == account, table.c.id == id_)
    return conn.execute(sa.update(table).where(*mine).values(name=name)).rowcount == 1


def remove(conn: sa.Connection, account: str, id_: str) -> bool:
    """Take a passkey away; False when the account has none of this id."""
    done = conn.execute(sa.delete(table).where(table.c.account == account, table.c.id == id_))
    return done.rowcount == 1


def _passkey(row: sa.Row[tuple[object, ...]]) -> Passkey:
    return Passkey(
        row.id, row.account, row.public_key, row.sign_count, row.name, row.added_at, row.used_at
    )
