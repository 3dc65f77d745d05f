"""Logging, configured once: an event's name with keys and counts, never a customer's value."""

from __future__ import annotations

import logging
import sys
from typing import Any, Literal, TextIO

import structlog


def configure(
    level: str = "info",
    format_: Literal["console", "json"] = "console",
    stream: TextIO | None = None,
) -> None:
    """Send structlog's events, and warnings of libraries, to `stream` (standard error)."""
    target = stream or sys.stderr
    renderer: Any
    if format_ == "json":
        renderer = structlog.processors.JSONRenderer()
    else:
        # Plain tracebacks: richer ones print local variables, and these hold values.
        renderer = structlog.dev.ConsoleRenderer(
            colors=target.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared)
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Libraries tell bodies and parameters at INFO and DEBUG: those could be customers' values.
    root.setLevel(logging.WARNING)


def logger(**bound: str | int) -> structlog.typing.FilteringBoundLogger:
    """Return a logger whose every event carries the given keys."""
    found: structlog.typing.FilteringBoundLogger = structlog.get_logger(**bound)
    return found
