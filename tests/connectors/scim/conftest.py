"""A real SCIM service provider (PyPI scim2-server), and one that misbehaves on order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from scim2_models import Pagination, ScimProvider
from scim2_server.memory import InMemoryStorage
from scim2_server.service import ScimService
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.testserver.cli import ThreadingWSGIServer
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

from tests.connectors.conftest import Serving

TOKEN = "s3cret-canary"


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCIM_TOKEN", TOKEN)


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def serve(
    *, patch: bool = True, tokens: tuple[str, ...] = (TOKEN,), cursor: bool = False
) -> Iterator[str]:
    config = load_default_service_provider_config()
    config.patch.supported = patch
    if cursor:
        config.pagination = Pagination(cursor=True, index=True, max_page_size=50)
    provider = ScimProvider.from_discovery(
        load_default_schemas().values(), load_default_resource_types().values(), config=config
    )
    application = BearerTokenApplication(
        InMemoryStorage(),
        provider,
        service=ScimService(provider, secret="x" * 32),
        bearer_tokens=list(tokens),
    )
    server = make_server(
        "127.0.0.1", 0, application, server_class=ThreadingWSGIServer, handler_class=_Quiet
    )
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v2"
    server.shutdown()
    server.server_close()


@pytest.fixture
def provider_url() -> Iterator[str]:
    yield from serve()


@pytest.fixture
def provider_without_patch_url() -> Iterator[str]:
    yield from serve(patch=False)


Reply = tuple[int, dict[str, str], bytes]


@pytest.fixture
def scripted(serving: Serving) -> Callable[[Callable[[str, str], Reply | None]], str]:
    """Start a server that answers what a function of (method, path) says; None drops the line."""

    def start(answer: Callable[[str, str], Reply | None]) -> str:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _do(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                reply = answer(self.command, self.path)
                if reply is None:
                    self.close_connection = True
                    self.connection.shutdown(2)
                    return
                status, headers, body = reply
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _do  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        return serving(Handler)

    return start


@pytest.fixture
def provider_by_cursor_url() -> Iterator[str]:
    yield from serve(cursor=True)
