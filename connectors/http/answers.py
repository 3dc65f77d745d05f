"""What a remote system answered, and what an answer that is no success means to us."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import urlsplit

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


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its status, headers (names in any case) and body. The body is never shown."""

    method: str
    url: str = field(repr=False)
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    _parsed: list[Any] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def call(self) -> str:
        """``GET /path``: how this call is named in messages."""
        return call_name(self.method, self.url)

    def json(self) -> Any:
        """The body as JSON.

        Raises MisconfiguredError when the answer is something else (a login page, say), and
        TransientError when it is JSON that was cut off.
        """
        try:
            if not self._parsed:  # a large body is read once, whoever asks
                self._parsed.append(json.loads(self.body))
            return self._parsed[0]
        except (ValueError, RecursionError):
            kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if kind.endswith("json"):
                raise TransientError(f"{self.call}: the answer is not valid JSON") from None
            raise MisconfiguredError(
                f"{self.call}: answered {kind or 'something untyped'} where JSON was expected; "
                "is the url right?"
            ) from None


class Meaning(Protocol):
    """Reads the error that an answer means; `error_of` is the one for systems that keep to HTTP."""

    def __call__(
        self, answer: Answer, wait: float | None, *, idempotent: bool
    ) -> ConnectorError | None:
        """The error, or None for a success."""


def call_name(method: str, url: str) -> str:
    """Method and path: no host, no query, for these may hold values."""
    return f"{method} {urlsplit(url).path or '/'}"


def error_of(answer: Answer, wait: float | None, *, idempotent: bool) -> ConnectorError | None:
    """The error that this answer means, or None for a success (2xx).

    `wait` is what its ``Retry-After`` asks for, in seconds.
    """
    status, call = answer.status, answer.call
    if 200 <= status < 300:
        return None
    text = f"{call}: {status} {_phrase(status)}"
    if status in _MEANINGS:
        kind, mend = _MEANINGS[status]
        return kind(f"{text}; {mend}" if mend else text)
    if status == 429 or (status == 503 and wait is not None):
        return ThrottledError(f"{text}; it asks for patience, go slower by http.per_second", wait)
    if status in (408, 425) or status >= 500:
        said = f"{text}; the system is in trouble, try again later"
        return (TransientError if idempotent else UncertainError)(said)
    if 300 <= status < 400:
        return MisconfiguredError(f"{text}; it points elsewhere, set url to the new address")
    return RejectedError(text)


_MEANINGS: dict[int, tuple[type[ConnectorError], str]] = {
    401: (UnauthorizedError, "the credentials are refused, check auth"),
    403: (UnauthorizedError, "the credentials lack a right, ask the system's administrator"),
    404: (NotFoundError, ""),
    405: (MisconfiguredError, "this address does not take this method, check url"),
    407: (UnauthorizedError, "the proxy refuses us, check http.proxy_user"),
    409: (ConflictError, ""),
    410: (NotFoundError, ""),
    501: (MisconfiguredError, "the system does not offer this"),
    505: (MisconfiguredError, "the system does not speak this HTTP version"),
}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(not a known status)"
