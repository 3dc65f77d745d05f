"""What a connector notices that is no error: logged as a warning, and heard by who listens.

A log may be filtered; whoever must know, such as a trial, listens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import structlog

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """An event and its fields, which are names and counts."""

    event: str
    fields: Mapping[str, Any] = field(default_factory=dict)


_HEARD: ContextVar[list[Heard] | None] = ContextVar("connectors.notices", default=None)


def notice(event: str, **fields: Any) -> None:
    """Log an event as a warning; `fields` are names and counts, never values."""
    heard = _HEARD.get()
    if heard is not None:
        heard.append(Heard(event, fields))
    _log.warning(event, **fields)


@contextmanager
def listening() -> Iterator[list[Heard]]:
    """Give the list that events of this thread go to while the block runs."""
    heard: list[Heard] = []
    token = _HEARD.set(heard)
    try:
        yield heard
    finally:
        _HEARD.reset(token)
