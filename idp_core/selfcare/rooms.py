"""What every room of the account pages shares: who is in front, and how fresh the login is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from idp_core.accounts import store as accounts
from idp_core.db.engine import writing
from idp_core.http.answer import Answer, redirect
from idp_core.http.ask import Ask
from idp_core.sessions import store as sessions
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
            return _away(ask, to_login(ask) if ask.method == "GET" else redirect("/login"))
        if fresh and site.clock() - found.session.auth_time > FRESH:
            return _away(ask, redirect(f"/login?again=1&continue={quote(ask.path, safe='')}"))
        try:
            return room(ask, site, found)
        except EndedError:
            return _away(ask, redirect("/login"))

    return handler


def _away(ask: Ask, to: Answer) -> Answer:
    """Return a redirect; where htmx asked for a part of a page, one that the page follows."""
    if "hx-request" not in ask.headers:
        return to
    return Answer(204, headers=(("hx-redirect", dict(to.headers)["location"]),))


class EndedError(Exception):
    """The session ended between the look at it and the change that was to be made in it."""


@contextmanager
def changing(site: Site, found: Visit) -> Iterator[sa.Connection]:
    """Give a connection for a change to the account. Raises EndedError.

    Changes to one account take turns: what a thief's browser had under way when its session was
    ended is not done after that.
    """
    with writing(site.engine) as conn:
        account, sid = accounts.hold(conn, found.account.id, alone=True), found.session.sid
        if account is None or not sessions.holds(conn, sid, site.clock(), site.limits):
            raise EndedError
        yield conn


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
