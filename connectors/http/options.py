"""The settings that every connector over HTTP shares: ``http:``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    HttpUrl,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from connectors.fields import LocalPath
from connectors.secrets import Secret

CONFIG = ConfigDict(
    frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
)


def _no_credentials(url: HttpUrl) -> HttpUrl:
    if url.username or url.password:
        raise ValueError("holds a user name or password; put them under auth")
    return url


CleanUrl = Annotated[HttpUrl, AfterValidator(_no_credentials)]
"""An http or https address without user name and password in it."""


class Budget(BaseModel):
    """Headers by which a system tells how many more calls it allows, and until when."""

    model_config = CONFIG

    remaining: str = "X-RateLimit-Remaining"
    """The header that says how many calls are left."""
    reset: str = "X-RateLimit-Reset"
    """The header that says when there are more again; also read where `Retry-After` is missing."""
    reset_as: Literal["seconds", "epoch", "epoch_ms", "iso"] = "seconds"
    """How it says so: in seconds from now, or as a moment."""
    keep: NonNegativeInt = 0
    """So many calls are left for others: with no more than these left we wait."""


class HttpOptions(BaseModel):
    """How calls are made. The defaults suit a public API on a bad day."""

    model_config = CONFIG

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
    per_minute: PositiveFloat | None = None
    """The same as `rate` for those who count by minutes."""
    burst: PositiveInt = 1
    """How many calls may be made at once before `rate` holds."""
    budget: Budget | None = None
    """Headers by which the system tells how many more calls it allows."""
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

    @property
    def per_second(self) -> float | None:
        """Calls per second that we allow ourselves; None for no limit."""
        return self.per_minute / 60 if self.per_minute else self.rate

    @model_validator(mode="after")
    def _fits_together(self) -> HttpOptions:
        if self.rate and self.per_minute:
            raise ValueError("rate and per_minute say the same; keep one")
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
