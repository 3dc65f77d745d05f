"""Logging in: one token per grant, from an address and to an instance that may be trusted."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from html import escape, unescape
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.parsers.expat import ExpatError

import structlog

from connectors.errors import (
    ConnectorError,
    MisconfiguredError,
    ThrottledError,
    TransientError,
    UnauthorizedError,
)
from connectors.http import Answer, HttpOptions, HttpSession, oauth
from connectors.http.answers import error_of
from connectors.http.auths import JwtAuth as SignedAuth
from connectors.salesforce.codes import meaning
from connectors.salesforce.options import (
    ClientCredentialsAuth,
    JwtAuth,
    PasswordAuth,
    RefreshTokenAuth,
    SalesforceAuth,
)
from connectors.salesforce.web import WebSession, simple_salesforce

log = structlog.get_logger(__name__)

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_SECONDS = 180
_LAST_SOAP_VERSION = 64
DOMAINS = (
    ".salesforce.com",
    ".force.com",
    ".cloudforce.com",
    ".database.com",
    ".salesforce.mil",
    ".sfcrmapps.cn",
    ".sfcrmproducts.cn",
)
_MENDS = {
    "audience is invalid": "set auth.audience to the address that the app's org logs in at",
    "invalid assertion": "the app's certificate does not fit auth.private_key, or the clock is off",
    "ip restricted": "the org does not let our address in; relax the app's IP rules",
    "no client credentials user enabled": "name a run-as user in the app's client credentials flow",
    "request not supported on this domain": "set url to the org's My Domain address",
    "user hasn't approved this consumer": "approve the app for the user's profile beforehand",
    "user is not admin approved to access this app": "approve the app for the user's profile",
}
"""What Salesforce says when it gives no token, and what to do; other words are not repeated."""


@dataclass(frozen=True, slots=True)
class Login:
    """An open session: its token, and the address of the org's instance."""

    token: str = field(repr=False)
    instance: str


def log_in(
    auth: SalesforceAuth, url: str, http: HttpOptions, version: str, hosts: Collection[str]
) -> Login:
    """Log in at `url`. `hosts` are instances to trust besides Salesforce's own and `url` itself.

    Raises UnauthorizedError with the mend, MisconfiguredError, or TransientError.
    """
    if isinstance(auth, PasswordAuth):
        token, instance = _by_password(auth, url, http, version)
    else:
        token, instance = _by_grant(auth, url, http)
    return Login(token, trusted(instance, url, hosts))


def trusted(instance: str, url: str, hosts: Collection[str]) -> str:
    """The instance's origin; MisconfiguredError for a host that no token may go to."""
    try:
        parts, login = urlsplit(instance), urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise MisconfiguredError(
            "the login leads to no address; does url name Salesforce?"
        ) from None
    if (parts.scheme, parts.netloc) == (login.scheme, login.netloc):
        return f"{parts.scheme}://{parts.netloc}"
    known = host.endswith(DOMAINS) or host in hosts
    if parts.scheme != "https" or not known or parts.username or parts.password:
        raise MisconfiguredError(
            f"the login leads to {parts.scheme}://{host}, which is no address of Salesforce; if it "
            "is meant, name the host under instance_hosts"
        )
    return f"https://{parts.netloc}"


def _by_grant(
    auth: JwtAuth | ClientCredentialsAuth | RefreshTokenAuth, url: str, http: HttpOptions
) -> tuple[str, str]:
    form = urlencode(_form(auth, url)).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    with HttpSession(url, None, http, meaning=_meaning) as session:
        answer = session.post("services/oauth2/token", data=form, headers=headers, idempotent=True)
    found = answer.json()
    token, instance = (
        (found.get(k) for k in ("access_token", "instance_url"))
        if isinstance(found, dict)
        else (None, None)
    )
    if not isinstance(token, str) or not isinstance(instance, str):
        raise MisconfiguredError(f"{answer.call}: gave no session; does url lead to Salesforce?")
    if isinstance(auth, RefreshTokenAuth) and "refresh_token" in found:
        log.warning("salesforce.refresh_token_rotated", mend="turn rotation off for the app")
    return token, instance


def _form(auth: JwtAuth | ClientCredentialsAuth | RefreshTokenAuth, url: str) -> Mapping[str, str]:
    if isinstance(auth, JwtAuth):
        return {"grant_type": JWT_BEARER, "assertion": _assertion(auth, url)}
    secret = auth.client_secret.reveal() if auth.client_secret else None
    form = {"grant_type": auth.type, "client_id": auth.client_id}
    form |= {"client_secret": secret} if secret else {}
    if isinstance(auth, RefreshTokenAuth):
        form["refresh_token"] = auth.refresh_token.reveal()
    return form


def _assertion(auth: JwtAuth, url: str) -> str:
    return oauth.signed(
        SignedAuth(
            type="jwt",
            key=auth.private_key,
            issuer=auth.client_id,
            subject=auth.username,
            audience=auth.audience or _audience(url),
            lifetime=_ASSERTION_SECONDS,
        )
    )


def _audience(url: str) -> str:
    """Who issues the token: production or a sandbox; a system elsewhere is its own audience."""
    host = urlsplit(url).hostname or ""
    if not host.endswith(".salesforce.com"):
        return url.rstrip("/")
    sandbox = host == "test.salesforce.com" or ".sandbox." in host
    return f"https://{'test' if sandbox else 'login'}.salesforce.com"


def _by_password(auth: PasswordAuth, url: str, http: HttpOptions, version: str) -> tuple[str, str]:
    library = simple_salesforce()
    log.warning("salesforce.soap_login", mend="Salesforce ends it in summer 2027; take auth jwt")
    token = auth.security_token.reveal() if auth.security_token else ""
    with HttpSession(url, None, http, meaning=meaning) as session:
        try:
            found, host = library.SalesforceLogin(
                username=auth.username,
                password=auth.password.reveal(),
                security_token=escape(token),
                sf_version=f"{min(int(version.partition('.')[0]), _LAST_SOAP_VERSION)}.0",
                session=WebSession(session),
                scratch_url=url.rstrip("/"),
            )
        except library.SalesforceAuthenticationFailed:
            raise UnauthorizedError(
                "login: refused; check auth.username and auth.password"
            ) from None
        except (ValueError, ExpatError):
            raise MisconfiguredError(
                "login: no SOAP answer; does url lead to Salesforce?"
            ) from None
    return unescape(found), f"{urlsplit(url).scheme}://{host}"


def _meaning(answer: Answer, wait: float | None, *, idempotent: bool) -> ConnectorError | None:
    """The error of a token endpoint (RFC 6749 section 5.2), with the mend."""
    plain = error_of(answer, wait, idempotent=idempotent)
    try:
        said: Any = json.loads(answer.body) if plain is not None else None
    except ValueError:
        said = None
    if plain is None or not isinstance(said, dict) or isinstance(plain, ThrottledError):
        return plain
    error, description = str(said.get("error")), str(said.get("error_description") or "")
    if "rate" in error or "rate exceeded" in description:
        return ThrottledError(f"{answer.call}: too many logins", wait)
    if isinstance(plain, TransientError):
        return plain
    shown = error if error.replace("_", "").isalpha() else "refused"
    mend = _MENDS.get(description, "check auth")
    return UnauthorizedError(f"{answer.call}: no token ({shown}); {mend}")
