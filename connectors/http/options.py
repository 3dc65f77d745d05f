"""The settings that every connector over HTTP shares: ``auth:`` and ``http:``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from connectors.fields import LocalPath
from connectors.secrets import Secret

_CONFIG = ConfigDict(
    frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
)


def _no_credentials(url: HttpUrl) -> HttpUrl:
    if url.username or url.password:
        raise ValueError("holds a user name or password; put them under auth")
    return url


CleanUrl = Annotated[HttpUrl, AfterValidator(_no_credentials)]
"""An http or https address without user name and password in it."""


class NoAuth(BaseModel):
    """No credentials."""

    model_config = _CONFIG
    type: Literal["none"] = "none"


class BasicAuth(BaseModel):
    """User name and password (RFC 7617)."""

    model_config = _CONFIG
    type: Literal["basic"]
    user: str
    """The user name."""
    password: Secret
    """A reference to the password."""


class BearerAuth(BaseModel):
    """A token in ``Authorization: Bearer`` (RFC 6750)."""

    model_config = _CONFIG
    type: Literal["bearer"]
    token: Secret
    """A reference to the token."""


class ApiKeyAuth(BaseModel):
    """A key in a header of the system's own."""

    model_config = _CONFIG
    type: Literal["api_key"]
    header: str = "X-API-Key"
    """The header that carries the key."""
    key: Secret
    """A reference to the key."""


class OAuthAuth(BaseModel):
    """OAuth 2.0 client credentials (RFC 6749 section 4.4)."""

    model_config = _CONFIG
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
    send_as: Literal["basic", "post"] = "basic"
    """Whether the client's credentials travel in the header or in the form."""


Auth = Annotated[
    NoAuth | BasicAuth | BearerAuth | ApiKeyAuth | OAuthAuth, Field(discriminator="type")
]


class HttpOptions(BaseModel):
    """How calls are made. The defaults suit a public API on a bad day."""

    model_config = _CONFIG

    connect_timeout: PositiveFloat = 5.0
    """Seconds to wait for a connection."""
    read_timeout: PositiveFloat = 30.0
    """Seconds to wait for the next byte of an answer."""
    attempts: PositiveInt = 5
    """How often a call is tried in all."""
    total_seconds: PositiveFloat = 120.0
    """Seconds that a call and its repetitions may take together."""
    backoff_seconds: PositiveFloat = 0.5
    """The first repetition waits a random time up to this, each next one up to twice as long."""
    max_backoff_seconds: PositiveFloat = 30.0
    """No repetition waits longer than this, unless the system asks for it by Retry-After."""
    rate: PositiveFloat | None = None
    """Calls per second that we allow ourselves; no limit when left out."""
    burst: PositiveInt = 1
    """How many calls may be made at once before `rate` holds."""
    max_answer_mb: PositiveFloat = 64.0
    """An answer larger than this many megabytes, unpacked, is refused."""
    ca_file: LocalPath | None = None
    """Certificates to trust instead of the public ones. Verification cannot be turned off."""
    client_certificate: LocalPath | None = None
    """Our certificate (PEM) for mutual TLS."""
    client_key: LocalPath | None = None
    """Its key (PEM, unencrypted); left out when the certificate's file holds both."""
    proxy: CleanUrl | None = None
    """The proxy to go through. Proxy variables of the environment are not read."""
    proxy_user: str | None = None
    """Our name at the proxy."""
    proxy_password: Secret | None = None
    """A reference to our password at the proxy."""
    public_only: bool = False
    """Refuse addresses of private networks: for URLs that were not written by an operator."""

    @model_validator(mode="after")
    def _fits_together(self) -> HttpOptions:
        if self.client_key and not self.client_certificate:
            raise ValueError("client_key needs client_certificate")
        if bool(self.proxy_user) != bool(self.proxy_password):
            raise ValueError("proxy_user and proxy_password go together")
        if self.proxy_user and not self.proxy:
            raise ValueError("proxy_user needs proxy")
        if self.public_only and self.proxy:
            raise ValueError(
                "public_only cannot see behind a proxy; let the proxy refuse private addresses"
            )
        return self
