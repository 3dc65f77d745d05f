"""A request, read: nothing of it is trusted, and a parameter sent twice is an error by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from idp_core.http.answer import HttpError

MOST_FIELDS = 100


@dataclass(frozen=True, slots=True)
class Params:
    """Parameters of a query or a form, in their order."""

    pairs: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def get(self, name: str) -> str | None:
        """Return a parameter, None when it is missing or empty (RFC 6749 section 3.1).

        Raises HttpError when it was sent twice: two parsers could each take another one.
        """
        found = [value for key, value in self.pairs if key == name]
        if len(found) > 1:
            raise HttpError(400, "invalid_request", f"the parameter {name} was sent twice")
        return found[0] if found and found[0] else None

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of a parameter that may come more than once, such as `resource`."""
        return tuple(value for key, value in self.pairs if key == name and value)

    def single(self, *but: str) -> dict[str, str]:
        """Return all of them by name. Raises HttpError when one not named in `but` came twice."""
        return {
            name: value
            for name in dict(self.pairs)
            if name not in but and (value := self.get(name)) is not None
        }


@dataclass(frozen=True, slots=True)
class Ask:
    """A request. Header names are in small letters; `peer` is who asks: an address, or ""."""

    method: str
    path: str
    query: Params = Params()
    form: Params = Params()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    peer: str = ""
    part: str = ""
    """What stood in the place of ``{part}`` in the route's path."""
    query_text: str = field(default="", repr=False)
    body: bytes = field(default=b"", repr=False)
    """The body as it came, where it is JSON."""


def params(text: str) -> Params:
    """Read ``application/x-www-form-urlencoded`` text. Raises HttpError for what is none."""
    try:
        pairs = parse_qsl(
            text,
            keep_blank_values=True,
            strict_parsing=bool(text),
            max_num_fields=MOST_FIELDS,
            errors="strict",
        )
    except (ValueError, UnicodeError):
        raise HttpError(400, "invalid_request", "the parameters cannot be read") from None
    if any("\0" in key or "\0" in value for key, value in pairs):
        raise HttpError(400, "invalid_request", "the parameters cannot be read")
    return Params(tuple(pairs))


def cookies(values: Iterable[str]) -> Mapping[str, str]:
    """Read Cookie headers; of two with one name the first counts, as browsers order them."""
    found: dict[str, str] = {}
    for header in values:
        for part in header.split(";"):
            name, equals, value = part.strip().partition("=")
            if equals:
                found.setdefault(name, value.strip('"'))
    return found
