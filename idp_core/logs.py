"""Logging, configured once: an event's name with keys and counts, never a customer's value.

What others say may hold values: of a library's warning only the text is logged into which it puts
them, and of an exception where it happened and its class, but not its message.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator
from types import TracebackType
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
        renderer = structlog.dev.ConsoleRenderer(colors=target.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(_told),
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processor=renderer,
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            use_get_message=False,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Libraries tell bodies and parameters at INFO and DEBUG: those could be customers' values.
    root.setLevel(logging.WARNING)


def logger(**bound: str | int) -> structlog.typing.FilteringBoundLogger:
    """Return a logger whose every event carries the given keys."""
    found: structlog.typing.FilteringBoundLogger = structlog.get_logger(**bound)
    return found


def without_messages(error: BaseException) -> str:
    """Return the traceback of an exception and of what led to it, without their messages."""
    return "".join(_lines(error, set())).rstrip()


def _told(
    exc_info: tuple[type[BaseException], BaseException, TracebackType | None],
) -> str:
    return without_messages(exc_info[1])


def _lines(error: BaseException, told: set[int]) -> Iterator[str]:
    told.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in told:
        yield from _lines(before, told)
        yield "\nafter which came:\n\n"
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}\n"
    for part in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        yield "\nof which one is:\n\n"
        yield from _lines(part, told)
