"""Where a redirect leads, and whether it may be followed. Nothing is sent here."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from connectors.errors import MisconfiguredError
from connectors.http.answers import Answer

MOST = 5
_STATUSES = frozenset({301, 302, 303, 307, 308})


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port of an address."""
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname, port


def led_to(answer: Answer, method: str) -> str | None:
    """Return where an answer leads; None when it does not, or when the call does not only read."""
    location = answer.headers.get("Location")
    if answer.status not in _STATUSES or not location or method not in {"GET", "HEAD"}:
        return None
    return urljoin(answer.url, location)


def require_safe(call: str, here: str, url: str, *, certificate: bool) -> None:
    """Only another host, over TLS, and without a `certificate` of ours, is followed.

    Raises MisconfiguredError with the name of the `call`.
    """
    scheme, host, _ = origin(url)
    if certificate or scheme != "https" or host == origin(here)[1]:
        raise MisconfiguredError(
            f"{call}: redirects to {scheme}://{host}; set url to where it should go"
        )
