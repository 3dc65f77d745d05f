"""A SCIM server that costs next to nothing, a process of its own; it may be limited for real.

It answers what a client of ours asks and keeps no resource. Limits are token buckets by class of
request (``read``, ``write``, ``bulk``: operations a second); who asks too much gets 429 with
``Retry-After``, and the server counts both.
"""

from __future__ import annotations

import asyncio
import json
import math
import multiprocessing
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

CONFIG = {
    "patch": {"supported": True},
    "filter": {"supported": True, "maxResults": 1000},
    "bulk": {"supported": True, "maxOperations": 1000, "maxPayloadSize": 10_000_000},
    "etag": {"supported": False},
}
_USER = {
    "name": "User",
    "endpoint": "/Users",
    "schema": "urn:ietf:params:scim:schemas:core:2.0:User",
}
_DISCOVERY: Mapping[str, Any] = {
    "/ServiceProviderConfig": CONFIG,
    "/ResourceTypes": {"totalResults": 1, "Resources": [_USER]},
}


@dataclass
class Bucket:
    """So many operations a second, `burst` at once; what it allowed and what it refused."""

    rate: float
    burst: float
    tokens: float = 0.0
    filled: float = field(default_factory=time.monotonic)
    taken: list[tuple[float, int]] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    def take(self, weight: int) -> float:
        """Return 0 when allowed, else the seconds until it would be."""
        now = time.monotonic()
        self.tokens = min(self.burst, self.tokens + (now - self.filled) * self.rate)
        self.filled = now
        if self.tokens >= weight:
            self.tokens -= weight
            self.taken.append((now, weight))
            return 0.0
        self.refused.append(now)
        return (weight - self.tokens) / self.rate


@contextmanager
def served(limits: Mapping[str, tuple[float, float]] | None = None) -> Iterator[Any]:
    """Start the server; give an object with its `url`, and `buckets()` for what it counted."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(theirs, limits or {}), daemon=True)
    process.start()
    try:
        yield _Served(f"http://127.0.0.1:{ours.recv()}", ours)
    finally:
        process.terminate()
        process.join()


@dataclass(frozen=True)
class _Served:
    url: str
    pipe: Any

    def buckets(self) -> Mapping[str, Bucket]:
        self.pipe.send("buckets")
        counted: Mapping[str, Bucket] = self.pipe.recv()
        return counted


def _serve(pipe: Any, limits: Mapping[str, tuple[float, float]]) -> None:
    async def whole() -> None:
        loop = asyncio.get_running_loop()
        buckets = {name: Bucket(*limit) for name, limit in limits.items()}
        ids = count(1)
        server = await loop.create_server(lambda: _Http(buckets, ids), "127.0.0.1", 0)

        def told() -> None:
            pipe.recv()
            pipe.send(buckets)

        loop.add_reader(pipe.fileno(), told)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(whole())


class _Http(asyncio.Protocol):
    """Just enough of HTTP/1.1: requests with Content-Length, one after the other."""

    def __init__(self, buckets: Mapping[str, Bucket], ids: Iterator[int]) -> None:
        self._buckets, self._ids = buckets, ids
        self._text = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._text += data
        while (end := self._text.find(b"\r\n\r\n")) >= 0:
            head = self._text[:end].decode("latin-1")
            size = 0
            for line in head.split("\r\n")[1:]:
                if line[:15].lower() == "content-length:":
                    size = int(line[15:])
            if len(self._text) < end + 4 + size:
                return
            body = self._text[end + 4 : end + 4 + size]
            self._text = self._text[end + 4 + size :]
            self._transport.write(self._answer(*head.split(" ", 2)[:2], body))

    def _answer(self, method: str, target: str, body: bytes) -> bytes:
        path = target.partition("?")[0]
        if path in _DISCOVERY:
            return _response(200, _DISCOVERY[path])
        sent = json.loads(body) if body else {}
        together = sent.get("Operations", ()) if path == "/Bulk" else ()
        kind = "bulk" if path == "/Bulk" else "read" if method == "GET" else "write"
        bucket = self._buckets.get(kind)
        wait = bucket.take(len(together) or 1) if bucket else 0.0
        if wait:
            return _response(429, {"status": "429"}, f"Retry-After: {math.ceil(wait)}\r\n")
        if path == "/Bulk":
            return _response(200, {"Operations": [self._done(each) for each in together]})
        if method == "GET":
            return _response(200, {"totalResults": 0, "Resources": []})
        if method == "POST":
            return _response(201, sent | {"id": f"r{next(self._ids)}"})
        return _response(204, None)

    def _done(self, operation: Mapping[str, Any]) -> Mapping[str, Any]:
        made = operation["method"] == "POST"
        id_ = f"r{next(self._ids)}" if made else operation["path"].rpartition("/")[2]
        return {
            "method": operation["method"],
            "bulkId": operation["bulkId"],
            "location": f"/Users/{id_}",
            "status": "201" if made else "204",
        }


def _response(status: int, document: Any, header: str = "") -> bytes:
    body = b"" if document is None else json.dumps(document).encode()
    head = (
        f"HTTP/1.1 {status} X\r\nContent-Type: application/scim+json\r\n{header}"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
