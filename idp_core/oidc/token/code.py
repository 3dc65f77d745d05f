"""The authorization code, once, with its PKCE verifier (RFC 6749 section 4.1.3, RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import re

import sqlalchemy as sa

from idp_core.clients.model import Client
from idp_core.http.answer import HttpError
from idp_core.http.ask import Ask
from idp_core.oidc.grants import store as grants
from idp_core.oidc.token.endpoint import Issue, invalid_grant, refresh_token, targets
from idp_core.oidc.token.holding import may_go_on
from idp_core.site.site import Site
from idp_core.vault.tokens import same

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def code(conn: sa.Connection, ask: Ask, site: Site, client: Client) -> Issue | HttpError:
    """Exchange a code. A code that comes a second time ends all that came of the first."""
    found = grants.find(conn, "code", ask.form.get("code") or "")
    if found is None or found.grant.client != client.id:
        return invalid_grant()
    verifier = ask.form.get("code_verifier") or ""
    fits = _VERIFIER.fullmatch(verifier) and same(challenge_of(verifier), found.challenge or "")
    if not fits or ask.form.get("redirect_uri") != found.redirect_uri:
        return invalid_grant()
    now = site.clock()
    resources = targets(ask, found.grant.resources)
    if not grants.use(conn, found, now):
        over = found.used_at is None and found.expires_at <= now
        if not over and grants.end(conn, found.grant.id, now, "code reused"):
            site.note(conn, "code.reused", "ended", found.grant.account, f"client:{client.id}")
        return invalid_grant()
    if not may_go_on(conn, site, found.grant, now):
        return invalid_grant()
    refresh = refresh_token(conn, site, client, found.grant)
    return Issue(found.grant.scope, resources, found.grant, refresh)


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier."""
    hashed = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
