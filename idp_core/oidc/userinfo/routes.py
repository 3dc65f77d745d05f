"""What a client may know of the person whose access token it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from idp_core.accounts import store as accounts
from idp_core.claims.book import USERINFO
from idp_core.claims.standard import SCOPE_OF, SCOPES
from idp_core.db.engine import reading
from idp_core.http.answer import Answer, HttpError, json_answer
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.oidc.tokens import access
from idp_core.oidc.tokens.people import claims_for
from idp_core.site.routes import Route
from idp_core.site.site import Site


def userinfo(ask: Ask, site: Site) -> Answer:
    """Give the claims of the token's scopes, and those asked for by name."""
    token = bearer(ask)
    with reading(site.engine) as conn:
        found = access.check(conn, site, token)
        audience = [] if found is None else found.claims["aud"]
        ours = site.config.issuer in ([audience] if isinstance(audience, str) else audience)
        if found is None or not ours:
            raise refused("invalid_token", 401)
        claims, grant = found.claims, found.grant
        scope = tuple(claims["scope"].split())
        if grant is None or "openid" not in scope:
            raise refused("insufficient_scope", 403)
        account = accounts.by_id(conn, grant.account)
        if account is None or account.blocked_at is not None:
            raise refused("invalid_token", 401)
        told = claims_for(conn, site, grant, account, USERINFO, scope)
    return json_answer({**told, "sub": claims["sub"]})


def bearer(ask: Ask) -> str:
    """Return the token of a request: in the header or the body, one of them (RFC 6750)."""
    scheme, _, token = ask.headers.get("authorization", "").partition(" ")
    in_header = token.strip() if scheme.casefold() == "bearer" else None
    in_body = ask.form.get("access_token")
    if in_header and in_body:
        raise HttpError(400, "invalid_request", "two tokens were sent")
    found = in_header or in_body
    if not found:
        raise HttpError(401, "invalid_token", "send a token", (("www-authenticate", "Bearer"),))
    return found


def refused(code: str, status: int) -> HttpError:
    """Return the answer to a token that does not do."""
    challenge = ("www-authenticate", f'Bearer error="{code}"')
    return HttpError(status, code, "this token does not do here", (challenge,))


def describe(site: Site) -> Mapping[str, Any]:
    """Return this slice's part of the metadata; what is for some clients alone is not told here."""
    public = [claim for claim in site.claims.own if not claim.clients]
    scopes, names = [each.scope for each in public], {*SCOPE_OF, *(each.name for each in public)}
    return {
        "userinfo_endpoint": site.url("/userinfo"),
        "scopes_supported": list(dict.fromkeys(("openid", "offline_access", *SCOPES, *scopes))),
        "claims_supported": ["sub", "acr", "amr", "auth_time", *sorted(names)],
    }


ROUTES = (Route("/userinfo", {"GET": userinfo, "POST": userinfo}, Kind.API, cors=True),)
