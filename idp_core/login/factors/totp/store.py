"""The secret of an account's app, sealed, and the last step a code of it was taken for.

A code is taken for a step later than any before, by one conditional UPDATE: the same code, sent
again or by several at once, is taken once.
"""

from __future__ import annotations

from datetime import datetime

import pyotp
import sqlalchemy as sa

from idp_core.login.factors.totp.tables import totp as table
from idp_core.vault.sealing import Sealer
from idp_core.vault.tokens import same

SECONDS = 30
_SKEW = 1
"""Steps that a clock may be wrong by."""


def new_secret() -> str:
    """Return 160 random bits in base32."""
    return pyotp.random_base32()


def uri(secret: str, email: str, place: str) -> str:
    """Return what the app reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=place)


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """Return the step a code is of; None when it is not of this time."""
    current = int(now.timestamp()) // SECONDS
    made = pyotp.TOTP(secret)
    found = None
    for step in range(current - _SKEW, current + _SKEW + 1):
        if same(made.generate_otp(step), code):
            found = step
    return found


def put(
    conn: sa.Connection, sealer: Sealer, account: str, secret: str, step: int, now: datetime
) -> None:
    """Set an app up in the place of any other; `step` is that of the code that showed it works."""
    remove(conn, account)
    sealed = sealer.seal(secret.encode(), f"totp {account}")
    conn.execute(sa.insert(table).values(account=account, sealed=sealed, last_step=step, since=now))


def remove(conn: sa.Connection, account: str) -> bool:
    """Take the app away; False when there was none."""
    return conn.execute(sa.delete(table).where(table.c.account == account)).rowcount > 0


def has(conn: sa.Connection, account: str) -> bool:
    """Whether an account has an app."""
    query = sa.select(sa.literal(1)).where(table.c.account == account)
    return conn.scalar(query) is not None


def take(conn: sa.Connection, sealer: Sealer, account: str, code: str, now: datetime) -> bool:
    """Whether this is a code of the app, not taken before."""
    query = sa.select(table.c.sealed).where(table.c.account == account)
    sealed = conn.scalar(query)
    if sealed is None:
        return False
    step = step_of(sealer.open(sealed, f"totp {account}").decode(), code, now)
    if step is None:
        return False
    taken = conn.execute(
        sa.update(table)
        .where(table.c.account == account, table.c.last_step < step)
        .values(last_step=step)
    )
    return taken.rowcount == 1
