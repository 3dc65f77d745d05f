"""Browsers in which an account took every step, and wished not to be asked each time.

The cookie alone lets nobody in: it stands for further steps, never for the first, and raises no
level. It ends with the account's sessions (`sessions.store.end_all`) and with a change of factors.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from idp_core.accounts import store as accounts
from idp_core.http.ask import Ask
from idp_core.sessions.store import REMEMBERED
from idp_core.site.site import Site
from idp_core.tickets import store as tickets

_COOKIE = "remembered"


def put(conn: sa.Connection, site: Site, account: str, days: int) -> tuple[str, str]:
    """Remember this browser and return the Set-Cookie header of that."""
    now, span = site.clock(), timedelta(days=days)
    data = {"since": now.isoformat()}
    token = tickets.issue(conn, site.sealer, REMEMBERED, data, now + span, account=account)
    return site.pages.cookie(_COOKIE, token, int(span.total_seconds()))


def since(conn: sa.Connection, ask: Ask, site: Site, account: str) -> datetime | None:
    """Return when the account took every step in this browser, None when it is not remembered."""
    token = site.pages.read_cookie(ask, _COOKIE)
    if not token:
        return None
    found = tickets.look(conn, site.sealer, REMEMBERED, token, site.clock())
    if found is None or found.account != account:
        return None
    return datetime.fromisoformat(found.data["since"])


def forget(conn: sa.Connection, site: Site, account: str) -> None:
    """Forget every browser of an account, and let logins under way remember none."""
    accounts.begin_epoch(conn, account)
    tickets.drop(conn, REMEMBERED, account, site.clock())
