"""Whether a token is good, for those who may be told: its client, or a resource it is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from idp_core.clients.model import Client
from idp_core.db.engine import writing
from idp_core.http.answer import Answer, HttpError, json_answer
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.oidc.clientauth.authenticate import authenticate, refused
from idp_core.oidc.grants import store as grants
from idp_core.oidc.tokens import access
from idp_core.oidc.tokens.subject import subject
from idp_core.site.routes import Route
from idp_core.site.site import Site

_NO = {"active": False}


def introspect(ask: Ask, site: Site) -> Answer:
    """Tell of a token; of one that is over or not the asker's, only that it is not active."""
    ask.form.single()
    with writing(site.engine) as conn:
        client = authenticate(conn, ask, site)
        if client.auth == "none":
            raise refused()
        token = ask.form.get("token")
        if token is None:
            raise HttpError(400, "invalid_request", "token is missing")
        told = _access(conn, site, client, token) or _refresh(conn, site, client, token) or _NO
    return json_answer(told)


def _access(
    conn: sa.Connection, site: Site, client: Client, token: str
) -> Mapping[str, Any] | None:
    found = access.check(conn, site, token)
    if found is None:
        return None
    claims = found.claims
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if claims["client_id"] != client.id and not set(audience) & set(client.resources):
        return None
    told = {name: value for name, value in claims.items() if name != "grant_id"}
    return {"active": True, "token_type": "Bearer", **told}


def _refresh(
    conn: sa.Connection, site: Site, client: Client, token: str
) -> Mapping[str, Any] | None:
    found = grants.find(conn, "refresh", token)
    if found is None or found.grant.client != client.id or found.grant.ended_at is not None:
        return None
    if found.used_at is not None or found.expires_at <= site.clock():
        return None
    return {
        "active": True,
        "client_id": client.id,
        "sub": subject(site, client, found.grant.account),
        "scope": " ".join(found.grant.scope),
        "exp": int(found.expires_at.timestamp()),
    }


def describe(site: Site) -> Mapping[str, Any]:
    """Return this slice's part of the metadata."""
    methods = ["client_secret_basic", "client_secret_post", "private_key_jwt"]
    return {
        "introspection_endpoint": site.url("/introspect"),
        "introspection_endpoint_auth_methods_supported": methods,
    }


ROUTES = (Route("/introspect", {"POST": introspect}, Kind.API),)
