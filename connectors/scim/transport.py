"""One method, `send`: a SCIM request over aiohttp, paced, its answer or our error.

aiohttp because a create costs a tenth of the processor time it does in other Python clients.
Throttled requests (429) were not processed, so they are sent again here after the wait the server
asked for, which holds for all requests at once. Reads are repeated; a write that fails is the
caller's to repeat, since only the caller knows whether to ask first.
"""

from __future__ import annotations

import asyncio
import json
import random
import ssl
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from typing import Any, NamedTuple

import aiohttp
from yarl import URL

from connectors.errors import (
    ConflictError,
    ConnectorError,
    ExpiredCursorError,
    MisconfiguredError,
    NotFoundError,
    RejectedError,
    ThrottledError,
    TransientError,
    UnauthorizedError,
    UncertainError,
)
from connectors.exchange import Exchange, kept, secrets
from connectors.http.auth import Credentials, Headers
from connectors.http.options import HttpOptions
from connectors.http.retry import back_off, retry_after
from connectors.http.wire import handshake_failed, host_of
from connectors.jsontext import decoded, encoded
from connectors.scim.overdue import Overdue
from connectors.scim.pace import Pace
from connectors.tls import context

MEDIA_TYPE = "application/scim+json"
BULK_PATH = "/Bulk"
_LONGEST_WAIT = 300.0
_ANEW = "; what was fetched anew is refused, too: is our client still allowed there?"
_UNWATCHED = nullcontext()
_FAREWELL = 0.02
"""Seconds for TLS connections to close: aiohttp does not wait for that."""


class Answer(NamedTuple):
    """A successful answer: its status, its JSON (None when empty) and its version (ETag).

    There is one for each request, so it is a tuple: those are made in half the time.
    """

    status: int
    body: Any
    version: str | None = None

    def __repr__(self) -> str:
        """Show no body, which may hold a customer's values."""
        return f"Answer(status={self.status})"

    @property
    def tag(self) -> str | None:
        """The resource's version: the ETag, or the one in its ``meta``."""
        if self.version:
            return self.version
        meta = self.body.get("meta") if isinstance(self.body, dict) else None
        return meta.get("version") if isinstance(meta, dict) else None


class Transport:
    """Sends requests to one service provider; use as an async context manager."""

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        options: HttpOptions,
        *,
        pace: Pace,
        connections: int,
    ) -> None:
        self._url = url.rstrip("/")
        self._base = URL(self._url, encoded=True)
        self._root = self._base.raw_path.rstrip("/")
        self._endpoints: dict[str, URL] = {}
        self._credentials, self._key = credentials, credentials.params()
        self._pace = pace
        self._options = options
        self._connections = connections
        self._http: aiohttp.ClientSession | None = None
        self._overdue: Overdue | None = None
        connect, read = options.connect_timeout, options.read_timeout
        # An answer to a write is short: it is given a time as a whole, not each part of it.
        self._longest = connect + read
        self._write = aiohttp.ClientTimeout(total=None, sock_connect=connect)
        self._read = aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=read)

    async def __aenter__(self) -> Transport:
        await asyncio.to_thread(self._credentials.headers)  # a token is fetched before any work
        options = self._options
        self._overdue = Overdue(self._longest)
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections, ssl=tls(options)),
            headers={"Accept": MEDIA_TYPE},
            cookie_jar=_NoCookies(),
            proxy=str(options.proxy) if options.proxy else None,
            proxy_auth=_proxy_auth(options),
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._overdue:
            self._overdue.close()
        if self._http:
            await self._http.close()
            await asyncio.sleep(0.0 if self._url.startswith("http:") else _FAREWELL)

    async def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        params: Mapping[str, str] | None = None,
        version: str | None = None,
        weight: int = 1,
    ) -> Answer:
        """Send one request below the base address; `weight` is how many operations it carries.

        Raises the errors of `connectors.errors`: UncertainError when a POST may have been
        processed, TransientError for other losses and 5xx, RejectedError and its children for 4xx.
        """
        refused: Headers = {}
        last: ConnectorError | None = None
        kind = _class_of(method, path)
        for attempt in range(1, self._options.attempts + 1):
            if not self._pace.free(kind):
                await self._pace.turn(kind, weight)
            proof = self._credentials.headers()
            asked = {**(params or {}), **self._key} if self._key else params
            headers = {**proof, "If-Match": version} if version else proof
            try:
                answer = await self._once(method, path, body, asked, headers)
            except ThrottledError as error:
                last = error
                told = error.retry_after
                self._pace.refused(kind, min(1.0 if told is None else told, _LONGEST_WAIT))
            except TransientError as error:
                if method != "GET" or attempt == self._options.attempts:
                    raise
                last = error
                await asyncio.sleep(back_off(attempt, self._options, random.random))
            except UnauthorizedError as error:
                if refused:
                    raise UnauthorizedError(f"{error}{_ANEW}") from None
                if not await asyncio.to_thread(self._credentials.renew, proof):
                    raise
                refused = proof
            else:
                self._pace.accepted(kind, weight)
                return answer
        raise last or TransientError(f"{method} {path}: no attempt was left")

    async def _once(
        self,
        method: str,
        path: str,
        body: object,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
    ) -> Answer:
        if self._http is None or self._overdue is None:
            raise RuntimeError("use the transport as an async context manager")
        sent = None if body is None else encoded(body)
        long = method == "GET" or path == BULK_PATH
        call = self._http.request(
            method,
            self._address(path),
            data=None if sent is None else aiohttp.BytesPayload(sent, content_type=MEDIA_TYPE),
            params=params,
            headers=headers,
            timeout=self._read if long else self._write,
            allow_redirects=False,
        )
        try:
            with _UNWATCHED if long else self._overdue:
                response = await call
                text = await response.read()  # to its end, which gives the connection back
            if response.status >= 300:
                error = _refusal(f"{method} {path}", response.status, text, response.headers)
                if path == BULK_PATH:  # it is about many accounts
                    raise error
                hidden = [*secrets(headers, self._key)]
                raise error.after(_exchange(method, path, sent, response.status, text, hidden))
            said = _json(text, method, path) if text else None
            return Answer(response.status, said, response.headers.get("ETag"))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise _unreachable(f"{method} {path}", self._url, error) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            reason = f"{method} {path}: the answer was lost ({type(error).__name__})"
            raise (UncertainError if method == "POST" else TransientError)(reason) from None

    def _address(self, path: str) -> URL:
        """Return a full address; those of endpoints are kept, of which there are few."""
        address = self._endpoints.get(path)
        if address is None:
            address = self._base.with_path(self._root + path, encoded=True)
            if path.count("/") == 1:
                self._endpoints[path] = address
        return address


