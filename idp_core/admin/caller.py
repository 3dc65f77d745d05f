"""Who calls the API of administration, by an access token for it, and what they may do now."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.accounts import store as accounts
from idp_core.admin import roles
from idp_core.admin.model import Caller
from idp_core.clients import store as clients
from idp_core.http.answer import HttpError
from idp_core.http.ask import Ask
from idp_core.login.levels import ACRS, level_named
from idp_core.oidc.grants.store import Grant
from idp_core.oidc.tokens import access
from idp_core.oidc.userinfo.routes import bearer, refused
from idp_core.site.site import Site

AUDIENCE = "/admin"


def caller_of(conn: sa.Connection, ask: Ask, site: Site) -> Caller:
    """Return who calls. Raises HttpError (401) for a token that is none for this API.

    A service may do what the scopes of its token say and its client still has. A person may do of
    that what a role of theirs says, and only after a login of the level `admin.level` (RFC 9470).
    """
    found = access.check(conn, site, bearer(ask))
    audience = [] if found is None else found.claims["aud"]
    ours = site.url(AUDIENCE) in ([audience] if isinstance(audience, str) else audience)
    known = clients.get(conn, found.claims["client_id"]) if found is not None and ours else None
    if found is None or known is None:
        raise refused("invalid_token", 401)
    scopes = roles.privileged(found.claims["scope"].split()) & frozenset(known.client.scopes)
    if found.grant is None:
        return Caller(f"client:{known.client.id}", scopes)
    return _person(conn, site, found.grant, scopes)


def _person(conn: sa.Connection, site: Site, grant: Grant, scopes: frozenset[str]) -> Caller:
    account = accounts.by_id(conn, grant.account)
    if account is None or account.blocked_at is not None:
        raise refused("invalid_token", 401)
    least = site.config.admin.level
    if (level_named(grant.acr) or 0) < least:
        challenge = f'Bearer error="insufficient_user_authentication", acr_values="{ACRS[least]}"'
        raise HttpError(
            401,
            "insufficient_user_authentication",
            "a stronger login is needed",
            (("www-authenticate", challenge),),
        )
    may = roles.scopes_of(roles.of(conn, account.id))
    return Caller(f"admin:{account.id}", scopes & may)
