"""The settings of the LDAP connector: addresses, logins, TLS, objects."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from connectors.fields import LocalPath
from connectors.ldap.filters import check_filter
from connectors.ldap.names import is_template, split
from connectors.ldap.values import SECRETS
from connectors.secrets import Secret

_CONFIG = ConfigDict(
    frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
)
_PORTS = {"ldap": 389, "ldaps": 636}


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"ldap", "ldaps", "ldapi"} or not parts.netloc:
        raise ValueError("write ldaps://host, ldap://host, or ldapi://%2Fpath%2Fof%2Fsocket")
    if parts.username or parts.password:
        raise ValueError("holds a user name or password; put them under bind")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("is more than an address; put the base under objects")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("has no port number after the colon") from None
    return text


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Addresses = Annotated[
    tuple[Annotated[str, AfterValidator(_address)], ...],
    BeforeValidator(_several),
    Field(min_length=1),
]


class Address(BaseModel):
    """An address, taken apart."""

    model_config = _CONFIG
    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Address:
        """Take an address of the settings apart; the host of ``ldapi`` is a path."""
        parts = urlsplit(url)
        if parts.scheme == "ldapi":
            return cls(scheme="ldapi", host=unquote(parts.netloc), port=0)
        host = parts.hostname or ""
        return cls(scheme=parts.scheme, host=host, port=parts.port or _PORTS[parts.scheme])

    @property
    def local(self) -> bool:
        """Whether it never leaves this machine."""
        if self.scheme == "ldapi" or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        if self.scheme == "ldapi":
            return f"ldapi {self.host}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


class AnonymousBind(BaseModel):
    """No login."""

    model_config = _CONFIG
    type: Literal["anonymous"] = "anonymous"


class SimpleBind(BaseModel):
    """Name and password (RFC 4513 section 5.1.3)."""

    model_config = _CONFIG
    type: Literal["simple"]
    user: str = Field(min_length=1)
    """A distinguished name; Active Directory takes ``user@domain`` too."""
    password: Secret
    """A reference to the password."""


class ExternalBind(BaseModel):
    """SASL EXTERNAL: who we are is known from our TLS certificate or our local user."""

    model_config = _CONFIG
    type: Literal["external"]


Bind = Annotated[AnonymousBind | SimpleBind | ExternalBind, Field(discriminator="type")]


class TlsOptions(BaseModel):
    """How the way is secured."""

    model_config = _CONFIG

    start_tls: bool = False
    """Turn to TLS on this machine too; other machines are never spoken to without it."""
    ca_file: LocalPath | None = None
    """Certificates (PEM) to trust instead of the system's."""
    server_name: str | None = None
    """The name the server's certificate has, where it is not that of the address."""
    client_certificate: LocalPath | None = None
    """Our certificate (PEM), for servers that ask for one and for ``bind: {type: external}``."""
    client_key: LocalPath | None = None
    """Its key (PEM, unencrypted); left out when the certificate's file holds both."""
    dangerously_accept_any_certificate: bool = False
    """Do not check who the server is: whoever stands between reads and changes everything."""
    dangerously_send_in_clear_text: bool = False
    """Speak ``ldap://`` without TLS to other machines: everybody on the way reads all of it."""

    @model_validator(mode="after")
    def _fits_together(self) -> TlsOptions:
        if self.client_key and not self.client_certificate:
            raise ValueError("client_key needs client_certificate")
        if self.dangerously_send_in_clear_text and self.start_tls:
            raise ValueError("start_tls and dangerously_send_in_clear_text contradict each other")
        return self


class DisabledBy(BaseModel):
    """How an entry says that it is disabled."""

    model_config = _CONFIG
    attribute: str
    """The attribute."""
    value: str
    """What it holds when the entry is disabled."""
    active: str | None = None
    """What to write when it is active again; left out to take the attribute away."""


_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*(;[A-Za-z0-9-]+)*|\d+(\.\d+)+")
_VIRTUAL = {"dn", "_disabled"}


def _attribute(name: str) -> str:
    if name not in _VIRTUAL and not _NAME.fullmatch(name):
        raise ValueError("is no attribute's name")
    if name.partition(";")[0].lower() in SECRETS:
        raise ValueError("is a password; passwords are never read or written")
    return name


AttributeName = Annotated[str, AfterValidator(_attribute)]


class LdapObject(BaseModel):
    """Entries that are read or written together."""

    model_config = _CONFIG

    base: str
    """The entry they stand below."""
    scope: Literal["subtree", "one", "base"] = "subtree"
    """All below it, those directly below it, or only itself."""
    filter: Annotated[str, AfterValidator(check_filter)] = "(objectClass=*)"
    """Which of them (RFC 4515)."""
    attributes: tuple[AttributeName, ...] | None = None
    """The columns of a row: attributes, ``dn``, ``_disabled``. When left out, all but photos."""
    key: AttributeName | None = None
    """The key; ``objectGUID`` of Active Directory, ``entryUUID`` elsewhere."""
    single: tuple[AttributeName, ...] = ()
    """Attributes that hold one value here though the schema allows more: text, not a list."""
    disabled: DisabledBy | None = None
    """What ``_disabled`` and deactivation go by; see below for what is usual."""
    external_id: AttributeName | None = None
    """Writing: the attribute that holds our key."""
    rdn: str | None = None
    """Writing: the entry's own name, such as ``uid={uid}`` or ``CN={givenName} {sn}``."""
    parent: str | None = None
    """Writing: the entry to stand below, such as ``OU={department},DC=example,DC=com``; `base`."""
    classes: tuple[str, ...] = ()
    """Writing: the object classes of a new entry."""

    @model_validator(mode="after")
    def _can_be_named(self) -> LdapObject:
        for template in filter(None, (self.rdn, self.parent)):
            if not is_template(template):
                raise ValueError("rdn and parent read attribute=value, with {attribute} inside")
        if self.rdn and len(split(self.rdn)) > 1:
            raise ValueError("rdn is the entry's own name only; what it stands below is its parent")
        return self


Objects = Annotated[Mapping[str, LdapObject], Field(min_length=1)]
