"""Who is in front of the browser: the session behind its cookie."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote

from idp_core.accounts import store as accounts
from idp_core.accounts.store import Account
from idp_core.db.engine import reading, writing
from idp_core.http.answer import Answer, redirect
from idp_core.http.ask import Ask
from idp_core.sessions import store as sessions
from idp_core.sessions.store import Session
from idp_core.site.site import Site

COOKIE = "session"


@dataclass(frozen=True, slots=True)
class Visit:
    """A person who is logged in."""

    session: Session
    account: Account = field(repr=False)


def visit(ask: Ask, site: Site) -> Visit | None:
    """Return who is logged in in this browser; None when nobody is, or the account is blocked."""
    token = site.pages.read_cookie(ask, COOKIE)
    if not token:
        return None
    now = site.clock()
    with reading(site.engine) as conn:
        session = sessions.find(conn, token, now, site.limits)
        account = None if session is None else accounts.by_id(conn, session.account)
    if session is None or account is None or account.blocked_at is not None:
        return None
    if sessions.is_due(session, now):
        with writing(site.engine) as conn:
            sessions.touch(conn, session.sid, now)
    return Visit(session, account)


def to_login(ask: Ask) -> Answer:
    """Send somebody to log in who has to, and back here afterwards."""
    here = ask.path + (f"?{ask.query_text}" if ask.query_text and ask.method == "GET" else "")
    return redirect(f"/login?continue={quote(here, safe='')}")


def session_cookie(site: Site, token: str) -> tuple[str, str]:
    """Return the Set-Cookie header of a session that just began or changed."""
    return site.pages.cookie(COOKIE, token)


def no_session_cookie(site: Site) -> tuple[str, str]:
    """Return the Set-Cookie header that ends it in the browser."""
    return site.pages.cookie(COOKIE, "", 0)
