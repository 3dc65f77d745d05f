"""The token endpoint: the checks that every grant type is under, then the grant type's own part.

In this order: one client, proven; a grant type it may use; each parameter once; a scope and
resources it may have. Then one transaction decides and issues.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from idp_core.accounts import store as accounts
from idp_core.claims.book import ACCESS_TOKEN, ID_TOKEN
from idp_core.clients.model import Client
from idp_core.db.engine import reading, writing
from idp_core.http.answer import Answer, HttpError, json_answer
from idp_core.http.ask import Ask
from idp_core.oidc.clientauth.authenticate import authenticate
from idp_core.oidc.grants import store as grants
from idp_core.oidc.grants.store import Grant
from idp_core.oidc.tokens import access, idtoken
from idp_core.oidc.tokens.people import claims_for
from idp_core.site.site import Site


@dataclass(frozen=True, slots=True)
class Issue:
    """What a grant type decided to issue. Without `grant` it is the client's own token."""

    scope: Sequence[str]
    resources: Sequence[str]
    grant: Grant | None = None
    refresh: str | None = None


GrantType = Callable[[sa.Connection, Ask, Site, Client], Issue | HttpError]
"""Decides in a writing transaction. An HttpError that is *returned* is told after the commit: what
was done, such as ending a family whose token came twice, stays done. A raised one undoes it."""


def invalid_grant(message: str = "this grant cannot be used") -> HttpError:
    """Return the answer to a code or token that is none, used, too old or of another client."""
    return HttpError(400, "invalid_grant", message)


def token_endpoint(types: Mapping[str, GrantType]) -> Callable[[Ask, Site], Answer]:
    """Return the handler for these grant types."""

    def token(ask: Ask, site: Site) -> Answer:
        ask.form.single("resource")
        name = ask.form.get("grant_type")
        if ask.query.pairs:
            raise HttpError(400, "invalid_request", "parameters belong into the body")
        # An assertion is noted so that it works once; nothing else here writes.
        hold = writing if ask.form.get("client_assertion") else reading
        with hold(site.engine) as conn:
            client = authenticate(conn, ask, site)
        decide = types.get(name or "")
        if name is None:
            raise HttpError(400, "invalid_request", "grant_type is missing")
        if decide is None:
            raise HttpError(400, "unsupported_grant_type", "this grant_type is not served")
        if name not in client.grants:
            raise HttpError(400, "unauthorized_client", "this client may not use this grant_type")
        with site.span("token.grant", grant_type=name), writing(site.engine) as conn:
            issue = decide(conn, ask, site, client)
        if isinstance(issue, HttpError):
            site.metrics.happened("token", "refused")
            raise issue
        site.metrics.happened("token", "done")
        with site.span("token.make"):
            made = _tokens(site, client, issue)
        return json_answer(made, 200, ("pragma", "no-cache"))

    return token


def _tokens(site: Site, client: Client, issue: Issue) -> dict[str, Any]:
    now, grant = site.clock(), issue.grant
    more = _claims(site, client, issue, ACCESS_TOKEN)
    made = access.make(site, client, issue.scope, issue.resources, now, grant, more)
    told: dict[str, Any] = {
        "access_token": made,
        "token_type": "Bearer",
        "expires_in": site.config.tokens.access_seconds,
        "scope": " ".join(issue.scope),
    }
    if issue.refresh is not None:
        told["refresh_token"] = issue.refresh
    if grant is not None and "openid" in issue.scope:
        claims = _claims(site, client, issue, ID_TOKEN)
        told["id_token"] = idtoken.make(site, client, grant, claims, now, made)
    return told


def _claims(site: Site, client: Client, issue: Issue, place: str) -> Mapping[str, Any]:
    """Return the claims of the person that go into a token; by itself, scopes are for userinfo."""
    grant, scope = issue.grant, tuple(issue.scope)
    named = grant is not None and grant.claims.get(place)
    if grant is None or not (named or site.claims.goes_into(place, client.id, scope)):
        return {}
    with reading(site.engine) as conn:
        account = accounts.by_id(conn, grant.account)
        return {} if account is None else claims_for(conn, site, grant, account, place, scope)


def narrowed(ask: Ask, given: Sequence[str]) -> Sequence[str]:
    """Return the scope asked for. Raises HttpError when it is more than was given."""
    asked = (ask.form.get("scope") or "").split()
    if not set(asked) <= set(given):
        raise HttpError(400, "invalid_scope", "this scope was not granted")
    return [each for each in given if each in asked] if asked else given


def targets(ask: Ask, given: Sequence[str]) -> Sequence[str]:
    """Return the resources asked for (RFC 8707). Raises HttpError for others than were given."""
    asked = list(dict.fromkeys(ask.form.all("resource")))
    if not set(asked) <= set(given):
        raise HttpError(400, "invalid_target", "this resource was not granted")
    return asked or given


def refresh_token(conn: sa.Connection, site: Site, client: Client, grant: Grant) -> str | None:
    """Issue a refresh token where the client may have one."""
    if "refresh_token" not in client.grants:
        return None
    until = site.clock() + timedelta(days=site.config.tokens.refresh_days)
    return grants.issue(conn, "refresh", grant.id, until)
