"""Access tokens as signed JWTs (RFC 9068), and the one check of them that we ourselves make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from idp_core.clients.model import Client
from idp_core.oidc.grants import store as grants
from idp_core.oidc.grants.store import Grant
from idp_core.oidc.tokens.subject import subject
from idp_core.site.site import Site
from idp_core.vault.tokens import new_token

TYP = "at+jwt"
REVOKED = "revoked"
_GRANT = "grant_id"


def make(
    site: Site,
    client: Client,
    scope: Sequence[str],
    resources: Sequence[str],
    now: datetime,
    grant: Grant | None = None,
    more: Mapping[str, Any] | None = None,
) -> str:
    """Return an access token: a person's, of a grant, or the client's own; `more` are claims.

    Its audience are the resources, and this provider itself where nothing else is, or `openid` is.
    """
    audience = [*resources]
    if not audience or "openid" in scope:
        audience.append(site.config.issuer)
    issued = int(now.timestamp())
    claims: dict[str, Any] = {
        **(more or {}),
        "iss": site.config.issuer,
        "sub": client.id if grant is None else subject(site, client, grant.account),
        "aud": audience[0] if len(audience) == 1 else audience,
        "client_id": client.id,
        "iat": issued,
        "exp": issued + site.config.tokens.access_seconds,
        "jti": new_token(),
        "scope": " ".join(scope),
    }
    if grant is not None:
        claims |= {
            _GRANT: grant.id,
            "auth_time": int(grant.auth_time.timestamp()),
            "acr": grant.acr,
            "amr": list(grant.amr),
        }
    return site.keys.ring().sign(claims, now, typ=TYP)


@dataclass(frozen=True, slots=True)
class Checked:
    """An access token that is good now, and its grant; a client's own has none."""

    claims: Mapping[str, Any]
    grant: Grant | None


def check(conn: sa.Connection, site: Site, token: str) -> Checked | None:
    """Return an access token that is good now: ours, in time, not ended, not revoked."""
    claims = site.keys.ring().verify(token, typ=TYP)
    if claims is None or claims["iss"] != site.config.issuer:
        return None
    if claims["exp"] <= site.clock().timestamp():
        return None
    named = claims.get(_GRANT)
    if named is None:
        return None if grants.was_seen(conn, REVOKED, claims["jti"]) else Checked(claims, None)
    grant = grants.get(conn, named, unless_seen=(REVOKED, claims["jti"]))
    return None if grant is None else Checked(claims, grant)
