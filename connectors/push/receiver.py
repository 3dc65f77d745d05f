"""The receiver: an ASGI application of one push source. It needs no framework and keeps no state.

    202  kept           200  was kept before      400  holds no rows
    401  not proven     405, 413, 415             503  cannot be kept now: come again

It answers when the rows stand on the disk. What is wrong is said in one word of ours; nothing of a
push is logged.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any

import structlog

from connectors.errors import ConnectorError
from connectors.push.connector import Push
from connectors.push.events import UnreadableError, events_of, in_headers
from connectors.push.inbox import FullError, kept
from connectors.push.proofs import Got, RefusedError, proven

log = structlog.get_logger(__name__)

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Answer = tuple[int, str]
_PATIENCE = {"not ready": b"10", "full": b"300"}
"""Seconds after which a sender may come again; an inbox is emptied by the next run."""


class Receiver:
    """Takes pushes for one source."""

    def __init__(self, name: str, source: Push) -> None:
        self._name, self._source = name, source

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        status, said = await self._answered(scope, receive)
        log.info("push.answered", source=self._name, status=status, said=said)
        body = json.dumps({"status": said}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        if status == 503:
            headers.append((b"retry-after", _PATIENCE[said]))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answered(self, scope: MutableMapping[str, Any], receive: Receive) -> Answer:
        if scope["method"] != "POST":
            return 405, "send POST"
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        if headers.get("content-encoding", "identity") != "identity":
            return 415, "send it unpacked"
        body = await _body(receive, int(self._source.largest), headers)
        if body is None:
            return 413, "too large"
        got = Got(scope["method"], _address(scope, headers), headers, body)
        return await asyncio.to_thread(self.take, got)

    def take(self, got: Got) -> Answer:
        """Prove a push and keep its rows; the status and a word."""
        source = self._source
        try:
            name = proven(source.proof, got, time.time())
        except RefusedError as error:
            return 401, str(error)
        except ConnectorError as error:
            log.warning("push.misconfigured", source=self._name, error=str(error))
            return 503, "not ready"
        try:
            events = events_of(got, source.items, source.record)
        except UnreadableError as error:
            return 400, str(error)
        # What stands in headers is not signed: there a push is known by its proof's name alone.
        signed = name is None or not in_headers(got)
        names = [
            each.name if signed and each.name else name and f"{name}/{number}"
            for number, each in enumerate(events)
        ]
        now = datetime.now(UTC)
        try:
            new = source.box().put(kept(events, names, now), now)
        except FullError as error:
            log.warning("push.full", source=self._name, error=str(error))
            return 503, "full"
        except ConnectorError as error:
            log.warning("push.not_kept", source=self._name, error=str(error))
            return 503, "not ready"
        return (202, "kept") if new or not events else (200, "was kept before")


async def _body(receive: Receive, largest: int, headers: dict[str, str]) -> bytes | None:
    said = headers.get("content-length", "0")
    if not said.isdecimal() or len(said) > 18 or int(said) > largest:
        return None
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None  # the sender went away
        body += message.get("body", b"")
        if len(body) > largest:
            return None
        if not message.get("more_body"):
            return bytes(body)


def _address(scope: MutableMapping[str, Any], headers: dict[str, str]) -> str:
    """The address that the sender called: some sign it."""
    scheme = headers.get("x-forwarded-proto", scope.get("scheme", "https"))
    query = scope.get("query_string", b"").decode("latin-1")
    path = f"{scheme}://{headers.get('host', '')}{scope['path']}"
    return f"{path}?{query}" if query else path
