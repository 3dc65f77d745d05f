"""How to log in to Salesforce."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from connectors.secrets import Secret

_CONFIG = ConfigDict(
    frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
)


class JwtAuth(BaseModel):
    """OAuth 2.0 JWT bearer: a key of ours, whose certificate the connected app holds."""

    model_config = _CONFIG
    type: Literal["jwt"]
    client_id: str
    """The consumer key of the connected app."""
    username: str
    """The user that we act as; the app must be approved for it beforehand."""
    private_key: Secret
    """A reference to the RSA key (PEM, unencrypted)."""
    audience: str | None = None
    """The `aud` of the assertion; Salesforce's login or test address when left out."""


class ClientCredentialsAuth(BaseModel):
    """OAuth 2.0 client credentials: the app acts as its run-as user. Needs a My Domain `url`."""

    model_config = _CONFIG
    type: Literal["client_credentials"]
    client_id: str
    """The consumer key of the connected app."""
    client_secret: Secret
    """A reference to its consumer secret."""


class RefreshTokenAuth(BaseModel):
    """OAuth 2.0 refresh token, which a person's consent gave us once."""

    model_config = _CONFIG
    type: Literal["refresh_token"]
    client_id: str
    """The consumer key of the connected app."""
    client_secret: Secret | None = None
    """A reference to its consumer secret, where the app requires one."""
    refresh_token: Secret
    """A reference to the token; the app must not rotate it."""


class PasswordAuth(BaseModel):
    """SOAP login with a password. Salesforce ends it in summer 2027; take another."""

    model_config = _CONFIG
    type: Literal["password"]
    username: str
    """The user that we act as."""
    password: Secret
    """A reference to the password."""
    security_token: Secret | None = None
    """A reference to the security token, where our address is not trusted by the org."""


SalesforceAuth = Annotated[
    JwtAuth | ClientCredentialsAuth | RefreshTokenAuth | PasswordAuth, Field(discriminator="type")
]
