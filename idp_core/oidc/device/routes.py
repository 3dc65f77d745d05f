"""Where a device begins, and where a person lets it in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import sqlalchemy as sa

from idp_core.clients import store as clients
from idp_core.clients.model import DEVICE, Client
from idp_core.db.engine import reading, writing
from idp_core.http.answer import Answer, HttpError, json_answer, redirect, with_query
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.login import wishes
from idp_core.login.levels import ACRS
from idp_core.oidc.clientauth.authenticate import authenticate
from idp_core.oidc.consent.routes import agree
from idp_core.oidc.device import store as devices
from idp_core.oidc.grants import store as grants
from idp_core.oidc.grants.store import Grant
from idp_core.site.routes import Route
from idp_core.site.site import Site
from idp_core.site.visits import Visit, to_login, visit
from idp_core.throttle import store as throttle
from idp_core.throttle.store import Limit
from idp_core.vault.tokens import keyed

_TRIES = Limit(20, timedelta(minutes=10))


def begin(ask: Ask, site: Site) -> Answer:
    """Give a device its two codes."""
    ask.form.single("resource")
    with writing(site.engine) as conn:
        client = authenticate(conn, ask, site)
        if DEVICE not in client.grants:
            raise HttpError(400, "unauthorized_client", "this client may not use the device flow")
        asked = (ask.form.get("scope") or "").split()
        resources = ask.form.all("resource")
        if not set(asked) <= set(client.scopes):
            raise HttpError(400, "invalid_scope", "this client may not have this scope")
        if not set(resources) <= set(client.resources):
            raise HttpError(400, "invalid_target", "this client may not have this resource")
        scope = asked or [each for each in client.scopes if each != "offline_access"]
        device, typed = devices.start(
            conn, site.secrets.codes, client.id, scope, resources, site.clock()
        )
    told = {
        "device_code": device,
        "user_code": typed,
        "verification_uri": site.url("/device"),
        "verification_uri_complete": site.url(f"/device?user_code={quote(typed)}"),
        "expires_in": int(devices.LIFE.total_seconds()),
        "interval": int(devices.INTERVAL.total_seconds()),
    }
    return json_answer(told)


def show(ask: Ask, site: Site) -> Answer:
    """Ask for the code, or show what the device wants."""
    found = visit(ask, site)
    if found is None:
        return to_login(ask)
    return _page(ask, site, ask.query.get("user_code") or "", found)


def decide(ask: Ask, site: Site) -> Answer:
    """Let the device in, or refuse it; only what the page just showed can be decided on."""
    found = visit(ask, site)
    if found is None:
        return redirect("/login?continue=/device")
    typed, choice, now = ask.form.get("user_code") or "", ask.form.get("choice"), site.clock()
    if choice not in ("allow", "deny"):
        return _page(ask, site, typed, found)
    with writing(site.engine) as conn:
        waiting = devices.by_user_code(conn, site.secrets.codes, typed, now)
        known = waiting and clients.get(conn, waiting.client)
        if not waiting or not known:
            return site.pages.page(ask, "device.html", 400, wanted=None, code="", wrong=True)
        session = found.session
        if choice == "allow" and not wishes.enough(conn, ask, site, known.client, session):
            return _too_weak(ask, site, typed, known.client)
        grant = None
        if choice == "allow":
            grant = Grant(
                grants.new_id(),
                waiting.client,
                found.account.id,
                None,
                waiting.scope,
                waiting.resources,
                {},
                None,
                session.auth_time,
                session.acr,
                session.amr,
            )
            grants.start(conn, grant, now)
            _agree(conn, ask, site, grant, known.client)
        if not devices.decide(conn, waiting, grant.id if grant else None, now):
            raise HttpError(409, "invalid_request", "somebody has decided on this device")
        actor = f"client:{waiting.client}"
        site.note(conn, "device", "done" if grant else "refused", found.account.id, actor)
    theme = site.theme(known.client.theme)
    return site.pages.page(ask, "device_done.html", allowed=choice == "allow", theme=theme)


def _page(ask: Ask, site: Site, typed: str, seen: Visit) -> Answer:
    """Show what a typed code stands for; codes are short, so tries are few."""
    if not typed:
        return site.pages.page(ask, "device.html", wanted=None, code="", wrong=False)
    with writing(site.engine) as conn:
        bucket = keyed(site.secrets.tries, "device", seen.account.id)
        allowed = throttle.count(conn, bucket, _TRIES, site.clock())
    with reading(site.engine) as conn:
        waiting = devices.by_user_code(conn, site.secrets.codes, typed, site.clock())
        found = waiting and clients.get(conn, waiting.client)
        enough = found and wishes.enough(conn, ask, site, found.client, seen.session)
    if not allowed or not waiting or not found:
        return site.pages.page(ask, "device.html", 400, wanted=None, code="", wrong=True)
    if not enough:
        return _too_weak(ask, site, typed, found.client)
    return site.pages.page(
        ask,
        "device.html",
        wanted=found.client.name,
        code=typed,
        wrong=False,
        scope=waiting.scope,
        theme=site.theme(found.client.theme),
    )


def _agree(conn: sa.Connection, ask: Ask, site: Site, grant: Grant, client: Client) -> None:
    """Record what was agreed to, with a receipt; ours are not asked about."""
    if client.first_party:
        return
    agree(conn, site, grant.account, client, grant.scope, site.pages.language(ask))


def _too_weak(ask: Ask, site: Site, typed: str, client: Client) -> Answer:
    """Ask for a login that is good enough for the client of this device."""
    needs = {"user_code": typed, "client_id": client.id, "acr_level": ACRS[client.level]}
    login = with_query("/login", {"continue": f"/device?{urlencode(needs)}"})
    page = {"wanted": client.name, "login": login, "theme": site.theme(client.theme)}
    return site.pages.page(ask, "device_weak.html", 403, **page)


def describe(site: Site) -> Mapping[str, Any]:
    """Return this slice's part of the metadata."""
    return {"device_authorization_endpoint": site.url("/device_authorization")}


ROUTES = (
    Route("/device_authorization", {"POST": begin}, Kind.API),
    Route("/device", {"GET": show, "POST": decide}, Kind.PAGE),
)
