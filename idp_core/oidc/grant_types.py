"""Which grant types there are. A new one adds its line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from idp_core.clients.model import DEVICE
from idp_core.http.kind import Kind
from idp_core.oidc.clientauth.authenticate import ALGORITHMS
from idp_core.oidc.device.grant import device_code
from idp_core.oidc.token.client_credentials import client_credentials
from idp_core.oidc.token.code import code
from idp_core.oidc.token.endpoint import GrantType, token_endpoint
from idp_core.oidc.token.refresh import refresh
from idp_core.site.routes import Route
from idp_core.site.site import Site

TYPES: Mapping[str, GrantType] = {
    "authorization_code": code,
    "refresh_token": refresh,
    "client_credentials": client_credentials,
    DEVICE: device_code,
}
METHODS = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]


def describe(site: Site) -> Mapping[str, Any]:
    """Return this slice's part of the metadata."""
    return {
        "token_endpoint": site.url("/token"),
        "grant_types_supported": list(TYPES),
        "token_endpoint_auth_methods_supported": METHODS,
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
    }


ROUTES = (Route("/token", {"POST": token_endpoint(TYPES)}, Kind.API, cors=True),)
