from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from connectors.errors import MisconfiguredError, TransientError
from connectors.http.auths import OAuthAuth
from connectors.http.oauth import client_credentials
from connectors.http.options import HttpOptions
from connectors.http.wire import handshake_failed, host_of


@pytest.fixture
def authority(tmp_path):
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    made.file = tmp_path / "ca.pem"
    return made


def served(authority, name="localhost", not_after=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_after=not_after).configure_cert(context)
    return context


def test_a_certificate_that_expired_is_told_as_that(serve, session, authority):
    long_ago = datetime.now(UTC) - timedelta(days=1)
    server = serve(tls=served(authority, not_after=long_ago))
    with pytest.raises(MisconfiguredError, match=r"GET /x at localhost:\d+: .*has expired; have"):
        session(server.url, ca_file=authority.file).get("x")


def test_a_certificate_for_another_host_is_told_as_that(serve, session, authority):
    server = serve(tls=served(authority, "elsewhere.example"))
    with pytest.raises(MisconfiguredError, match="for another host; check the host in url"):
        session(server.url, ca_file=authority.file).get("x")


def test_a_token_server_that_is_gone_is_named_with_its_host(closed_port, monkeypatch):
    monkeypatch.setenv("CRM_SECRET", "s")
    url = f"http://127.0.0.1:{closed_port}/token"
    auth = OAuthAuth(type="oauth", token_url=url, client_id="us", client_secret="env:CRM_SECRET")
    with pytest.raises(TransientError, match=f"POST /token at 127.0.0.1:{closed_port}: no connec"):
        client_credentials(auth, HttpOptions())


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert", "want http.client_certificate"),
        ("[SSL: SSLV3_ALERT_CERTIFICATE_EXPIRED] alert", "renew http.client_certificate"),
        ("certificate verify failed: certificate is not yet valid", "look at the clocks"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version", "is it http, not https"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate", "set http.ca_file"),
    ],
)
def test_what_openssl_says_becomes_the_mend(said, meant):
    error = handshake_failed("GET /x at h", said)
    assert isinstance(error, MisconfiguredError)
    assert meant in str(error)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://me:pw@crm.example:8443/a?b=c", "crm.example:8443"),
        ("https://[2001:db8::1]/a", "2001:db8::1"),
        ("https://crm.example:port/", "an address that is none"),
        ("nothing", "an address without a host"),
    ],
)
def test_errors_name_the_host_and_nothing_else_of_an_address(url, host):
    assert host_of(url) == host
