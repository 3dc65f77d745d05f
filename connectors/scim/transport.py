"""One method, `send`: a SCIM request over aiohttp, paced, its answer or our error.

aiohttp because a create costs a tenth of the processor time it does in other Python clients.
Throttled requests (429) were not processed, so they are sent again here after the wait the server
asked for, which holds for all requests at once; whatever else fails is the caller's to retry,
since only the caller knows whether to ask first.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import aiohttp
from yarl import URL

from connectors.errors import (
    ConflictError,
    ConnectorError,
    MisconfiguredError,
    NotFoundError,
    RejectedError,
    ThrottledError,
    TransientError,
    UnauthorizedError,
    UncertainError,
)

MEDIA_TYPE = "application/scim+json"
_ATTEMPTS = 6
_LONGEST_WAIT = 300.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: its status, its JSON (None when empty) and its version (ETag)."""

    status: int
    body: Any = field(repr=False)
    version: str | None = None


class Authorization(Protocol):
    """Gives the Authorization header; called in a thread, and with `renew` after a refusal."""

    def __call__(self, *, renew: bool) -> str | None:
        """Return the header's value, None to send none."""


class Pace:
    """A token bucket that a `Retry-After` freezes: `rate` requests a second, None for no limit."""

    def __init__(self, rate: float | None) -> None:
        self._gap = 1.0 / rate if rate else 0.0
        self._next = 0.0

    async def turn(self) -> None:
        """Wait for this request's turn."""
        now = time.monotonic()
        start = max(now, self._next)
        self._next = start + self._gap
        if start > now:
            await asyncio.sleep(start - now)

    def freeze(self, seconds: float) -> None:
        """Let nobody have a turn for this long."""
        self._next = max(self._next, time.monotonic() + seconds)


class Transport:
    """Sends requests to one service provider; use as an async context manager."""

    def __init__(
        self,
        url: str,
        authorization: Authorization,
        *,
        pace: Pace,
        connections: int,
        timeout: float,
        tls: ssl.SSLContext | bool = True,
        proxy: str | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._authorization = authorization
        self._pace = pace
        self._tls = tls
        self._proxy = proxy
        self._connections = connections
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=min(timeout, 10.0))
        self._http: aiohttp.ClientSession | None = None
        self._header: str | None = None

    async def __aenter__(self) -> Transport:
        self._header = await asyncio.to_thread(self._authorization, renew=False)
        connector = aiohttp.TCPConnector(limit=self._connections, ssl=self._tls)
        self._http = aiohttp.ClientSession(
            connector=connector, timeout=self._timeout, headers={"Accept": MEDIA_TYPE}
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._http:
            await self._http.close()

    async def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        params: Mapping[str, str] | None = None,
        version: str | None = None,
    ) -> Answer:
        """Send one request below the base address.

        Raises the errors of `connectors.errors`: UncertainError when a POST may have been
        processed, TransientError for other losses and 5xx, RejectedError and its children for 4xx.
        """
        renewed = False
        throttled: ConnectorError = TransientError(f"{method} {path}: no attempt was left")
        for _ in range(_ATTEMPTS):
            await self._pace.turn()
            try:
                return await self._once(method, path, body, params, version)
            except ThrottledError as error:
                throttled = error
                self._pace.freeze(min(error.retry_after or 1.0, _LONGEST_WAIT))
            except UnauthorizedError:
                if renewed:
                    raise
                renewed = True
                self._header = await asyncio.to_thread(self._authorization, renew=True)
        raise throttled

    async def _once(
        self,
        method: str,
        path: str,
        body: object,
        params: Mapping[str, str] | None,
        version: str | None,
    ) -> Answer:
        if self._http is None:
            raise RuntimeError("use the transport as an async context manager")
        headers: dict[str, str] = {}
        if self._header:
            headers["Authorization"] = self._header
        if version:
            headers["If-Match"] = version
        data = None
        if body is not None:
            data = json.dumps(body, ensure_ascii=False).encode()
            headers["Content-Type"] = MEDIA_TYPE
        where = f"{method} {path}"
        try:
            async with self._http.request(
                method,
                URL(f"{self._url}{path}", encoded=True),
                data=data,
                params=params,
                headers=headers,
                allow_redirects=False,
                proxy=self._proxy,
            ) as response:
                text = await response.read()
                if response.status >= 300:
                    raise _refusal(where, response.status, text, response.headers)
                return Answer(response.status, _json(where, text), response.headers.get("ETag"))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise _unreachable(where, error) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            reason = f"{where}: the answer was lost ({type(error).__name__})"
            raise (UncertainError if method == "POST" else TransientError)(reason) from None


def _unreachable(where: str, error: Exception) -> ConnectorError:
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return MisconfiguredError(
            f"{where}: the certificate is not trusted; renew it, or name its authority in `ca_file`"
        )
    return TransientError(f"{where}: cannot connect ({type(error).__name__}); is it running?")


def _json(where: str, text: bytes) -> Any:
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError:
        raise TransientError(f"{where}: the answer is not JSON; is this a SCIM address?") from None


_REFUSALS: Mapping[int, tuple[type[ConnectorError], str]] = {
    401: (UnauthorizedError, ": the credentials are refused; renew the token"),
    403: (UnauthorizedError, ": the credentials lack a right for this"),
    404: (NotFoundError, ""),
    409: (ConflictError, ""),
    410: (NotFoundError, ""),
    412: (ConflictError, ": it changed meanwhile"),
}


def _refusal(where: str, status: int, text: bytes, headers: Mapping[str, str]) -> ConnectorError:
    """Turn an error answer (RFC 7644 section 3.12) into ours; its `detail` may hold values."""
    try:
        kind = str(json.loads(text).get("scimType") or "")
    except (ValueError, AttributeError):
        kind = ""
    said = f"{where}: HTTP {status}{f' {kind}' if kind.isalpha() else ''}"
    if status in _REFUSALS:
        error, mend = _REFUSALS[status]
        return error(said + mend)
    if status == 429 or (status == 503 and "Retry-After" in headers):
        return ThrottledError(said, retry_after(headers.get("Retry-After")))
    if status >= 500:  # it may have happened before it failed: a create must ask first
        return (UncertainError if where.startswith("POST") else TransientError)(said)
    if status < 400:
        return MisconfiguredError(f"{said}: it redirects; put the final address into `url`")
    return (ConflictError if kind == "uniqueness" else RejectedError)(said)


def retry_after(text: str | None) -> float | None:
    """Return the seconds of a ``Retry-After`` header: a number or a date (RFC 9110 10.2.3)."""
    if not text:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError):
        return None
