"""Credentials as request headers: resolved late, kept for a session, renewed once when refused."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests
from authlib.integrations.base_client.errors import OAuthError  # type: ignore[import-untyped]
from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]

from connectors.errors import (
    ConnectorError,
    MisconfiguredError,
    TransientError,
    UnauthorizedError,
)
from connectors.http.answers import Answer, call_name, error_of
from connectors.http.options import ApiKeyAuth, Auth, BasicAuth, BearerAuth, HttpOptions, OAuthAuth
from connectors.http.transport import configure
from connectors.http.wire import translated

Headers = Mapping[str, str]

_EARLY = 30.0
"""Seconds before its end at which a token is renewed."""


Make = Callable[[], tuple[Headers, float]]
"""Logs in: gives the headers that prove it, and how many seconds they hold."""


class Credentials:
    """The headers that prove who we are, for one session; safe to share between threads.

    A connector whose system has a login of its own gives a function that logs in.
    """

    def __init__(self, auth: Auth | Make, options: HttpOptions) -> None:
        self._make: Make = auth if callable(auth) else _maker(auth, options)
        self._lock = threading.Lock()
        self._headers: Headers | None = None
        self._until = float("inf")

    def headers(self) -> Headers:
        """Return the headers, asking for a new token where the old one is about to end."""
        with self._lock:
            if self._headers is None or time.monotonic() >= self._until:
                self._headers, lifetime = self._make()
                self._until = time.monotonic() + lifetime
            return self._headers

    def renew(self, refused: Headers) -> bool:
        """Forget refused headers; whether there is something else to try."""
        with self._lock:
            if self._headers == refused:
                self._headers, lifetime = self._make()
                self._until = time.monotonic() + lifetime
            return self._headers != refused


def _maker(auth: Auth, options: HttpOptions) -> Make:
    match auth:
        case BasicAuth():
            return lambda: (_basic(auth), float("inf"))
        case BearerAuth():
            return lambda: ({"Authorization": f"Bearer {auth.token.reveal()}"}, float("inf"))
        case ApiKeyAuth():
            return lambda: ({auth.header: auth.key.reveal()}, float("inf"))
        case OAuthAuth():
            return lambda: _client_credentials(auth, options)
        case _:
            return lambda: ({}, float("inf"))


def _basic(auth: BasicAuth) -> Headers:
    pair = f"{auth.user}:{auth.password.reveal()}".encode()
    return {"Authorization": "Basic " + base64.b64encode(pair).decode("ascii")}


def _client_credentials(auth: OAuthAuth, options: HttpOptions) -> tuple[Headers, float]:
    url = str(auth.token_url)
    call = call_name("POST", url)
    extra = {"audience": auth.audience} if auth.audience else {}
    with OAuth2Session(
        auth.client_id,
        auth.client_secret.reveal(),
        scope=auth.scope,
        token_endpoint_auth_method=f"client_secret_{auth.send_as}",
    ) as session:
        configure(session, options)
        timeout = (options.connect_timeout, options.read_timeout)
        try:
            token: dict[str, Any] = session.fetch_token(
                url,
                grant_type="client_credentials",
                timeout=timeout,
                allow_redirects=False,
                **extra,
            )
        except OAuthError as error:
            raise UnauthorizedError(
                f"{call}: no token ({error.error}); check auth.client_id and auth.client_secret"
            ) from None
        except requests.HTTPError as error:
            raise _refused(error, call) from None
        except requests.RequestException as error:
            raise translated(error, call, idempotent=True) from None
        except ValueError:
            raise MisconfiguredError(f"{call}: is not a token server, check token_url") from None
    return _as_headers(token, call)


def _refused(error: requests.HTTPError, call: str) -> ConnectorError:
    status = error.response.status_code if error.response is not None else 500
    answer = Answer("POST", "", status, {}, b"")
    meant = error_of(answer, None, idempotent=True)
    kind = type(meant) if isinstance(meant, TransientError | MisconfiguredError) else None
    return (kind or MisconfiguredError)(f"{call}: {status} from the token server, check token_url")


def _as_headers(token: Mapping[str, Any], call: str) -> tuple[Headers, float]:
    access = token.get("access_token")
    if not isinstance(access, str) or str(token.get("token_type", "bearer")).lower() != "bearer":
        raise MisconfiguredError(f"{call}: gave no bearer token, check token_url")
    try:
        lifetime = float(token.get("expires_in") or "inf")
    except (TypeError, ValueError):
        lifetime = float("inf")
    return {"Authorization": f"Bearer {access}"}, max(lifetime - _EARLY, lifetime / 2)
