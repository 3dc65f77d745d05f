"""What a client is, checked when it is registered."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Method = Literal["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]
GrantType = Literal[
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
]
DEVICE: GrantType = "urn:ietf:params:oauth:grant-type:device_code"
_LOOPBACK = {"127.0.0.1", "::1"}
_RSA_BITS = 2048
_PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


def _redirect(uri: str) -> str:
    parts = urlsplit(uri)
    local = parts.scheme == "http" and parts.hostname in {*_LOOPBACK, "localhost"}
    own = "." in parts.scheme and not parts.netloc  # an app's own: com.example.app:/callback
    if not (own or ((parts.scheme == "https" or local) and parts.hostname)):
        raise ValueError("write https://…, http:// on this machine, or an app's own com.example:/")
    if parts.fragment or "#" in uri or "*" in uri or parts.username or not uri.isascii():
        raise ValueError("no fragment, no wildcard, no user name")
    return uri


def _resource(uri: str) -> str:
    parts = urlsplit(uri)
    if not parts.scheme or parts.fragment or not uri.isascii():
        raise ValueError("write an absolute URI without a fragment")
    return uri


def _web(uri: str) -> str:
    parts = urlsplit(uri)
    if parts.hostname is None or not (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    ):
        raise ValueError("write https://…")
    return uri


Redirect = Annotated[str, AfterValidator(_redirect)]
Resource = Annotated[str, AfterValidator(_resource)]
Web = Annotated[str, AfterValidator(_web)]
Scope = Annotated[str, Field(pattern=r"^[\x21\x23-\x5B\x5D-\x7E]{1,100}$")]


class Client(BaseModel):
    """A client as it is registered."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]{1,100}$")]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    auth: Method = "client_secret_basic"
    grants: tuple[GrantType, ...] = ("authorization_code", "refresh_token")
    redirect_uris: tuple[Redirect, ...] = ()
    post_logout_uris: tuple[Redirect, ...] = ()
    scopes: tuple[Scope, ...] = ("openid", "profile", "email", "offline_access")
    resources: tuple[Resource, ...] = ()
    jwks: dict[str, Any] | None = Field(default=None, repr=False)
    first_party: bool = False
    pairwise: bool = False
    sector: str | None = None
    id_token_alg: Literal["ES256", "RS256"] = "ES256"  # noqa: S105 (an algorithm)
    backchannel_logout_uri: Web | None = None
    level: Annotated[int, Field(ge=1, le=3)] = 1
    policy: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    theme: Annotated[str, Field(min_length=1, max_length=40)] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Client:
        if "authorization_code" in self.grants and not self.redirect_uris:
            raise ValueError("the code flow needs a redirect URI")
        if self.auth == "none" and "client_credentials" in self.grants:
            raise ValueError("a client without credentials has none to use")
        keys = (self.jwks or {}).get("keys")
        if self.auth == "private_key_jwt" and not keys:
            raise ValueError("private_key_jwt needs the client's public keys")
        if any(_PRIVATE & set(key) for key in keys or ()):
            raise ValueError("jwks: public keys only")
        if any(_is_weak(key) for key in keys or ()):
            raise ValueError("jwks: an RSA key needs 2048 bits at least")
        hosts = {urlsplit(uri).hostname for uri in self.redirect_uris}
        if self.pairwise and self.sector is None and len(hosts) > 1:
            raise ValueError("pairwise with redirect URIs of several hosts needs a sector")
        return self

    @property
    def sector_name(self) -> str:
        """What pairwise subjects are made for: the sector, or the host it redirects to."""
        host = urlsplit(self.redirect_uris[0]).hostname if self.redirect_uris else None
        return self.sector or host or self.id

    def redirects_to(self, uri: str) -> bool:
        """Whether a redirect URI is registered, letter by letter.

        On the loopback interface an app may listen at any port (RFC 8252 section 7.3).
        """
        if uri in self.redirect_uris:
            return True
        plain = _without_port(uri)
        return plain is not None and plain in map(_without_port, self.redirect_uris)


def _is_weak(key: Mapping[str, Any]) -> bool:
    """Whether a key is of RSA with less than 2048 bits; what is no number is left to its use."""
    if key.get("kty") != "RSA":
        return False
    try:
        number = base64.urlsafe_b64decode(str(key.get("n", "")) + "==")
    except ValueError:
        return True
    return int.from_bytes(number).bit_length() < _RSA_BITS


def _without_port(uri: str) -> str | None:
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None
    host = f"[{parts.hostname}]" if parts.hostname == "::1" else parts.hostname
    plain = parts.netloc == (host if port is None else f"{host}:{port}")
    if parts.scheme != "http" or parts.hostname not in _LOOPBACK or not plain or "#" in uri:
        return None
    return f"{host}{parts.path}?{parts.query}"
