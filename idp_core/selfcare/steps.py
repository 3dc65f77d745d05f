"""Which further steps guard an account, and the recovery codes that stand in for them."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.login.factors.recoverycode import store as codes
from idp_core.login.factors.sms import store as sms
from idp_core.login.factors.totp import store as totp


def has_step(conn: sa.Connection, account: str) -> bool:
    """Whether an app or a number is asked for after the password."""
    return totp.has(conn, account) or sms.has(conn, account)


def forget_needless_codes(conn: sa.Connection, account: str) -> None:
    """Take the recovery codes away once there is no step that they stand in for."""
    if not has_step(conn, account):
        codes.remove(conn, account)
