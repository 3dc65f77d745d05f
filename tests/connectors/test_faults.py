"""The connectors over HTTP on a bad day, and the proxy that makes it."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from connectors.kit import (
    Fault,
    FaultyProxy,
    UnreliableSourceContract,
    UnreliableTargetContract,
)
from connectors.rest import Rest
from connectors.scim import Scim
from tests.connectors.scim.conftest import TOKEN, serve

QUICK = {
    "attempts": 3,
    "backoff_seconds": 0.01,
    "max_backoff_seconds": 0.02,
    "read_timeout": 0.4,
}


class _Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    rows: list[dict[str, object]]

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        start = int(asked["offset"][0])
        body = json.dumps(self.rows[start : start + 3]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def api(serving):
    return lambda rows: serving(type("Handler", (_Api,), {"rows": rows}))


class TestRestOnABadDay(UnreliableSourceContract):
    @pytest.fixture
    def upstream(self, api, records):
        return api(sorted(records, key=lambda row: (row["changed"], row["id"])))

    @pytest.fixture
    def source(self, proxy):
        people = {"path": "people", "pagination": {"type": "offset"}}
        return Rest.model_validate({"url": proxy.url, "http": QUICK, "objects": {"people": people}})


class TestScimOnABadDay(UnreliableTargetContract):
    @pytest.fixture(autouse=True)
    def _soon(self, monkeypatch):
        """Who refuses everything is tried again after milliseconds, not after five seconds."""
        monkeypatch.setattr("connectors.scim.pace._SLOWEST", 100.0)

    @pytest.fixture
    def upstream(self):
        yield from serve()

    @pytest.fixture
    def target(self, proxy, monkeypatch):
        monkeypatch.setenv("SCIM_TOKEN", TOKEN)
        auth = {"type": "bearer", "token": "env:SCIM_TOKEN"}
        return Scim.model_validate({"url": proxy.url, "auth": auth, "http": QUICK})


def test_the_proxy_passes_on_what_is_not_to_go_wrong(api):
    with FaultyProxy(api([{"id": "1"}])) as proxy:
        proxy.fail(Fault.THROTTLED, at=1)
        got = [requests.get(f"{proxy.url}/p?offset=0", timeout=5) for _ in range(3)]
    assert [answer.status_code for answer in got] == [200, 429, 200]
    assert got[0].json() == [{"id": "1"}]
    assert [call.path for call in proxy.calls] == ["/p?offset=0"] * 3


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.LOST, Fault.CUT])
def test_a_broken_line_is_a_broken_line(api, fault):
    with FaultyProxy(api([{"id": "1"}])) as proxy:
        proxy.fail_always(fault)
        with pytest.raises(requests.exceptions.RequestException):
            requests.get(f"{proxy.url}/p?offset=0", timeout=5)
