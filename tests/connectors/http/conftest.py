"""A server on loopback that answers as told, or misbehaves on the wire, and notes what it got."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from connectors.http import HttpOptions, HttpSession


@dataclass
class Got:
    """One request as the server saw it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    """Answers from `script`, its last entry for good; an entry may be a function of the request.

    An entry is (status, headers, body), or ``"cut"`` (close without an answer), ``"short"`` (half
    an answer), ``"hang"`` (no answer for a second), ``"drip"`` (a byte now and then), ``"chunks"``
    or ``"chunks short"`` (a body in chunks, whole or without its end).
    """

    script: list[Any] = field(default_factory=lambda: [(200, {}, {"ok": True})])
    got: list[Got] = field(default_factory=list)
    url: str = ""

    def next(self, request: Got) -> Any:
        self.got.append(request)
        entry = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return entry(request) if callable(entry) else entry


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    told: Server

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = Got(self.command, self.path, dict(self.headers.items()), body)
        answer = self.told.next(request)
        if isinstance(answer, str):
            self._misbehave(answer)
            return
        status, headers, content = answer
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _misbehave(self, how: str) -> None:
        self.close_connection = True
        if how == "hang":
            time.sleep(1)
        if how in {"short", "drip"}:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
        if how.startswith("chunks"):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            self.wfile.write(b'3\r\n{"o\r\n7\r\nk": [1]\r\n')
            self.wfile.write(b"1\r\n}\r\n0\r\n\r\n" if how == "chunks" else b"")
        for _ in range(20 if how == "drip" else 0):
            time.sleep(0.05)
            self.wfile.write(b" ")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 (the base's names)

    def log_message(self, *_: object) -> None:
        pass


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up is what these tests are about."""


Starting = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Starting]:
    """Start a server with a script, over TLS when given a context."""
    running: list[_Quiet] = []

    def start(*script: Any, tls: ssl.SSLContext | None = None) -> Server:
        told = Server(list(script)) if script else Server()
        http = _Quiet(("127.0.0.1", 0), type("Handler", (_Handler,), {"told": told}))
        if tls:
            http.socket = tls.wrap_socket(http.socket, server_side=True)
        scheme, host = ("https", "localhost") if tls else ("http", "127.0.0.1")
        told.url = f"{scheme}://{host}:{http.server_port}"
        running.append(http)
        threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
        return told

    yield start
    for http in running:
        http.shutdown()
        http.server_close()


@dataclass
class Clock:
    """A clock that only sleeping moves; `slept` is how long each sleep was."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


Opening = Callable[..., HttpSession]


@pytest.fixture
def session(clock: Clock) -> Iterator[Opening]:
    """Open a session that waits on the test's clock and always takes the longest jitter."""
    opened: list[HttpSession] = []

    def start(url: str, auth: Any = None, **options: Any) -> HttpSession:
        made = HttpSession(
            url,
            auth,
            HttpOptions(**options),
            clock=clock,
            sleep=clock.sleep,
            random=lambda: 1.0,
        )
        opened.append(made)
        return made

    yield start
    for one in opened:
        one.close()


@pytest.fixture
def closed_port() -> int:
    """A port of this machine where nobody answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@dataclass
class Tls:
    """An authority of the test's own: server contexts, and files for a client."""

    server: ssl.SSLContext
    mutual: ssl.SSLContext
    ca: Path
    ours: Path


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    contexts = []
    for _ in range(2):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        contexts.append(context)
    plain, mutual = contexts
    authority.configure_trust(mutual)
    mutual.verify_mode = ssl.CERT_REQUIRED
    ca, ours = folder / "ca.pem", folder / "ours.pem"
    authority.cert_pem.write_to_path(str(ca))
    authority.issue_cert("client").private_key_and_cert_chain_pem.write_to_path(str(ours))
    return Tls(plain, mutual, ca, ours)
