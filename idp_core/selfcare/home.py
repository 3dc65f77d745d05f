"""The first room: who I am here, where I am logged in, what happened."""

from __future__ import annotations

from idp_core.audit import log as audit
from idp_core.audit.log import Entry
from idp_core.clients import store as clients
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
_MOST_PAGES = 999


def home(ask: Ask, site: Site, found: Visit) -> Answer:
    """Show the account and its sessions."""
    with reading(site.engine) as conn:
        there = sessions.of_account(conn, found.account.id, site.clock(), site.limits)
    return shown(ask, site, found, "account/home.html", sessions=there)


def activity(ask: Ask, site: Site, found: Visit) -> Answer:
    """Show what happened to the account, the newest first, a page at a time.

    Of who did it a client is named; that is all that is told of others.
    """
    page = _page(ask.query.get("page"))
    with reading(site.engine) as conn:
        skipped = (page - 1) * _EVENTS
        entries = audit.of_account(conn, found.account.id, _EVENTS + 1, skipped)
        actors = [(each, _actor(each)) for each in entries[:_EVENTS]]
        names = clients.names(conn, {actor for _, actor in actors if actor})
    rows = [(each, actor and names.get(actor, "")) for each, actor in actors]
    return shown(
        ask, site, found, "account/activity.html", rows=rows, page=page,
        older=len(entries) > _EVENTS and page < _MOST_PAGES,
    )  # fmt: skip


def _page(said: str | None) -> int:
    number = int(said) if said and said.isascii() and said.isdigit() and len(said) < 4 else 1
    return max(number, 1)


def _actor(entry: Entry) -> str | None:
    """Return who did it: "" for the account, a client's id, None for who runs the place."""
    if not entry.actor.startswith(("self", "client:")):
        return None
    asking = "" if entry.actor == "self" else entry.actor.removeprefix("client:")
    return str(entry.data.get("client") or asking)


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
