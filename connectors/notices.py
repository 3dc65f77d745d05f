"""What a connector notices that is no error: logged as a warning, and heard by who listens.

A log may be filtered; whoever must know, such as a trial, listens.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import structlog

_log = structlog.get_logger(__name__)
_HEARD: ContextVar[list[str] | None] = ContextVar("connectors.notices", default=None)


def notice(event: str, **fields: Any) -> None:
    """Log an event as a warning; `fields` are names and counts, never values."""
    heard = _HEARD.get()
    if heard is not None:
        heard.append(event)
    _log.warning(event, **fields)


@contextmanager
def listening() -> Iterator[list[str]]:
    """Give the list that events of this thread go to while the block runs."""
    heard: list[str] = []
    token = _HEARD.set(heard)
    try:
        yield heard
    finally:
        _HEARD.reset(token)
