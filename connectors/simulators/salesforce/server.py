"""The simulator on a port of loopback."""

from __future__ import annotations

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from connectors.simulators.salesforce.access import Access, App
from connectors.simulators.salesforce.faults import Fault, How
from connectors.simulators.salesforce.org import Org
from connectors.simulators.salesforce.service import Service
from connectors.simulators.salesforce.wire import Request, Response

_MOST_BYTES = 160_000_000


class Simulator:
    """Serves an org; use it as a context manager.

        with Simulator(Org(), apps=[App("client", "secret")]) as salesforce:
            salesforce.url, salesforce.org.seed("Contact", rows)

    `tls` serves https. Everything a test may turn is on `service`, `access` and `org`.
    """

    def __init__(
        self,
        org: Org | None = None,
        *,
        apps: tuple[App, ...] = (),
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.org = org or Org()
        self.access = Access(self.org, {app.client_id: app for app in apps})
        self.service = Service(self.org, self.access)
        self._http = _Server(("127.0.0.1", port), type("Handler", (_Handler,), {"simulator": self}))
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self.scheme, host = ("https", "localhost") if tls else ("http", "127.0.0.1")
        self.port: int = self._http.server_port
        self.url = f"{self.scheme}://{host}:{self.port}"
        self.instance: str | None = None
        """The address that logins lead to; that of the request when it is not set."""
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(0.05,), name="salesforce", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self.org.close()

    def serve(self) -> None:
        """Serve in this thread until told to stop."""
        try:
            self._http.serve_forever()
        finally:
            self._http.server_close()
            self.org.close()

    def fault(
        self,
        pattern: str,
        how: How,
        *,
        times: int = 1,
        after: int = 0,
        response: Response | None = None,
    ) -> Fault:
        """Let something go wrong; see `Fault`."""
        fault = Fault(pattern, how, times, after, response or Response(503))
        self.service.faults.append(fault)
        return fault


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of ours."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave together
    simulator: Simulator

    def _serve(self) -> None:
        body = self._body()
        if body is None:
            self._send(Response(413), close=True)
            return
        request = self._request(body)
        service = self.simulator.service
        fault = service.fault(request)
        if fault is not None and fault.how == "expire":
            service.access.expire()
        if fault is not None and fault.how == "answer":
            self._send(fault.response)
            return
        if fault is not None and fault.how == "drop":
            self.close_connection = True
            return
        answer = service.handle(request, self._base())
        if fault is None or fault.how == "expire":
            self._send(answer)
            return
        if fault.how == "cut":
            self._send(answer, cut=True)
        self.close_connection = True

    def _body(self) -> bytes | None:
        """The request's body, by its length or in chunks; None when it is too large."""
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            length = int(self.headers.get("Content-Length") or 0)
            return self.rfile.read(length) if length <= _MOST_BYTES else None
        body = bytearray()
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            if len(body) + size > _MOST_BYTES:
                return None
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return bytes(body)

    def _base(self) -> str:
        if self.simulator.instance:
            return self.simulator.instance
        host = self.headers.get("Host") or f"127.0.0.1:{self.simulator.port}"
        return f"{self.simulator.scheme}://{host}"

    def _request(self, body: bytes) -> Request:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(self.command, parts.path, query, headers, body)

    def _send(self, answer: Response, *, cut: bool = False, close: bool = False) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: len(answer.body) // 2] if cut else answer.body)
        self.wfile.flush()
        self.close_connection = self.close_connection or cut or close

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 (the base's names)

    def log_message(self, *_: object) -> None:
        """Say nothing: paths hold ids."""
