"""Ending a token at its client's wish. A refresh token ends with everything of its grant."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from idp_core.db.engine import writing
from idp_core.http.answer import Answer, HttpError, json_answer
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.oidc.clientauth.authenticate import authenticate
from idp_core.oidc.grants import store as grants
from idp_core.oidc.tokens import access
from idp_core.site.routes import Route
from idp_core.site.site import Site


def revoke(ask: Ask, site: Site) -> Answer:
    """End a token; the answer is the same when it is unknown, over or another client's."""
    ask.form.single()
    with writing(site.engine) as conn:
        client = authenticate(conn, ask, site)
        token, now = ask.form.get("token"), site.clock()
        if token is None:
            raise HttpError(400, "invalid_request", "token is missing")
        found = grants.find(conn, "refresh", token)
        if found is not None and found.grant.client == client.id:
            if grants.end(conn, found.grant.id, now, "revoked"):
                actor = f"client:{client.id}"
                site.note(conn, "token.revoked", "done", found.grant.account, actor)
        elif found is None:
            good = access.check(conn, site, token)
            if good is not None and good.claims["client_id"] == client.id:
                until = datetime.fromtimestamp(good.claims["exp"], UTC)
                grants.see_once(conn, access.REVOKED, good.claims["jti"], until)
    return json_answer({})


def describe(site: Site) -> Mapping[str, Any]:
    """Return this slice's part of the metadata."""
    methods = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]
    return {
        "revocation_endpoint": site.url("/revoke"),
        "revocation_endpoint_auth_methods_supported": methods,
    }


ROUTES = (Route("/revoke", {"POST": revoke}, Kind.API, cors=True),)