class _NoCookies(aiohttp.DummyCookieJar):
    """Keeps no cookies, and makes no empty jar of them for each request either."""

    def __init__(self) -> None:
        super().__init__()
        self._none = SimpleCookie()

    def filter_cookies(self, request_url: URL) -> SimpleCookie:  # noqa: ARG002 (aiohttp's)
        """Return none."""
        return self._none


def _class_of(method: str, path: str) -> str:
    """Return the class of a request: providers limit reading, writing and bulk each for itself."""
    if path == BULK_PATH:
        return "bulk"
    return "read" if method == "GET" else "write"


def tls(options: HttpOptions) -> ssl.SSLContext | bool:
    """Return what to trust and to show; raise MisconfiguredError when a file cannot be used."""
    if not (options.ca_file or options.client_certificate):
        return True
    return context("http.", options.ca_file, options.client_certificate, options.client_key)


def _proxy_auth(options: HttpOptions) -> aiohttp.BasicAuth | None:
    if options.proxy_user is None or options.proxy_password is None:
        return None
    return aiohttp.BasicAuth(options.proxy_user, options.proxy_password.reveal())


def _unreachable(where: str, url: str, error: Exception) -> ConnectorError:
    place = f"{where} at {host_of(url)}"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return handshake_failed(place, str(error))
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return TransientError(f"{place}: the host name is not known; check url or the network")
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return TransientError(f"{place}: no connection in time; is the host reachable?")
    return TransientError(f"{place}: no connection; check url, or is the system down?")


def _json(text: bytes, method: str, path: str) -> Any:
    try:
        return decoded(text)
    except ValueError:
        if not text.strip():
            return None
        where = f"{method} {path}"
        raise TransientError(f"{where}: the answer is not JSON; is this a SCIM address?") from None


_REFUSALS: Mapping[int, tuple[type[ConnectorError], str]] = {
    401: (UnauthorizedError, ": the credentials are refused; renew the token"),
    403: (UnauthorizedError, ": the credentials lack a right for this"),
    404: (NotFoundError, ""),
    409: (ConflictError, ""),
    410: (NotFoundError, ""),
    412: (ConflictError, ": it changed meanwhile"),
    501: (RejectedError, ": the provider does not offer this"),
}


_KINDS: Mapping[str, type[ConnectorError]] = {
    "uniqueness": ConflictError,
    "expiredCursor": ExpiredCursorError,
    "invalidCursor": ExpiredCursorError,
}


def refusal(
    where: str, operation: Mapping[str, Any], status: int, response: object
) -> ConnectorError:
    """Return the error of one operation of a ``/Bulk`` that was refused; its answer has no id."""
    if status < 300:
        return TransientError(f"{where}: the answer has no status")
    text = "" if response is None else json.dumps(response, ensure_ascii=False)
    answered = text.encode("utf-8", "replace")
    sent = encoded(operation["data"]) if "data" in operation else None
    said = _exchange(operation["method"], operation["path"], sent, status, answered)
    return _refusal(where, status, answered, {}).after(said)


def _refusal(where: str, status: int, text: bytes, headers: Mapping[str, str]) -> ConnectorError:
    """Turn an error answer (RFC 7644 section 3.12) into ours; its `detail` may hold values."""
    kind = _scim_type(text)
    said = f"{where}: HTTP {status}{f' {kind}' if kind else ''}"
    if status in _REFUSALS:
        error, mend = _REFUSALS[status]
        return error(said + mend)
    if status == 429 or (status == 503 and "Retry-After" in headers):
        return ThrottledError(said, retry_after(headers.get("Retry-After"), datetime.now(UTC)))
    if status >= 500:  # it may have happened before it failed: a create must ask first
        return (UncertainError if where.startswith("POST") else TransientError)(said)
    if status < 400:
        return MisconfiguredError(f"{said}: it redirects; put the final address into `url`")
    return _KINDS.get(kind, RejectedError)(said)


def _exchange(
    method: str,
    path: str,
    sent: bytes | None,
    status: int,
    text: bytes,
    hidden: Iterable[str] = (),
) -> Exchange:
    return Exchange(method, path, status, _scim_type(text), kept(sent), kept(text, hidden))


def _scim_type(text: bytes) -> str:
    """Return the ``scimType`` of an error answer, "" when it is no plain word."""
    try:
        kind = str(json.loads(text).get("scimType") or "")
    except (ValueError, AttributeError):
        return ""
    return kind if kind.isalpha() else ""
