"""The settings of logging in that every connector over HTTP shares: ``auth:``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, Field, PositiveInt

from connectors.fields import LocalPath
from connectors.http.options import CONFIG, CleanUrl
from connectors.secrets import Secret


class NoAuth(BaseModel):
    """No credentials."""

    model_config = CONFIG
    type: Literal["none"] = "none"


class BasicAuth(BaseModel):
    """User name and password (RFC 7617)."""

    model_config = CONFIG
    type: Literal["basic"]
    user: str
    """The user name."""
    password: Secret
    """A reference to the password."""


class BearerAuth(BaseModel):
    """A token in ``Authorization: Bearer`` (RFC 6750)."""

    model_config = CONFIG
    type: Literal["bearer"]
    token: Secret
    """A reference to the token."""


class ApiKeyAuth(BaseModel):
    """A key in a header of the system's own, or in a parameter of each call."""

    model_config = CONFIG
    type: Literal["api_key"]
    header: str = "X-API-Key"
    """The header that carries the key."""
    prefix: str = ""
    """What stands before the key in the header, such as ``Token`` and a blank."""
    param: str | None = None
    """The parameter of the query that carries the key instead of a header."""
    key: Secret
    """A reference to the key."""


class OAuthAuth(BaseModel):
    """OAuth 2.0 client credentials (RFC 6749 section 4.4)."""

    model_config = CONFIG
    type: Literal["oauth"]
    token_url: CleanUrl
    """Where tokens are issued."""
    client_id: str
    """Our name there."""
    client_secret: Secret
    """A reference to our secret there."""
    scope: str | None = None
    """The scopes to ask for, separated by blanks."""
    audience: str | None = None
    """Sent as ``audience``, for servers that want it."""
    scheme: str = "Bearer"
    """What stands before the token in ``Authorization``; some systems have their own word."""
    send_as: Literal["basic", "post"] = "basic"
    """Whether the client's credentials travel in the header or in the form."""


class RefreshAuth(BaseModel):
    """OAuth 2.0 with a refresh token that a person once allowed (RFC 6749 section 6)."""

    model_config = CONFIG
    type: Literal["oauth_refresh"]
    token_url: CleanUrl
    """Where tokens are issued."""
    client_id: str
    """Our name there."""
    client_secret: Secret | None = None
    """A reference to our secret there; none for a public client."""
    refresh_token: Secret
    """A reference to the refresh token."""
    kept_in: LocalPath | None = None
    """A file of ours that keeps the newest refresh token, for servers that give a new one each
    time; `refresh_token` is the first."""
    scope: str | None = None
    """The scopes to ask for, separated by blanks."""
    scheme: str = "Bearer"
    """What stands before the token in ``Authorization``; some systems have their own word."""
    send_as: Literal["basic", "post"] = "basic"
    """Whether the client's credentials travel in the header or in the form."""


class JwtAuth(BaseModel):
    """A token that we sign ourselves (RFC 7523): exchanged for another, or sent as it is."""

    model_config = CONFIG
    type: Literal["jwt"]
    token_url: CleanUrl | None = None
    """Where it is exchanged for an access token; without one it is sent itself."""
    key: Secret
    """A reference to the private key (PEM, unencrypted), or to the shared secret of HS256."""
    algorithm: Literal[
        "RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "Ed25519", "HS256", "HS384", "HS512"
    ] = "RS256"
    """How it is signed."""
    key_id: str | None = None
    """The name of the key, in the header ``kid``."""
    issuer: str
    """Who we are: the claim ``iss``."""
    subject: str | None = None
    """For whom we act: the claim ``sub``; the issuer when left out."""
    audience: str | None = None
    """For whom it is: the claim ``aud``; `token_url` when left out."""
    lifetime: PositiveInt = 300
    """Seconds for which it holds."""
    claims: Mapping[str, str | int | bool] = Field(default_factory=dict)
    """More claims. Never secrets."""
    scope: str | None = None
    """The scopes to ask for, separated by blanks."""


Auth = Annotated[
    NoAuth | BasicAuth | BearerAuth | ApiKeyAuth | OAuthAuth | RefreshAuth | JwtAuth,
    Field(discriminator="type"),
]
