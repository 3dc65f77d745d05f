"""The number of an account, sealed, and codes: tickets of the browser that asked for them.

A text alone lets nobody in, nor does the browser alone; five wrong codes end the ticket.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from idp_core.http.ask import Ask
from idp_core.login.factors.sms.tables import sms_number as table
from idp_core.site.site import Site
from idp_core.tickets import store as tickets
from idp_core.tickets.store import Ticket
from idp_core.vault.sealing import Sealer
from idp_core.vault.tokens import keyed, new_digits

LIFE = timedelta(minutes=10)
LOGIN, ADD = "smscode", "smsnumber"
"""What a code is for: a step of a login, or the proof of a new number."""
_DIGITS = 6
_COOKIE = "sms"


def put(conn: sa.Connection, sealer: Sealer, account: str, number: str, now: datetime) -> None:
    """Keep a number in the place of any other."""
    remove(conn, account)
    sealed = sealer.seal(number.encode(), f"sms {account}")
    conn.execute(sa.insert(table).values(account=account, sealed=sealed, since=now))


def remove(conn: sa.Connection, account: str) -> bool:
    """Take the number away; False when there was none."""
    return conn.execute(sa.delete(table).where(table.c.account == account)).rowcount > 0


def has(conn: sa.Connection, account: str) -> bool:
    """Whether an account has a number."""
    query = sa.select(sa.literal(1)).where(table.c.account == account)
    return conn.scalar(query) is not None


def number_of(conn: sa.Connection, sealer: Sealer, account: str) -> str | None:
    """Return the number of an account."""
    sealed = conn.scalar(sa.select(table.c.sealed).where(table.c.account == account))
    return None if sealed is None else sealer.open(sealed, f"sms {account}").decode()


def masked(number: str) -> str:
    """Return what is shown of a number: its end."""
    return f"… {number[-2:]}"


def make(
    conn: sa.Connection, ask: Ask, site: Site, purpose: str, account: str, number: str
) -> tuple[str, tuple[str, str]]:
    """Return a new code and the Set-Cookie header of its ticket.

    An older one of this browser works no more; of another one it does, or whoever knows the
    password could make each code worthless that its owner waits for.
    """
    code, now = new_digits(_DIGITS), site.clock()
    before = site.pages.read_cookie(ask, _COOKIE) or ""
    tickets.use(conn, site.sealer, purpose, before, now)
    token = tickets.issue(
        conn, site.sealer, purpose, {"number": number}, now + LIFE,
        account=account, code=_digest(site, purpose, code),
    )  # fmt: skip
    return code, site.pages.cookie(_COOKIE, token, int(LIFE.total_seconds()))


def asked(conn: sa.Connection, ask: Ask, site: Site, purpose: str, account: str) -> Ticket | None:
    """Return what this browser asked for, while a code can still come."""
    token = site.pages.read_cookie(ask, _COOKIE) or ""
    found = tickets.look(conn, site.sealer, purpose, token, site.clock())
    return found if found is not None and found.account == account else None


def use(conn: sa.Connection, ask: Ask, site: Site, purpose: str, account: str) -> str | None:
    """Return the number that the form's code was sent to and use it up; None when it is wrong."""
    token, now = site.pages.read_cookie(ask, _COOKIE) or "", site.clock()
    code = "".join(sign for sign in ask.form.get("code") or "" if sign in "0123456789")
    found = asked(conn, ask, site, purpose, account)
    digest = _digest(site, purpose, code[:_DIGITS])
    if found is None or not tickets.try_code(conn, purpose, token, digest, now):
        return None
    used = tickets.use(conn, site.sealer, purpose, token, now)
    return None if used is None else str(used.data["number"])


def _digest(site: Site, purpose: str, code: str) -> str:
    return keyed(site.secrets.codes, purpose, code)
