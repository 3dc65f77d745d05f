"""Refresh tokens: each works once and gives the next; one that comes again ends the family."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.clients.model import Client
from idp_core.http.answer import HttpError
from idp_core.http.ask import Ask
from idp_core.oidc.grants import store as grants
from idp_core.oidc.token.endpoint import Issue, invalid_grant, narrowed, refresh_token, targets
from idp_core.oidc.token.holding import may_go_on
from idp_core.site.site import Site


def refresh(conn: sa.Connection, ask: Ask, site: Site, client: Client) -> Issue | HttpError:
    """Exchange a refresh token. RFC 9700 section 4.14.2."""
    found = grants.find(conn, "refresh", ask.form.get("refresh_token") or "")
    if found is None or found.grant.client != client.id:
        return invalid_grant()
    scope = narrowed(ask, found.grant.scope)
    resources = targets(ask, found.grant.resources)
    now = site.clock()
    if not grants.use(conn, found, now):
        over = found.used_at is None and found.expires_at <= now
        if not over and grants.end(conn, found.grant.id, now, "token reused"):
            site.note(conn, "token.reused", "ended", found.grant.account, f"client:{client.id}")
        return invalid_grant()
    if not may_go_on(conn, site, found.grant, now):
        grants.end(conn, found.grant.id, now, "session ended")
        return invalid_grant()
    return Issue(scope, resources, found.grant, refresh_token(conn, site, client, found.grant))
