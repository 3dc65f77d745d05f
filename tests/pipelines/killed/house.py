"""Where a whole run happens: the servers it talks to, and the process that runs and kills it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, make_server

from scim2_models import ScimProvider
from scim2_server.memory import InMemoryStorage
from scim2_server.service import ScimService
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.testserver.cli import ThreadingWSGIServer
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

TOKEN = "the-token"


class Scim:
    """A SCIM server that nobody of us wrote; its users can be looked at, kept and put back."""

    def __init__(self) -> None:
        self.provider = ScimProvider.from_discovery(
            load_default_schemas().values(),
            load_default_resource_types().values(),
            config=load_default_service_provider_config(),
        )
        self.storage = InMemoryStorage()
        self._model = self.provider.model_for(
            next(kind for kind in self.provider.resource_types if kind.name == "User")
        )
        application = BearerTokenApplication(
            self.storage,
            self.provider,
            service=ScimService(self.provider, secret="x" * 32),
            bearer_tokens=[TOKEN],
        )
        self._server = make_server(
            "127.0.0.1", 0, application, server_class=ThreadingWSGIServer, handler_class=_Quiet
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}/v2"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def users(self) -> list[dict[str, Any]]:
        """What it holds, as JSON."""
        with self.storage.lock:
            return [json.loads(user.model_dump_json()) for user in self.storage.resources]

    def put_back(self, users: list[dict[str, Any]]) -> None:
        """Hold these users and no others."""
        with self.storage.lock:
            self.storage.resources = [self._model.model_validate(user) for user in users]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Api:
    """A JSON API over a function of the parameters."""

    def __init__(self) -> None:
        self.answering: Any = None
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                given = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
                data = json.dumps(api.answering(given)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class Runner:
    """The process that forks a child for each run."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.pipelines.killed.child"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, **order: Any) -> dict[str, Any]:
        """Run once; returns the child's exit code and its events."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@contextmanager
def closing(thing: Any) -> Iterator[Any]:
    try:
        yield thing
    finally:
        thing.close()
