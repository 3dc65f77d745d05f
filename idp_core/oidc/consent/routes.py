"""The page that asks whether a client may know and do what it wants."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import sqlalchemy as sa

from idp_core.clients.model import Client
from idp_core.consents import store as consents
from idp_core.db.engine import reading, writing
from idp_core.http.answer import Answer, redirect
from idp_core.http.ask import Ask, params
from idp_core.http.kind import Kind
from idp_core.oidc.authorize import marker
from idp_core.oidc.authorize.request import PageError, Request, ReturnedError, read, redirect_of
from idp_core.oidc.authorize.routes import PATH, client_of, returned
from idp_core.site.routes import Route
from idp_core.site.site import Site
from idp_core.site.visits import to_login, visit


def show(ask: Ask, site: Site) -> Answer:
    """Ask."""
    found = visit(ask, site)
    if found is None:
        return to_login(ask)
    request = request_of(site, ask.query_text)
    if request is None:
        return site.pages.page(ask, "bad_request.html", 400)
    host = urlsplit(request.redirect_uri)
    return site.pages.page(
        ask,
        "consent.html",
        client=request.client.name,
        host=host.hostname or host.scheme,
        scope=request.agreed,
        grew=_grew(site, request, found.account.id),
        email=found.account.email,
        request=ask.query_text,
        form_to=(f"{host.scheme}://{host.netloc}",) if host.netloc else (f"{host.scheme}:",),
        theme=site.theme(request.client.theme),
    )


def answer(ask: Ask, site: Site) -> Answer:
    """Record what was agreed to, with a receipt, or tell the client that it was refused."""
    found = visit(ask, site)
    text = ask.form.get("request") or ""
    request = request_of(site, text)
    if found is None or request is None:
        return site.pages.page(ask, "bad_request.html", 400)
    client, account = request.client, found.account.id
    if ask.form.get("choice") != "allow":
        with writing(site.engine) as conn:
            site.note(conn, "consent", "refused", account, f"client:{client.id}")
        denied = ReturnedError("access_denied", "the person did not agree")
        return returned(site, request.redirect_uri, params(text), denied)
    with writing(site.engine) as conn:
        language = site.pages.language(ask)
        agree(conn, site, account, client, request.agreed, language)
    return redirect(f"{PATH}?{text}")


def agree(
    conn: sa.Connection,
    site: Site,
    account: str,
    client: Client,
    scope: Sequence[str],
    language: str,
) -> None:
    """Record that an account agreed to what these scopes stand for now, with a receipt."""
    wanted = site.claims.standing(scope, client.id)
    made = consents.give(conn, account, client.id, wanted, language, site.clock())
    told = {
        "receipt": made.receipt, "version": made.version, "scope": sorted(made.scope),
        "digest": made.digest(),
    }  # fmt: skip
    site.note(conn, "consent", "done", account, f"client:{client.id}", **told)


def _grew(site: Site, request: Request, account: str) -> bool:
    """Whether a scope that was agreed to stands for more now."""
    with reading(site.engine) as conn:
        held = consents.current(conn, account, request.client.id)
    if held is None:
        return False
    known = [scope for scope in request.agreed if scope in held.scope]
    return held.covers(site.claims.standing(known, request.client.id)) != set(known)


def request_of(site: Site, text: str) -> Request | None:
    """Read the request again: what came through the browser is checked as if it came anew."""
    try:
        said = params(text)
        client = client_of(site, said)
        return read(site.claims, client, redirect_of(client, said), marker.without(said))
    except (PageError, ReturnedError):
        return None


ROUTES = (Route("/consent", {"GET": show, "POST": answer}, Kind.PAGE),)
