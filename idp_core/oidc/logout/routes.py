"""RP-initiated logout: at once when the client proves whose session it is, otherwise asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from idp_core.clients import store as clients
from idp_core.clients.model import Client
from idp_core.db.engine import reading, writing
from idp_core.http.answer import Answer, redirect, with_query
from idp_core.http.ask import Ask, Params, params
from idp_core.http.kind import Kind
from idp_core.login import look
from idp_core.oidc.tokens import idtoken
from idp_core.sessions import store as sessions
from idp_core.site.routes import Route
from idp_core.site.site import Site
from idp_core.site.visits import Visit, no_session_cookie, visit


@dataclass(frozen=True, slots=True)
class Wish:
    """A logout that a client asks for. `to` is set only when it may be redirected to.

    `client` is who asks, where a hint of ours or a registered address says so.
    """

    sid: str | None = None
    to: str | None = None
    bad: bool = False
    client: Client | None = None


def logout(ask: Ask, site: Site) -> Answer:
    """Log out, or ask whether to."""
    if ask.method == "POST":
        return redirect(f"/logout?{urlencode(ask.form.pairs)}")
    wish = _wish(site, ask.query)
    if wish.bad:
        return site.pages.page(ask, "bad_request.html", 400)
    found = visit(ask, site)
    if found is None:
        return _after(site, wish)
    if wish.sid == found.session.sid:
        return _end(site, found, wish)
    theme = site.theme(wish.client.theme if wish.client else None)
    page = {"request": ask.query_text, "form_to": _origin(wish), "theme": theme}
    return site.pages.page(ask, "logout.html", **page)


def confirmed(ask: Ask, site: Site) -> Answer:
    """Log out, after it was asked."""
    wish = _wish(site, params(ask.form.get("request") or ""))
    found = visit(ask, site)
    if wish.bad or found is None:
        return _after(site, Wish())
    return _end(site, found, wish)


def _wish(site: Site, said: Params) -> Wish:
    """Read a request: a hint is of ours or the request is bad; so is a foreign address to go to."""
    told = said.single()
    hint = idtoken.hinted(site, told["id_token_hint"]) if "id_token_hint" in told else None
    named = told.get("client_id")
    if "id_token_hint" in told and (hint is None or named not in (None, hint.get("aud"))):
        return Wish(bad=True)
    sid = str(hint["sid"]) if hint and "sid" in hint else None
    to = told.get("post_logout_redirect_uri")
    with reading(site.engine) as conn:
        found = clients.get(conn, str(hint["aud"]) if hint else named or "")
    client = found.client if found else None
    if to is None:
        return Wish(sid, client=client if hint else None)
    if client is None or to not in client.post_logout_uris:
        return Wish(bad=True)
    return Wish(sid, with_query(to, {"state": told.get("state")}), client=client)


def _end(site: Site, found: Visit, wish: Wish) -> Answer:
    with writing(site.engine) as conn:
        sessions.end(conn, found.account.id, found.session.sid, site.clock(), "logout")
        site.note(conn, "logout", "done", found.account.id, session=found.session.sid)
    return _after(site, wish).with_headers(no_session_cookie(site))


def _after(site: Site, wish: Wish) -> Answer:
    done = {"done": "logged_out", "look": look.proven(site, wish.client)}
    return redirect(wish.to or with_query("/login", done))


def _origin(wish: Wish) -> tuple[str, ...]:
    parts = (wish.to or "").split("/")
    return ("/".join(parts[:3]),) if wish.to and len(parts) > 2 else ()


def describe(site: Site) -> Mapping[str, Any]:
    """Return this slice's part of the metadata."""
    return {
        "end_session_endpoint": site.url("/logout"),
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }


ROUTES = (
    Route("/logout", {"GET": logout, "POST": logout}, Kind.BROWSER),
    Route("/logout/confirm", {"POST": confirmed}, Kind.PAGE),
)
