"""Who may log in and which sessions are open: OAuth token grants and the old SOAP login."""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape, unescape
from typing import Any
from urllib.parse import unquote

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from connectors.simulators.salesforce.errors import ApiError
from connectors.simulators.salesforce.org import Org
from connectors.simulators.salesforce.wire import Request, Response

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LAST_SOAP_LOGIN = 64.0
"""``login()`` is not offered from API version 65.0 on."""


@dataclass(frozen=True, slots=True)
class App:
    """A connected app: `public_key` (PEM) is what JWT assertions are checked with."""

    client_id: str
    client_secret: str = field(repr=False)
    public_key: str | None = None


@dataclass(slots=True)
class Access:
    """Apps, users and open sessions of an org."""

    org: Org
    apps: dict[str, App] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    """Of each user name: password and security token in one, as SOAP login wants them."""
    refresh_tokens: dict[str, str] = field(default_factory=dict, repr=False)
    """Of each refresh token: its client id."""
    sessions: set[str] = field(default_factory=set, repr=False)
    logins: int = 0
    """How many tokens were given out."""

    def open(self) -> str:
        """A new session's token."""
        token = f"{self.org.id[:15]}!{secrets.token_urlsafe(48)}"
        self.sessions.add(token)
        self.logins += 1
        return token

    def expire(self) -> None:
        """End all sessions."""
        self.sessions.clear()

    def require(self, request: Request) -> None:
        """INVALID_SESSION_ID unless the request carries an open session."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() not in {"bearer", "oauth"} or token not in self.sessions:
            raise ApiError("INVALID_SESSION_ID", "Session expired or invalid", status=401)

    def token(self, request: Request, base: str) -> Response:
        """The token endpoint (RFC 6749): one answer per grant type."""
        form = request.form()
        try:
            app = self._grant(form, _client(request, form))
        except _RefusedError as refused:
            found = {"error": refused.error, "error_description": refused.description}
            return Response.of(found, 400)
        answer = {
            "access_token": self.open(),
            "instance_url": base,
            "id": f"{base}/id/{self.org.id}/{self.org.user_id}",
            "token_type": "Bearer",
            "scope": "api refresh_token",
            "issued_at": str(int(self.org.clock().timestamp() * 1000)),
            "signature": base64.b64encode(secrets.token_bytes(32)).decode(),
        }
        if form.get("grant_type") == "password":
            self.refresh_tokens[answer.setdefault("refresh_token", secrets.token_urlsafe(32))] = app
        return Response.of(answer)

    def revoke(self, request: Request) -> Response:
        """End one session."""
        self.sessions.discard((request.form() | dict(request.query)).get("token", ""))
        return Response(200)

    def identity(self, base: str) -> dict[str, Any]:
        """Who is logged in, as the identity URL tells."""
        user = self.org.by_id("User")[self.org.user_id]
        return {
            "id": f"{base}/id/{self.org.id}/{self.org.user_id}",
            "sub": f"{base}/id/{self.org.id}/{self.org.user_id}",
            "user_id": self.org.user_id,
            "organization_id": self.org.id,
            "preferred_username": user["Username"],
            "username": user["Username"],
            "name": "Integration User",
            "display_name": "Integration User",
            "email": user["Email"],
            "active": True,
            "user_type": "STANDARD",
            "urls": {"rest": f"{base}/services/data/v{{version}}/"},
        }

    def soap(self, request: Request, base: str, version: str) -> Response:
        """``login()`` and ``logout()`` of the partner API; nothing else of SOAP."""
        text = request.body.decode("utf-8", "replace")
        if re.search(r"<(?:\w+:)?logout\b", text):
            self.sessions.discard(_element(text, "sessionId") or "")
            return _envelope("<logoutResponse/>")
        user, password = _element(text, "username"), _element(text, "password")
        if user is None or password is None:
            return _fault(
                "sf:UNKNOWN_EXCEPTION",
                "the simulator knows login() and logout() and nothing else of SOAP",
            )
        if float(version) > _LAST_SOAP_LOGIN:
            return _fault(
                "sf:UNSUPPORTED_API_VERSION", "login() is not available from version 65.0 on"
            )
        if self.passwords.get(user) != password:
            return _fault(
                "sf:INVALID_LOGIN",
                "Invalid username, password, security token; or user locked out.",
            )
        url = f"{base}/services/Soap/u/{version}/{self.org.id[:15]}"
        return _envelope(
            "<loginResponse><result>"
            f"<metadataServerUrl>{base}/services/Soap/m/{version}/{self.org.id[:15]}"
            "</metadataServerUrl><passwordExpired>false</passwordExpired><sandbox>false</sandbox>"
            f"<serverUrl>{url}</serverUrl><sessionId>{escape(self.open())}</sessionId>"
            f"<userId>{self.org.user_id}</userId><userInfo>"
            f"<organizationId>{self.org.id}</organizationId><userId>{self.org.user_id}</userId>"
            f"<userName>{escape(user)}</userName></userInfo></result></loginResponse>"
        )

    def _grant(self, form: Mapping[str, str], client: tuple[str, str]) -> str:
        """The client id that a token may be given for."""
        match form.get("grant_type"):
            case "client_credentials":
                return self._app(client)
            case "refresh_token":
                app = self._app(client, secret=bool(client[1]))
                if self.refresh_tokens.get(form.get("refresh_token", "")) != app:
                    raise _RefusedError("invalid_grant", "expired access/refresh token")
                return app
            case "password":
                app = self._app(client)
                known = self.passwords.get(form.get("username", ""))
                if known is None or known != form.get("password"):
                    raise _RefusedError("invalid_grant", "authentication failure")
                return app
            case grant if grant == JWT_BEARER:
                return self._assertion(form.get("assertion", ""))
            case _:
                raise _RefusedError("unsupported_grant_type", "grant type not supported")

    def _app(self, client: tuple[str, str], *, secret: bool = True) -> str:
        app = self.apps.get(client[0])
        if app is None:
            raise _RefusedError("invalid_client_id", "client identifier invalid")
        if secret and not secrets.compare_digest(app.client_secret, client[1]):
            raise _RefusedError("invalid_client", "invalid client credentials")
        return app.client_id

    def _assertion(self, assertion: str) -> str:
        """Check signature, audience, user and time of a JWT."""
        try:
            named = jwt.decode(assertion, _AnyKey(self.apps).find, algorithms=["RS256"])
        except (JoseError, ValueError, KeyError):
            raise _RefusedError("invalid_grant", "invalid assertion") from None
        claims = named.claims
        if claims.get("sub") not in {u["Username"] for u in self.org.records("User")}:
            raise _RefusedError("invalid_grant", "invalid user credentials")
        if not str(claims.get("aud", "")).startswith(
            ("https://", "http://127.0.0.1", "http://localhost")
        ):
            raise _RefusedError("invalid_grant", "audience is invalid")
        ends = int(claims.get("exp") or 0) - self.org.clock().timestamp()
        if not 0 < ends <= 300:
            raise _RefusedError("invalid_grant", "expired authorization code")
        return str(claims["iss"])


class _RefusedError(Exception):
    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


@dataclass(frozen=True, slots=True)
class _AnyKey:
    """Finds the key of the app that an assertion names as its issuer."""

    apps: Mapping[str, App]

    def find(self, signed: Any) -> RSAKey:
        """The key to check a signature with."""
        issuer = json.loads(signed.payload).get("iss")
        app = self.apps.get(str(issuer))
        if app is None or app.public_key is None:
            raise ValueError(issuer)
        return RSAKey.import_key(app.public_key)


def _client(request: Request, form: Mapping[str, str]) -> tuple[str, str]:
    """Client id and secret, from the header or the form."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(value).decode().partition(":")
        except ValueError:
            return "", ""
        return unquote(name), unquote(secret)
    return form.get("client_id", ""), form.get("client_secret", "")


def _element(text: str, name: str) -> str | None:
    found = re.search(rf"<(?:\w+:)?{name}(?:\s[^>]*)?>(.*?)</(?:\w+:)?{name}>", text, re.DOTALL)
    return unescape(found[1]) if found else None


def _envelope(inner: str, status: int = 200) -> Response:
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
        'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns="urn:partner.soap.sforce.com" xmlns:sf="urn:fault.partner.soap.sforce.com" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
        f"{inner}</soapenv:Body></soapenv:Envelope>"
    )
    return Response(status, text.encode(), {"Content-Type": "text/xml;charset=UTF-8"})


def _fault(code: str, message: str) -> Response:
    name = code.removeprefix("sf:")
    return _envelope(
        f"<soapenv:Fault><faultcode>{code}</faultcode><faultstring>{name}: {escape(message)}"
        '</faultstring><detail><sf:LoginFault xsi:type="sf:LoginFault"><sf:exceptionCode>'
        f"{name}</sf:exceptionCode><sf:exceptionMessage>{escape(message)}</sf:exceptionMessage>"
        "</sf:LoginFault></detail></soapenv:Fault>",
        500,
    )
