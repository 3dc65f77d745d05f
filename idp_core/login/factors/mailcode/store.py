"""Mailed codes: tickets whose token is a cookie of the browser that asked.

The mail alone lets nobody in, nor does the browser alone; five wrong codes end the ticket.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from idp_core.accounts.store import Account
from idp_core.http.ask import Ask
from idp_core.site.site import Site
from idp_core.tickets import store as tickets
from idp_core.tickets.store import Ticket
from idp_core.vault.tokens import keyed, new_digits

LIFE = timedelta(minutes=10)
_PURPOSE = "mailcode"
_COOKIE = "mailcode"
_DIGITS = 8
_NOBODY = "00000000-0000-0000-0000-000000000000"


def make(
    conn: sa.Connection, site: Site, account: Account | None, address: str, to: str
) -> tuple[str, tuple[str, str]]:
    """Return a new code and the Set-Cookie header of its ticket; the same for nobody's address."""
    code, whose, now = new_digits(_DIGITS), account.id if account else _NOBODY, site.clock()
    token = tickets.issue(
        conn,
        site.sealer,
        _PURPOSE,
        {"email": address, "to": to},
        now + LIFE,
        account=whose,
        code=_digest(site, code),
    )
    return code, site.pages.cookie(_COOKIE, token, int(LIFE.total_seconds()))


def asked(conn: sa.Connection, ask: Ask, site: Site) -> Ticket | None:
    """Return what this browser asked for, while a code can still come."""
    token = site.pages.read_cookie(ask, _COOKIE) or ""
    return tickets.look(conn, site.sealer, _PURPOSE, token, site.clock())


def use(conn: sa.Connection, ask: Ask, site: Site, code: str) -> str | None:
    """Return the account a code is of, and use it up; None when it is wrong, used or too old."""
    token, now = site.pages.read_cookie(ask, _COOKIE) or "", site.clock()
    if not tickets.try_code(conn, _PURPOSE, token, _digest(site, cleaned(code)), now):
        return None
    used = tickets.use(conn, site.sealer, _PURPOSE, token, now)
    return None if used is None else used.account


def cleaned(code: str) -> str:
    """Return the digits of what was typed or came by a link."""
    return "".join(sign for sign in code if sign in "0123456789")[:_DIGITS]


def _digest(site: Site, code: str) -> str:
    return keyed(site.secrets.codes, _PURPOSE, code)
