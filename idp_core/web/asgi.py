"""The adapter between ASGI and handlers: it reads, asks the gate, calls, dresses the answer.

Handlers are synchronous. Fast ones run where they are called (SQLite) or on a bounded pool of
threads (PostgreSQL, where a query waits for the network); slow ones always on a pool of their own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import copy_context
from dataclasses import dataclass, replace
from functools import partial

from starlette.types import Receive, Scope, Send

from idp_core.http import gate as gates
from idp_core.http.answer import Answer, HttpError, error_answer, problem_answer
from idp_core.http.ask import Ask, Params, cookies, params
from idp_core.http.gate import Gate
from idp_core.http.kind import Kind
from idp_core.site.routes import Handler, Route
from idp_core.site.site import Site

Failed = Callable[[Ask, Exception, Kind], Answer]
"""What is answered, and noted, when a handler raised: an HttpError or a bug."""
Measure = Callable[[str, str, int, float], None]
"""Takes path, method, status and seconds of each answer."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What calls handlers: the two pools (None: in the loop), and who is told."""

    gate: Gate
    fast: Executor | None
    slow: Executor | None
    failed: Failed
    measure: Measure
    proxies: frozenset[str] = frozenset()
    """Addresses of proxies whose X-Forwarded-For is believed."""


class Endpoint:
    """One route as an ASGI application."""

    def __init__(self, route: Route, site: Site, machine: Machine) -> None:
        self._route, self._site, self._machine = route, site, machine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began = time.perf_counter()
        route, machine = self._route, self._machine
        ask = Ask(scope["method"], scope["path"])
        try:
            ask, handler = await self._read(scope, receive)
            answer = await self._call(handler, ask)
        except Exception as error:  # noqa: BLE001 (the one place where a bug becomes an answer)
            answer = machine.failed(ask, error, route.kind)
        head = gates.dressed(machine.gate, route.kind, answer, cors=route.cors)
        head.append(("content-length", str(len(answer.body))))
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in head]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body})
        machine.measure(route.path, scope["method"], answer.status, time.perf_counter() - began)

    async def _read(self, scope: Scope, receive: Receive) -> tuple[Ask, Handler]:
        route, gate = self._route, self._machine.gate
        raw = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in scope["headers"]]
        headers = dict(raw)
        if len(headers) < len(raw):
            gates.check_once(name for name, _ in raw)
        peer = _peer(scope, headers, self._machine.proxies)
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        ask = Ask(method, scope["path"], headers=headers, peer=peer)
        gates.check_host(gate, headers)
        handler = route.methods.get(method)
        if handler is None:
            allow = ("allow", ", ".join(sorted(route.methods)))
            raise HttpError(405, "invalid_request", "this method is not served here", (allow,))
        gates.check_body(route.kind, method, headers)
        query = scope["query_string"]
        if len(query) > gates.LONGEST_QUERY:
            raise HttpError(414, "invalid_request", "the query is too long")
        form, body = Params(), b""
        if route.kind is Kind.JSON:
            body = await _body(receive, headers)
        elif method == "POST":
            form = params(_ascii(await _body(receive, headers)))
        ask = replace(
            ask,
            query=params(_ascii(query)),
            query_text=_ascii(query),
            form=form,
            cookies=cookies(v for k, v in raw if k == "cookie"),
            part=scope.get("path_params", {}).get("part", ""),
            body=body,
        )
        if route.kind is Kind.PAGE and method == "POST":
            gates.check_form(gate, ask)
        return ask, handler

    async def _call(self, handler: Handler, ask: Ask) -> Answer:
        pool = self._machine.slow if self._route.slow else self._machine.fast
        if pool is None:
            return self._handled(handler, ask)
        # The thread knows of the span of this request, where there is one.
        work = partial(copy_context().run, self._handled, handler, ask)
        return await asyncio.get_running_loop().run_in_executor(pool, work)

    def _handled(self, handler: Handler, ask: Ask) -> Answer:
        if self._route.keyed:
            self._site.keys.renew()
        return handler(ask, self._site)


def plain_failure(ask: Ask, error: Exception, kind: Kind) -> Answer:  # noqa: ARG001 (a Failed)
    """Return an error as JSON; a bug is told as one, without a word on what it was."""
    if not isinstance(error, HttpError):
        error = HttpError(500, "server_error", "something went wrong here")
    return problem_answer(error) if kind is Kind.JSON else error_answer(error)


async def _body(receive: Receive, headers: dict[str, str]) -> bytes:
    too_large = HttpError(413, "invalid_request", "the request is too large")
    if not headers.get("content-length", "0").isdigit():
        raise HttpError(400, "invalid_request", "content-length is no number")
    if int(headers.get("content-length", "0")[:12]) > gates.LARGEST:
        raise too_large
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise HttpError(400, "invalid_request", "the request was not sent to its end")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > gates.LARGEST:
            raise too_large
        if not message.get("more_body", False):
            return b"".join(parts)


def _ascii(data: bytes) -> str:
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        raise HttpError(400, "invalid_request", "the parameters cannot be read") from None


def _peer(scope: Scope, headers: dict[str, str], proxies: frozenset[str]) -> str:
    """Return who asks: the last address of X-Forwarded-For that no proxy of ours added."""
    client = scope.get("client")
    peer = client[0] if client else ""
    hops = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",") if hop.strip()]
    while peer in proxies and hops:
        peer = hops.pop()
    return peer[:64]
