"""An answer, and the errors that are one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. `form_to` are origins that a form on this page may end at by redirects."""

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    kind: str = "text/plain; charset=utf-8"
    headers: Headers = field(default=(), repr=False)
    form_to: tuple[str, ...] = ()

    def with_headers(self, *headers: tuple[str, str]) -> Answer:
        """Return this answer with more headers."""
        return replace(self, headers=(*self.headers, *headers))


class HttpError(Exception):
    """A request that cannot be done: a status, an OAuth error code and its plain meaning."""

    def __init__(self, status: int, code: str, message: str, headers: Headers = ()) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers


def json_answer(document: Any, status: int = 200, *headers: tuple[str, str]) -> Answer:
    """Return a JSON document."""
    body = json.dumps(document, separators=(",", ":")).encode()
    return Answer(status, body, "application/json", headers)


def error_answer(error: HttpError) -> Answer:
    """Return an error as OAuth has it (RFC 6749 section 5.2)."""
    document = {"error": error.code, "error_description": error.message}
    return json_answer(document, error.status, *error.headers)


def problem_answer(error: HttpError) -> Answer:
    """Return an error as RFC 9457 has it."""
    document = {"title": error.message, "status": error.status, "code": error.code}
    body = json.dumps(document, separators=(",", ":")).encode()
    return Answer(error.status, body, "application/problem+json", error.headers)


def redirect(to: str, status: int = 303) -> Answer:
    """Return a redirect that is followed by a GET."""
    return Answer(status, headers=(("location", to),))


def with_query(url: str, more: Mapping[str, str | None]) -> str:
    """Return the URL with parameters behind the ones it has; None is left out."""
    parts = urlsplit(url)
    added = urlencode({name: value for name, value in more.items() if value is not None})
    query = "&".join(filter(None, (parts.query, added)))
    return urlunsplit(parts._replace(query=query))
