"""The end of a login: the checks that always hold, then the session. All in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from idp_core.accounts import store as accounts
from idp_core.accounts.store import Account
from idp_core.events import outbox
from idp_core.events.outbox import OutboxEvent
from idp_core.http.answer import Answer, redirect
from idp_core.http.ask import Ask
from idp_core.login import flow as flows
from idp_core.login import guard
from idp_core.login.levels import ACRS, amr_of, level_of
from idp_core.login.model import Factor
from idp_core.sessions import store as sessions
from idp_core.sessions.store import Session, Who
from idp_core.site import visits
from idp_core.site.site import Site


def finish(
    conn: sa.Connection, ask: Ask, site: Site, account: Account, proven: Sequence[Factor], to: str
) -> Answer | None:
    """Start the session, or give the one of the same person a new id; then send the browser on.

    None when the account is gone or blocked by now, or all its sessions were ended since `account`
    was read: then nothing was done.
    """
    now = site.clock()
    known = accounts.hold(conn, account.id)
    if known is None or known.blocked_at is not None or known.epoch != account.epoch:
        return None
    session = _session(conn, ask, site, account, proven)
    names = [factor.name for factor in proven]
    site.note(conn, "login", "done", account.id, factors=names, session=session.sid)
    told = {"factors": names, "acr": session.acr}
    outbox.publish(conn, [OutboxEvent("account.logged_in", account.id, told, time=now)])
    return redirect(to).with_headers(
        visits.session_cookie(site, session.token),
        guard.device_cookie(ask, site, account.id),
        flows.no_cookie(site),
    )


def _session(
    conn: sa.Connection, ask: Ask, site: Site, account: Account, proven: Sequence[Factor]
) -> Session:
    now = site.clock()
    who = Who(
        account.id,
        amr_of(proven),
        ACRS[level_of(proven)],
        agent(ask.headers.get("user-agent", "")),
        guard.network(ask.peer),
        tuple(factor.name for factor in proven),
    )
    token = site.pages.read_cookie(ask, visits.COOKIE)
    there = sessions.find(conn, token, now, site.limits) if token else None
    if there is not None and there.account == account.id:
        elevated = sessions.elevate(conn, there, who, now, site.limits)
        if elevated is not None:
            return elevated
    elif there is not None:  # somebody else sits here now
        sessions.end(conn, there.account, there.sid, now, "replaced")
    return sessions.start(conn, who, now, site.limits)


_BROWSERS = ("Edg/", "OPR/", "Firefox/", "Chrome/", "Safari/")
_SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac OS X", "Linux")


def agent(header: str) -> str:
    """Return a browser's name and system as a person knows them: nothing of the rest is kept."""
    browser = next((each.rstrip("/") for each in _BROWSERS if each in header), "")
    system = next((each for each in _SYSTEMS if each in header), "")
    name = {"Edg": "Edge", "OPR": "Opera"}.get(browser, browser)
    return ", ".join(filter(None, (name, system.replace("Mac OS X", "macOS"))))
