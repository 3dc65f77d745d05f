"""One call to make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from connectors.errors import RejectedError
from connectors.http.answers import Meaning

FORM = "application/x-www-form-urlencoded"
Params = Mapping[str, str | list[str]]
"""Parameters of an address; one that is a list is repeated."""


@dataclass(frozen=True, slots=True)
class Request:
    """One call to make: `path` is relative to the session's url, or an address on its host.

    `idempotent` says whether it may be sent twice; None for what its method says. `meaning`
    reads its answer; without one the session's does. `about_one` says that it writes one account: a
    refusal then keeps what was said.
    """

    method: str
    path: str = field(default="", repr=False)
    params: Params | None = field(default=None, repr=False)
    body: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    idempotent: bool | None = None
    meaning: Meaning | None = None
    about_one: bool = False


def segment(value: str) -> str:
    """One id as one path segment: ``a/b?c`` -> ``a%2Fb%3Fc``.

    Raises RejectedError for an id that no path can carry (empty, ``.``, ``..``): it would name
    another resource.
    """
    if value in {"", ".", ".."}:
        raise RejectedError("an empty id, '.' or '..' cannot be addressed by a path")
    return quote(value, safe="")
