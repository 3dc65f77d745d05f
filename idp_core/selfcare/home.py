"""The first room: who I am here, where I am logged in, what happened."""

from __future__ import annotations

from idp_core.audit import log as audit
from idp_core.db.engine import reading
from idp_core.http.answer import Answer, redirect
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.selfcare.rooms import changing, guarded, shown
from idp_core.sessions import store as sessions
from idp_core.site.routes import Route
from idp_core.site.site import Site
from idp_core.site.visits import Visit, no_session_cookie

_EVENTS = 30


def home(ask: Ask, site: Site, found: Visit) -> Answer:
    """Show the account and its sessions."""
    with reading(site.engine) as conn:
        there = sessions.of_account(conn, found.account.id, site.clock(), site.limits)
    return shown(ask, site, found, "account/home.html", sessions=there)


def activity(ask: Ask, site: Site, found: Visit) -> Answer:
    """Show what happened to the account."""
    with reading(site.engine) as conn:
        entries = audit.of_account(conn, found.account.id, _EVENTS)
    return shown(ask, site, found, "account/activity.html", entries=entries)


def end_session(ask: Ask, site: Site, found: Visit) -> Answer:
    """End one session of one's own."""
    sid, now = ask.form.get("sid") or "", site.clock()
    with changing(site, found) as conn:
        if sessions.end(conn, found.account.id, sid, now, "revoked"):
            site.note(conn, "session.ended", "done", found.account.id, session=sid)
    if sid == found.session.sid:
        return redirect("/login?done=logged_out").with_headers(no_session_cookie(site))
    return redirect("/account")


def end_all(ask: Ask, site: Site, found: Visit) -> Answer:  # noqa: ARG001 (a Room)
    """End every session but this one."""
    with changing(site, found) as conn:
        now, account = site.clock(), found.account.id
        ended = sessions.end_all(conn, account, now, "revoked", but=found.session.sid)
        site.note(conn, "session.ended_all", "done", account, count=len(ended))
    return redirect("/account")


ROUTES = (
    Route("/account", {"GET": guarded(home)}, Kind.PAGE),
    Route("/account/activity", {"GET": guarded(activity)}, Kind.PAGE),
    Route("/account/sessions/end", {"POST": guarded(end_session)}, Kind.PAGE),
    Route("/account/sessions/end-all", {"POST": guarded(end_all)}, Kind.PAGE),
)
