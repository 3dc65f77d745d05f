"""Credentials as request headers: resolved late, kept for a session, renewed once when refused."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Mapping

from connectors.http import oauth
from connectors.http.auths import (
    ApiKeyAuth,
    Auth,
    BasicAuth,
    BearerAuth,
    JwtAuth,
    OAuthAuth,
    RefreshAuth,
)
from connectors.http.options import HttpOptions
from connectors.http.signing import Sign

Headers = Mapping[str, str]

Make = Callable[[], tuple[Headers, float]]
"""Logs in: gives the headers that prove it, and how many seconds they hold."""


class Credentials:
    """The headers that prove who we are, for one session; safe to share between threads.

    A connector whose system has a login of its own gives a function that logs in, one whose system
    wants signed requests gives what signs them.
    """

    def __init__(
        self, auth: Auth | Make, options: HttpOptions, *, sign: Sign | None = None
    ) -> None:
        self._make: Make = auth if callable(auth) else _maker(auth, options)
        self._sign = sign
        self._key = auth if isinstance(auth, ApiKeyAuth) and auth.param else None
        self._lock = threading.Lock()
        self._proof: tuple[Headers | None, float] = None, float("inf")

    def headers(self) -> Headers:
        """Return the headers, asking for a new token where the old one is about to end."""
        headers, until = self._proof  # read at once, so that the usual case needs no lock
        if headers is None or time.monotonic() >= until:
            with self._lock:
                headers, until = self._proof
                if headers is None or time.monotonic() >= until:
                    headers = self._made()
        return headers

    def params(self) -> Mapping[str, str]:
        """Return the parameters of the query that prove who we are; none but for a key there."""
        return {self._key.param: self._key.key.reveal()} if self._key and self._key.param else {}

    def signed(self, method: str, url: str, body: bytes | None, kind: str = "") -> Headers:
        """Return the headers that sign one request, where its system wants that.

        `kind` is the content type of the body.
        """
        return self._sign(method, url, body, kind) if self._sign else {}

    def renew(self, refused: Headers) -> bool:
        """Forget refused headers; whether there is something else to try."""
        with self._lock:
            headers, _ = self._proof
            if headers == refused:
                headers = self._made()
            return headers != refused

    def _made(self) -> Headers:
        """Log in anew; the lock is held."""
        headers, lifetime = self._make()
        self._proof = headers, time.monotonic() + lifetime
        return headers


def _maker(auth: Auth, options: HttpOptions) -> Make:
    match auth:
        case OAuthAuth():
            return lambda: oauth.client_credentials(auth, options)
        case RefreshAuth():
            return lambda: oauth.refreshed(auth, options)
        case JwtAuth():
            return lambda: oauth.asserted(auth, options)
        case _:
            return lambda: (_known(auth), float("inf"))


def _known(auth: Auth) -> Headers:
    """Return the headers of what is known from the start; a secret is looked up each time."""
    match auth:
        case BasicAuth():
            return _basic(auth)
        case BearerAuth():
            return {"Authorization": f"Bearer {auth.token.reveal()}"}
        case ApiKeyAuth(param=None):
            return {auth.header: f"{auth.prefix}{auth.key.reveal()}"}
        case _:
            return {}


def _basic(auth: BasicAuth) -> Headers:
    pair = f"{auth.user}:{auth.password.reveal()}".encode()
    return {"Authorization": "Basic " + base64.b64encode(pair).decode("ascii")}
