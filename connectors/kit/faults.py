"""A system on a bad day: a proxy that passes calls on to a real one and goes wrong when told.

    with FaultyProxy("http://127.0.0.1:8080") as proxy:
        proxy.fail(Fault.RESET, at=2)
        Shop(url=proxy.url).read(...)

It speaks plain HTTP on loopback and needs nothing but the standard library. What it goes wrong in
is what systems were seen to go wrong in. With a `shape` it can also tell what is not so, see
`connectors.kit.lies`.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from enum import StrEnum
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from connectors.kit.lies import Liar, Lie
from connectors.kit.shapes import Answer, Shape

_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host"})


class Fault(StrEnum):
    """One way to go wrong."""

    RESET = "reset"
    """The call does not arrive: the line is closed before anything was done."""
    LOST = "lost"
    """The call is carried out, and its answer is lost."""
    CUT = "cut"
    """Half of the answer arrives."""
    SILENT = "silent"
    """The call is carried out, and its answer comes after `FaultyProxy.silence` seconds."""
    THROTTLED = "throttled"
    """429 with ``Retry-After: 0``."""
    THROTTLED_UNTOLD = "throttled-untold"
    """429 without a word on when to come back."""
    UNAVAILABLE = "unavailable"
    """503."""
    BROKEN = "broken"
    """500 with a page that is no JSON."""
    HTML = "html"
    """200 with a page that is no JSON: a login form, a maintenance page."""


HARMLESS = (Fault.RESET, Fault.THROTTLED, Fault.THROTTLED_UNTOLD, Fault.UNAVAILABLE)
"""After these the system is as it was."""
UNSURE = (Fault.LOST, Fault.CUT, Fault.SILENT)
"""After these the caller cannot know whether it was done."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it came, without its body."""

    method: str
    path: str


@dataclass(slots=True)
class FaultyProxy:
    """Passes calls on to `upstream`; `calls` is every call that came, faulty or not.

    `shape` says how answers hold their rows, `about` what the path of calls holds that are lied
    about, and `column` which column lies about the schema are about.
    """

    upstream: str
    silence: float = 1.0
    shape: Shape | None = None
    about: str = ""
    column: str = "note"
    calls: list[Call] = field(default_factory=list)
    _faults: dict[int, Fault] = field(default_factory=dict)
    _always: Fault | None = None
    _next_write: Fault | None = None
    _liar: Liar | None = None
    _server: ThreadingHTTPServer | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """The proxy's own address, with the path of the upstream's."""
        if self._server is None:
            raise RuntimeError("use it in a with statement")
        return f"http://127.0.0.1:{self._server.server_port}{urlsplit(self.upstream).path}"

    def fail(self, fault: Fault, *, at: int) -> None:
        """Have the call of this number go wrong; the next one is number 0."""
        with self._lock:
            self._faults[len(self.calls) + at] = fault

    def fail_write(self, fault: Fault) -> None:
        """Have the next call go wrong that is neither GET nor HEAD."""
        self._next_write = fault

    def fail_always(self, fault: Fault | None) -> None:
        """Have every call go wrong from now on; None for none."""
        self._always = fault

    def lie(self, lie: Lie | None) -> None:
        """Answer the next read by a lie, of the pages that were learnt; None for the truth."""
        if self._liar is None:
            raise RuntimeError("give the proxy the shape of the answers")
        self._liar.begin(lie)

    def __enter__(self) -> Self:
        self._liar = Liar(self.shape, self.column) if self.shape else None
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def told(self, call: Call) -> Fault | None:
        """Note a call; return what goes wrong with it."""
        with self._lock:
            self.calls.append(call)
            fault = self._faults.pop(len(self.calls) - 1, self._always)
            if self._next_write and call.method not in {"GET", "HEAD"}:
                fault, self._next_write = self._next_write, None
            return fault

    def told_of(self, path: str, answer: Answer) -> Answer:
        """Return what is said of what the system answered."""
        with self._lock:
            lies = self._liar is not None and self.about in path
            return self._liar.answer(answer) if self._liar and lies else answer


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up is what this is about."""


_THROTTLED = json.dumps({"error": "too many requests"}).encode()
_PAGE = b"<!doctype html><title>Something went wrong</title>"
_INSTEAD = {
    Fault.THROTTLED: Answer(429, {"Retry-After": "0"}, _THROTTLED),
    Fault.THROTTLED_UNTOLD: Answer(429, {}, _THROTTLED),
    Fault.UNAVAILABLE: Answer(503, {}, _PAGE),
    Fault.BROKEN: Answer(500, {"Content-Type": "text/html"}, _PAGE),
    Fault.HTML: Answer(200, {"Content-Type": "text/html"}, _PAGE),
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: FaultyProxy

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.proxy.told(Call(self.command, self.path))
        if fault is Fault.RESET:
            self._hang_up()
            return
        answer = _INSTEAD.get(fault) if fault else None
        if answer is None:
            answer = self.proxy.told_of(self.path, self._ask(body))
        if fault is Fault.LOST:
            self._hang_up()
            return
        if fault is Fault.SILENT:
            time.sleep(self.proxy.silence)
        self._say(answer, half=fault is Fault.CUT)

    def _ask(self, body: bytes) -> Answer:
        host = urlsplit(self.proxy.upstream)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP}
        upstream = HTTPConnection(host.hostname or "", host.port or 80, timeout=30)
        try:
            upstream.request(self.command, self.path, body or None, headers)
            got = upstream.getresponse()
            kept = {k: v for k, v in got.getheaders() if k.lower() not in _HOP}
            return Answer(got.status, kept, got.read())
        except (OSError, HTTPException):
            return Answer(502, {}, b"")
        finally:
            upstream.close()

    def _say(self, answer: Answer, *, half: bool) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body) + half))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body[: len(answer.body) // 2] if half else answer.body)
        if half:
            self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(2)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _pass  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass
