"""Back-channel logout: a client that listens hears, once, of the end of a session, provably."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from idp_core.oidc.logout.backchannel import tell_clients
from tests.idp_core.oidc.relying import RelyingParty, claims_in, register


class Listener:
    """A client's own server, that answers what it is told to and keeps what it heard."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.answers: list[int] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                owner.heard.append(parse_qs(body)["logout_token"][0])
                status = owner.answers.pop(0) if owner.answers else 200
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", f"{owner.uri}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def listener():
    made = Listener()
    yield made
    made.close()


@pytest.fixture
def rp(site, app, browser, ann, listener):
    secret = register(site, auth="client_secret_post", backchannel_logout_uri=listener.uri)
    return RelyingParty(app, browser, secret)


def sign_out(rp):
    rp.browser.submit(rp.browser.get("/account"), form="/signout")


def test_a_client_is_told_once_in_a_token_that_its_keys_prove(site, rp, listener, ann):
    """oidcc-backchannel-rp-initiated-logout"""
    sid = claims_in(rp.tokens()["id_token"])["sid"]
    assert tell_clients(site) == 0
    sign_out(rp)
    assert tell_clients(site) == 1
    assert tell_clients(site) == 0
    (heard,) = listener.heard
    keys = KeySet.import_key_set(rp.server.get("/jwks").json)
    told = jwt.decode(heard, keys, algorithms=["ES256"])
    assert told.header["typ"] == "logout+jwt"
    said = told.claims
    assert (said["iss"], said["aud"]) == ("https://login.example.com", "rp")
    assert (said["sub"], said["sid"]) == (ann.id, sid)
    assert said["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert "nonce" not in said
    assert 0 < said["exp"] - said["iat"] <= 120


@pytest.mark.parametrize("refusal", [500, 302])
def test_a_client_that_did_not_take_it_is_told_again_later(site, rp, listener, clock, refusal):
    rp.tokens()
    sign_out(rp)
    listener.answers = [refusal]
    assert tell_clients(site) == 0
    assert tell_clients(site) == 0
    assert len(listener.heard) == 1  # not yet, and a redirect is not followed
    clock.wait(minutes=5)
    assert tell_clients(site) == 1
    first, second = (claims_in(token)["jti"] for token in listener.heard)
    assert first != second


def test_a_client_that_never_takes_it_is_left_in_peace(site, rp, listener, clock):
    rp.tokens()
    sign_out(rp)
    listener.answers = [503] * 20
    for _ in range(20):
        tell_clients(site)
        clock.wait(days=1)
    assert len(listener.heard) == 6


def test_a_client_that_does_not_listen_holds_nobody_up(site, app, browser, ann, rp, listener):
    quiet = RelyingParty(
        app, browser, register(site, id="quiet", auth="client_secret_post"), "quiet"
    )
    rp.tokens()
    quiet.tokens()
    sign_out(rp)
    assert tell_clients(site) == 1
    assert len(listener.heard) == 1
