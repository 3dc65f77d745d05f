"""The authorization endpoint: read, decide, then log in, ask, or issue the code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa

from idp_core.clients import store as clients
from idp_core.clients.model import Client
from idp_core.consents import store as consents
from idp_core.db.engine import reading, writing
from idp_core.http.answer import Answer, HttpError, redirect, with_query
from idp_core.http.ask import Ask, Params
from idp_core.http.kind import Kind
from idp_core.login import wishes
from idp_core.login.levels import ACRS, level_named
from idp_core.oidc.asking import store as asking
from idp_core.oidc.authorize import marker
from idp_core.oidc.authorize.decide import Known, Next, decide, wanted_level
from idp_core.oidc.authorize.request import PageError, Request, ReturnedError, read, redirect_of
from idp_core.oidc.grants import store as grants
from idp_core.oidc.grants.store import Grant
from idp_core.oidc.tokens import idtoken
from idp_core.oidc.tokens.subject import subject
from idp_core.site.routes import Route
from idp_core.site.site import Site
from idp_core.site.visits import Visit, visit

PATH = "/authorize"
MORE = f"{PATH}/more"
"""Where a few more things are asked for on the way."""


def authorize(ask: Ask, site: Site) -> Answer:
    """Answer an authorization request by GET, or by POST with the same parameters in the body."""
    if ask.method == "POST":
        # Another site's POST comes without our cookies (SameSite=Lax); the GET after it has them.
        return redirect(f"{PATH}?{urlencode(ask.form.pairs)}")
    try:
        client = client_of(site, ask.query)
        uri = redirect_of(client, ask.query)
    except PageError:
        return site.pages.page(ask, "bad_request.html", 400)
    try:
        return _answer(ask, site, read(site.claims, client, uri, marker.without(ask.query)))
    except ReturnedError as error:
        return returned(site, uri, ask.query, error)


def client_of(site: Site, params: Params) -> Client:
    """Return the client a request names. Raises PageError."""
    try:
        named = params.get("client_id")
    except HttpError:
        raise PageError("client_id was sent twice") from None
    with reading(site.engine) as conn:
        found = clients.get(conn, named) if named else None
    if found is None:
        raise PageError("there is no such client")
    return found.client


def returned(site: Site, uri: str, params: Params, error: ReturnedError) -> Answer:
    """Send an error back to the client, with `iss` (RFC 9207)."""
    states = params.all("state")
    told = {
        "error": error.code,
        "error_description": error.message,
        "state": states[0] if len(states) == 1 else None,
        "iss": site.config.issuer,
    }
    return redirect(with_query(uri, told))


def known_of(ask: Ask, site: Site, request: Request, found: Visit | None) -> Known:
    """Return what is known of the browser, as far as it matters to this request."""
    hint = idtoken.hinted(site, request.id_token_hint) if request.id_token_hint else None
    bad = request.id_token_hint is not None and (
        hint is None or hint.get("aud") != request.client.id
    )
    hinted = str(hint["sub"]) if hint else None
    since, now = marker.asked_at(site, ask.query), site.clock()
    if found is None:
        return Known(now, since=since, hinted=hinted, hint_is_bad=bad)
    with reading(site.engine) as conn:
        agreed = consents.current(conn, found.account.id, request.client.id)
        wanted = site.claims.standing(request.agreed, request.client.id) if agreed else {}
        fits = wishes.fits(conn, ask, site, request.client.policy, found.session)
    return Known(
        now,
        subject(site, request.client, found.account.id),
        found.session.auth_time,
        level_named(found.session.acr) or 0,
        fits,
        since,
        hinted,
        bad,
        agreed.covers(wanted) if agreed else frozenset(),
        agreed.given_at if agreed else None,
    )


def _answer(ask: Ask, site: Site, request: Request) -> Answer:
    found = visit(ask, site)
    step = decide(request, known_of(ask, site, request, found))
    if step is Next.LOGIN or found is None:
        level = min(wanted_level(request)[0], len(ACRS) - 1)
        query = marker.marked(site, ask.query, ACRS[level])
        more = {"continue": f"{PATH}?{query}", "login_hint": request.login_hint}
        more["ui_locales"] = (ask.query.all("ui_locales") or (None,))[0]
        return redirect(with_query("/login", more))
    if step is Next.CONSENT:
        since = marker.asked_at(site, ask.query)
        query = ask.query_text if since else marker.marked(site, ask.query)
        return redirect(f"/consent?{query}")
    if "none" not in request.prompt and _asks(site, request, found):
        return redirect(f"{MORE}?{ask.query_text}")
    return _code(ask, site, request, found)


def _asks(site: Site, request: Request, found: Visit) -> bool:
    if not site.config.ask:
        return False
    with reading(site.engine) as conn:
        return bool(asking.due(conn, site, request.client.id, found))


def _code(ask: Ask, site: Site, request: Request, found: Visit) -> Answer:
    now, session = site.clock(), found.session
    grant = Grant(
        grants.new_id(),
        request.client.id,
        found.account.id,
        session.sid,
        request.scope,
        request.resources,
        request.claims,
        request.nonce,
        session.auth_time,
        session.acr,
        session.amr,
    )
    with writing(site.engine) as conn:
        if not _agreed(conn, site, request, found):
            return redirect(f"{PATH}?{ask.query_text}")  # it was taken back this moment
        grants.start(conn, grant, now)
        code = grants.issue(
            conn,
            "code",
            grant.id,
            now + timedelta(seconds=site.config.tokens.code_seconds),
            redirect_uri=request.redirect_uri,
            challenge=request.challenge,
        )
    site.metrics.happened("authorize", "done")
    told = {"code": code, "state": request.state, "iss": site.config.issuer}
    return redirect(with_query(request.redirect_uri, told))


def _agreed(conn: sa.Connection, site: Site, request: Request, found: Visit) -> bool:
    """Whether the consent holds still, and until the grant is there for a withdrawal to end."""
    client = request.client
    if client.first_party:
        return True
    wanted = site.claims.standing(request.agreed, client.id)
    return consents.hold(conn, found.account.id, client.id, wanted)


def describe(site: Site) -> Mapping[str, Any]:
    """Return this slice's part of the metadata."""
    return {
        "authorization_endpoint": site.url(PATH),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "acr_values_supported": list(ACRS[1:]),
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "subject_types_supported": ["public", "pairwise"],
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "claims_parameter_supported": True,
        "claim_types_supported": ["normal"],
        "ui_locales_supported": list(site.config.languages),
    }


ROUTES = (Route(PATH, {"GET": authorize, "POST": authorize}, Kind.BROWSER),)
