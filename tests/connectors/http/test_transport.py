from __future__ import annotations

import base64

import pytest
from pydantic import ValidationError

from connectors.errors import MisconfiguredError, UnauthorizedError
from connectors.http import HttpOptions


def test_a_certificate_of_an_unknown_authority_is_refused_with_the_mend(serve, session, tls):
    server = serve(tls=tls.server)
    with pytest.raises(MisconfiguredError, match=r"not trusted; set http\.ca_file"):
        session(server.url).get("x")
    assert session(server.url, ca_file=tls.ca).get("x").status == 200


def test_the_environment_does_not_change_whom_we_trust(serve, session, tls, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls.ca))
    with pytest.raises(MisconfiguredError, match="not trusted"):
        session(serve(tls=tls.server).url).get("x")


def test_a_client_certificate_is_shown(serve, session, tls):
    server = serve(tls=tls.mutual)
    assert session(server.url, ca_file=tls.ca, client_certificate=tls.ours).get("x").status == 200


def test_plain_http_behind_https_is_named(serve, session):
    server = serve()
    with pytest.raises(MisconfiguredError, match="http, not https"):
        session(server.url.replace("http:", "https:")).get("x")


def test_a_missing_certificate_file_is_named(session, tmp_path):
    with pytest.raises(MisconfiguredError, match=r"http\.ca_file: no such file"):
        session("https://h", ca_file=tmp_path / "ca.pem")


def test_a_proxy_is_used_with_its_credentials_and_the_environment_is_not(
    serve, session, monkeypatch
):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("PROXY_PASSWORD", "p@ss")
    proxy = serve()
    http = session(
        "http://far.invalid", proxy=proxy.url, proxy_user="me", proxy_password="env:PROXY_PASSWORD"
    )
    assert http.get("x").status == 200
    (got,) = proxy.got
    assert got.path == "http://far.invalid/x"
    scheme, _, given = got.headers["Proxy-Authorization"].partition(" ")
    assert (scheme, base64.b64decode(given)) == ("Basic", b"me:p@ss")


def test_a_proxy_that_refuses_us_is_unauthorized(serve, session):
    proxy = serve((407, {}, b""))
    with pytest.raises(UnauthorizedError, match="proxy"):
        session("http://far.invalid", proxy=proxy.url).get("x")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_public_only_refuses_private_addresses_before_a_byte_is_sent(serve, session, host):
    server = serve()
    with pytest.raises(MisconfiguredError, match="leads into a private network"):
        session(server.url.replace("127.0.0.1", host), public_only=True).get("x")
    assert server.got == []


@pytest.mark.parametrize(
    ("wrong", "mend"),
    [
        ({"client_key": "k.pem"}, "client_key needs client_certificate"),
        ({"proxy": "http://me:secret@proxy"}, "user name or password"),
        ({"proxy": "http://p", "proxy_user": "me"}, "go together"),
        ({"proxy_user": "me", "proxy_password": "env:P"}, "needs proxy"),
        ({"proxy": "http://p", "public_only": True}, "behind a proxy"),
        ({"verify": False}, "not permitted"),
    ],
)
def test_settings_that_do_not_fit_are_refused_without_their_values(wrong, mend):
    with pytest.raises(ValidationError, match=mend) as caught:
        HttpOptions(**wrong)
    assert "secret" not in str(caught.value)
