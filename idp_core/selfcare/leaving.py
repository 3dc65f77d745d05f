"""The room by which people leave: their account is deleted, at once and for good."""

from __future__ import annotations

from idp_core.http.answer import Answer, redirect
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.login import leaving
from idp_core.selfcare.rooms import changing, guarded, shown
from idp_core.site import letters
from idp_core.site.routes import Route
from idp_core.site.site import Site
from idp_core.site.visits import Visit, no_session_cookie

PATH = "/account/leave"


def show(ask: Ask, site: Site, found: Visit) -> Answer:
    """Say what is lost, and ask for the word that nobody types by mistake."""
    return shown(ask, site, found, "account/leave.html", wrong=False)


def leave(ask: Ask, site: Site, found: Visit) -> Answer:
    """Delete the account whose address was typed."""
    account, now = found.account, site.clock()
    if (ask.form.get("address") or "").strip().casefold() != account.email.casefold():
        return shown(ask, site, found, "account/leave.html", 400, wrong=True)
    language = account.language or site.pages.language(ask)
    with changing(site, found) as conn:
        ended = leaving.remove(conn, account, now)
        site.note(conn, "account.deleted", "done", account.id, sessions_ended=ended)
        letters.write(conn, site, account.email, "left", language)
    return redirect("/login?done=left").with_headers(no_session_cookie(site))


ROUTES = (
    Route(PATH, {"GET": guarded(show, fresh=True), "POST": guarded(leave, fresh=True)}, Kind.PAGE),
)
