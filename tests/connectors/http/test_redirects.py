from __future__ import annotations

import pytest

from connectors.errors import MisconfiguredError
from connectors.http import ApiKeyAuth


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("KEY", "canary")
    return ApiKeyAuth(type="api_key", key="env:KEY")


def test_a_redirect_on_the_same_host_is_followed_with_credentials(serve, session, key):
    server = serve((302, {"Location": "/there?page=2"}, b""), (200, {}, {"ok": 1}))
    assert session(server.url, key).get("here", params={"a": "b"}).json() == {"ok": 1}
    assert [got.path for got in server.got] == ["/here?a=b", "/there?page=2"]
    assert [got.headers.get("X-API-Key") for got in server.got] == ["canary", "canary"]


def test_a_redirect_to_another_host_carries_no_header_of_ours(serve, session, key, tls, tmp_path):
    other = serve((200, {}, {"file": 1}), tls=tls.server)
    server = serve((302, {"Location": f"{other.url}/file"}, b""))
    http = session(server.url, key, ca_file=tls.ca)
    assert http.get("here", headers={"X-Extra": "canary"}).json() == {"file": 1}
    assert "canary" not in repr(other.got)


@pytest.mark.parametrize("port_only", [True, False])
def test_a_redirect_to_plain_http_elsewhere_is_refused(serve, session, key, port_only):
    other = serve()
    host = other.url if port_only else other.url.replace("127.0.0.1", "localhost")
    server = serve((302, {"Location": host}, b""))
    with pytest.raises(MisconfiguredError, match=r"redirects to http://.*; set url"):
        session(server.url, key).get("here")
    assert other.got == []


def test_a_write_is_not_redirected(serve, session):
    server = serve((307, {"Location": "/there"}, b""))
    with pytest.raises(MisconfiguredError, match="set url to the new address"):
        session(server.url).post("here", json={})
    assert len(server.got) == 1


def test_redirects_without_end_are_a_clear_error(serve, session):
    server = serve((301, {"Location": "/again"}, b""))
    with pytest.raises(MisconfiguredError, match="redirects without end"):
        session(server.url).get("here")
