"""Traces by OpenTelemetry (extra ``otel``): requests, steps of logins, grants, the database.

A span says the route, never the path: a path, a query, a network address or the name of a browser
can be a customer's. That is why requests are not instrumented by the official ASGI package, which
says all of these; the official one for SQLAlchemy refuses its version 2.1. A statement is told
without its values, an exception without its words.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from idp_core.site.spans import TraceSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SAY_NOTHING = frozenset({"PRAGMA", "BEGIN", "SAVEPOINT", "RELEASE"})
"""Statements that come with each transaction."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SPAN: Mapping[str, Any] = {"record_exception": False, "set_status_on_exception": False}


class Traces:
    """The traces of one process."""

    def __init__(self, said: TraceSettings, processor: SpanProcessor, version: str = "") -> None:
        resource = Resource({"service.name": said.service, "service.version": version})
        sampler = ParentBased(TraceIdRatioBased(said.share))
        self.provider = TracerProvider(resource=resource, sampler=sampler)
        self.provider.add_span_processor(processor)
        self._tracer = self.provider.get_tracer("isthmus")

    def watch(self, engine: sa.Engine) -> None:
        """Trace what a database is asked."""
        tracer, system = self._tracer, engine.dialect.name

        def before(*said: Any) -> None:
            _conn, _cursor, statement, _values, context, _many = said
            word = statement.lstrip().partition(" ")[0].upper()
            if word not in _SAY_NOTHING:
                told = {"db.system.name": system, "db.operation.name": word}
                told["db.query.text"] = statement
                context.isthmus_span = tracer.start_span(word, None, SpanKind.CLIENT, told)

        def after(*said: Any) -> None:
            span = getattr(said[4], "isthmus_span", None)
            if span is not None:
                span.end()

        def failed(error: sa.engine.ExceptionContext) -> None:
            span = getattr(error.execution_context, "isthmus_span", None)
            if span is not None:
                kind = type(error.original_exception).__name__
                span.set_status(Status(StatusCode.ERROR, kind))
                span.end()

        sa.event.listen(engine, "before_cursor_execute", before)
        sa.event.listen(engine, "after_cursor_execute", after)
        sa.event.listen(engine, "handle_error", failed)

    def span(self, name: str, /, **said: str) -> AbstractContextManager[object]:
        """Give a span for a piece of work."""
        attributes = {f"isthmus.{key}": value for key, value in said.items()}
        return self._tracer.start_as_current_span(name, attributes=attributes, **_SPAN)

    def request(self, endpoint: ASGIApp, route: str, proxies: frozenset[str]) -> ASGIApp:
        """Return a route's application with a span around each request.

        Only a proxy of ours may say which trace a request belongs to, and whether it is taken.
        """
        return _Request(self._tracer, endpoint, route, proxies)

    def stop(self) -> None:
        """Send what was not sent yet."""
        self.provider.shutdown()


@dataclass(frozen=True, slots=True)
class _Request:
    """A route's application with a span around it."""

    tracer: Tracer
    endpoint: ASGIApp
    route: str
    proxies: frozenset[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        attributes = {"http.request.method": method, "http.route": self.route}
        name, parent = f"{method} {self.route}", _parent(scope, self.proxies)
        with self.tracer.start_as_current_span(
            name, parent, SpanKind.SERVER, attributes, **_SPAN
        ) as span:

            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.set_status(Status(StatusCode.ERROR))
                await send(message)

            await self.endpoint(scope, receive, noted)


def to_collector(said: TraceSettings, version: str) -> Traces:
    """Return traces that go to the collector of the settings; OTEL_… variables give headers."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    exporter: SpanExporter = OTLPSpanExporter(endpoint=said.otlp)
    return Traces(said, BatchSpanProcessor(exporter), version)


def _parent(scope: Scope, proxies: frozenset[str]) -> Context:
    client = scope.get("client")
    if client is None or client[0] not in proxies:
        return Context()
    told = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
    return TraceContextTextMapPropagator().extract(told, context=Context())
