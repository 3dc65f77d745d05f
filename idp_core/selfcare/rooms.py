"""What every room of the account pages shares: who is in front, and how fresh the login is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from idp_core.http.answer import Answer, redirect
from idp_core.http.ask import Ask
from idp_core.site.routes import Handler
from idp_core.site.site import Site
from idp_core.site.visits import Visit, to_login, visit

FRESH = timedelta(minutes=10)
"""How long ago the login may be for a change of what guards the account."""

Room = Callable[[Ask, Site, Visit], Answer]


def guarded(room: Room, *, fresh: bool = False) -> Handler:
    """Return a handler that only people who are logged in reach.

    With `fresh` the login must be recent, otherwise it is asked for again: a browser that was left
    alone gives nobody a new password.
    """

    def handler(ask: Ask, site: Site) -> Answer:
        found = visit(ask, site)
        if found is None:
            return to_login(ask) if ask.method == "GET" else redirect("/login")
        if fresh and site.clock() - found.session.auth_time > FRESH:
            return redirect(f"/login?again=1&continue={quote(ask.path, safe='')}")
        return room(ask, site, found)

    return handler


def shown(
    ask: Ask, site: Site, found: Visit, template: str, status: int = 200, /, **values: Any
) -> Answer:
    """Render a room."""
    return site.pages.page(
        ask,
        template,
        status,
        account=found.account,
        session=found.session,
        account_language=found.account.language,
        **values,
    )
