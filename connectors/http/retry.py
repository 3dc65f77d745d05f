"""When to try again and how long to wait: pure decisions, no clock of their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from connectors.http.options import HttpOptions

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Methods that may be sent twice (RFC 9110 section 9.2.2)."""


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds that a ``Retry-After`` header asks for; None when it is absent or nonsense."""
    if header is None:
        return None
    text = header.strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - now).total_seconds()
    return max(0.0, seconds) if seconds < float("inf") else None


def back_off(attempt: int, options: HttpOptions, random: Callable[[], float]) -> float:
    """Seconds to wait after the failed `attempt` (from 1): exponential with full jitter."""
    ceiling = min(
        options.max_backoff_seconds, options.backoff_seconds * 2.0 ** min(attempt - 1, 30)
    )
    return ceiling * random()
