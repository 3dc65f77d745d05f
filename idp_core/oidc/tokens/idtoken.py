"""ID tokens, and hints that are ID tokens of before."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from idp_core.clients.model import Client
from idp_core.oidc.grants.store import Grant
from idp_core.oidc.tokens.subject import subject
from idp_core.site.site import Site


def make(
    site: Site,
    client: Client,
    grant: Grant,
    claims: Mapping[str, Any],
    now: datetime,
    access_token: str,
) -> str:
    """Return the ID token of a grant; `claims` are those of the person that belong into it."""
    issued = int(now.timestamp())
    told: dict[str, Any] = {
        **claims,
        "iss": site.config.issuer,
        "sub": subject(site, client, grant.account),
        "aud": client.id,
        "iat": issued,
        "exp": issued + site.config.tokens.id_seconds,
        "auth_time": int(grant.auth_time.timestamp()),
        "acr": grant.acr,
        "amr": list(grant.amr),
        "at_hash": half_hash(access_token),
    }
    if grant.nonce is not None:
        told["nonce"] = grant.nonce
    if grant.sid is not None:
        told["sid"] = grant.sid
    return site.keys.ring().sign(told, now, algorithm=client.id_token_alg)


def half_hash(token: str) -> str:
    """Return the left half of a SHA-256, as `at_hash` has it."""
    left = hashlib.sha256(token.encode()).digest()[:16]
    return base64.urlsafe_b64encode(left).rstrip(b"=").decode()


def hinted(site: Site, token: str) -> Mapping[str, Any] | None:
    """Return the claims of an ID token of ours, however old; None for anything else."""
    claims = site.keys.ring().verify(token, typ="JWT")
    if claims is None or claims.get("iss") != site.config.issuer or "sub" not in claims:
        return None
    return claims
