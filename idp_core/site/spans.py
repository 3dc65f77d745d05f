"""Spans: what a trace calls a piece of work. Without traces each is nothing, at no cost.

Names and attributes are words of ours (a factor, a grant type, an outcome), never of a request.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated

from pydantic import Field

from idp_core.site.part import Part

Spans = Callable[..., AbstractContextManager[object]]
"""Takes a name and attributes as keywords; gives what the work is done in."""
_NOTHING = nullcontext()


def off(name: str, /, **said: str) -> AbstractContextManager[object]:  # noqa: ARG001 (Spans)
    """Give nothing: no traces are taken."""
    return _NOTHING


class TraceSettings(Part):
    """Traces by OpenTelemetry; they need the extra `otel`."""

    otlp: Annotated[str, Field(pattern=r"^https?://[^\s/@]+(/[^\s?#]*)?$")] | None = None
    """A collector, such as `http://localhost:4318/v1/traces` (OTLP over HTTP); none: no traces."""
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The share of requests that is traced."""
    service: Annotated[str, Field(min_length=1, max_length=60)] = "isthmus"
    """What the traces call this service."""
