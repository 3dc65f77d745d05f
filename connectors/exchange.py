"""What was said about one account that a system refused to write: the request and its answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

MOST = 8192
"""So many characters of a body are kept."""
_SHORTEST = 6
"""What is shorter is no secret that could be told from other words."""
_PLAIN = frozenset({"accept", "content-type", "if-match"})


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer. Both bodies may hold a customer's values: they are never shown.

    `path` has neither host nor query; of LDAP and SOAP it is the operation, `method` is their name.
    `status` is that of HTTP, or the result code of LDAP. `code` is the system's own word for the
    refusal (SCIM ``scimType``, a SOAP fault's code), "" without one. `sent` and `answered` are the
    bodies as text, cut when long.
    It must be about one account: it is kept, and forgotten, with what is known of that one alone.
    """

    method: str
    path: str
    status: int
    code: str = ""
    sent: str = field(default="", repr=False)
    answered: str = field(default="", repr=False)


def kept(body: bytes | str | None, secrets: Iterable[str] = ()) -> str:
    """Return a body as text to be kept: without these secrets, and not too long."""
    if not body:
        return ""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    for secret in secrets:
        for written in {secret, secret.replace("/", "\\/")}:
            text = text.replace(written, "(secret)")
    if len(text) <= MOST:
        return text
    return f"{text[:MOST]}… (cut: the first {MOST:,} of {len(text):,} characters)"


def secrets(headers: Mapping[str, str], params: Mapping[str, str] | None = None) -> Iterator[str]:
    """Yield what of a request may be a secret; some systems repeat it in their answers."""
    given = [value for name, value in headers.items() if name.lower() not in _PLAIN]
    for value in (*given, *(params or {}).values()):
        word = value.rpartition(" ")[2]  # the scheme before it, such as Bearer, is none
        if len(word) >= _SHORTEST:
            yield word
