"""Logging out of this browser's session, on one's own wish."""

from __future__ import annotations

from idp_core.db.engine import writing
from idp_core.http.answer import Answer, redirect
from idp_core.http.ask import Ask
from idp_core.sessions import store as sessions
from idp_core.site import visits
from idp_core.site.site import Site


def end_here(ask: Ask, site: Site) -> Answer:
    """End the session and its cookie."""
    found = visits.visit(ask, site)
    if found is not None:
        with writing(site.engine) as conn:
            sessions.end(conn, found.account.id, found.session.sid, site.clock(), "logout")
            site.note(conn, "logout", "done", found.account.id, session=found.session.sid)
    return redirect("/login?done=logged_out").with_headers(visits.no_session_cookie(site))
