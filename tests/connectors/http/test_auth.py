from __future__ import annotations

import base64
from urllib.parse import parse_qsl

import pytest

from connectors.errors import MisconfiguredError, TransientError, UnauthorizedError
from connectors.http import ApiKeyAuth, BasicAuth, BearerAuth, OAuthAuth

CANARY = "s3cret-canary"


@pytest.fixture(autouse=True)
def _secret(monkeypatch):
    monkeypatch.setenv("SECRET", CANARY)


def oauth(url: str, **more: str) -> OAuthAuth:
    return OAuthAuth(
        type="oauth", token_url=url, client_id="me", client_secret="env:SECRET", **more
    )


def token(text: str, **more: object) -> tuple[int, dict[str, str], dict[str, object]]:
    return 200, {}, {"access_token": text, "token_type": "Bearer", **more}


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        (
            BasicAuth(type="basic", user="mé", password="env:SECRET"),
            "Authorization",
            "Basic " + base64.b64encode(f"mé:{CANARY}".encode()).decode(),
        ),
        (BearerAuth(type="bearer", token="env:SECRET"), "Authorization", f"Bearer {CANARY}"),
        (ApiKeyAuth(type="api_key", header="X-Key", key="env:SECRET"), "X-Key", CANARY),
    ],
)
def test_each_kind_of_credentials_is_its_header(serve, session, auth, header, value):
    server = serve()
    session(server.url, auth).get("x")
    assert server.got[0].headers[header] == value
    assert CANARY not in repr(auth)


def test_a_secret_that_was_rotated_is_read_again_once(serve, session, monkeypatch):
    def answer(got):
        return (200 if got.headers["Authorization"] == "Bearer new" else 401), {}, {}

    server = serve(answer)
    http = session(server.url, BearerAuth(type="bearer", token="env:SECRET"))
    with pytest.raises(UnauthorizedError):
        http.get("x")
    assert len(server.got) == 1, "the same secret is not tried twice"
    monkeypatch.setenv("SECRET", "new")
    assert http.get("x").status == 200


def test_a_secret_with_a_line_break_is_not_shown(serve, session, monkeypatch):
    monkeypatch.setenv("SECRET", f"{CANARY}\nX-Evil: 1")
    server = serve()
    with pytest.raises(MisconfiguredError, match="line break") as caught:
        session(server.url, BearerAuth(type="bearer", token="env:SECRET")).get("x")
    assert CANARY not in str(caught.value)
    assert server.got == []


def test_one_token_serves_many_calls_and_asks_for_what_is_declared(serve, session):
    issuer, server = serve(token("t1", expires_in=3600)), serve()
    http = session(server.url, oauth(issuer.url, scope="a b", audience="crm"))
    http.get("x")
    http.get("y")
    (asked,) = issuer.got
    assert asked.headers["Authorization"].startswith("Basic ")
    assert dict(parse_qsl(asked.body.decode())) == {
        "grant_type": "client_credentials",
        "scope": "a b",
        "audience": "crm",
    }
    assert [got.headers["Authorization"] for got in server.got] == ["Bearer t1"] * 2


def test_client_credentials_may_travel_in_the_form(serve, session):
    issuer, server = serve(token("t1")), serve()
    session(server.url, oauth(issuer.url, send_as="post")).get("x")
    assert f"client_secret={CANARY}".encode() in issuer.got[0].body


def test_a_token_is_renewed_when_it_ends(serve, session, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("connectors.http.auth.time.monotonic", lambda: now[0])
    issuer, server = serve(token("t1", expires_in=300), token("t2", expires_in=300)), serve()
    http = session(server.url, oauth(issuer.url))
    for moment in (1000.0, 1260.0, 1275.0):
        now[0] = moment
        http.get("x")
    sent = [got.headers["Authorization"] for got in server.got]
    assert sent == ["Bearer t1", "Bearer t1", "Bearer t2"]


def test_a_refused_token_is_renewed_once_and_not_for_ever(serve, session):
    issuer = serve(token("t1"), token("t2"), token("t3"))
    server = serve((401, {}, {}), (200, {}, {}))
    assert session(server.url, oauth(issuer.url)).get("x").status == 200
    refusing = serve((401, {}, {}))
    with pytest.raises(UnauthorizedError):
        session(refusing.url, oauth(issuer.url)).get("x")
    assert len(refusing.got) <= 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((401, {}, {"error": "invalid_client", "error_description": CANARY}), UnauthorizedError),
        ((400, {}, {"error": "invalid_scope"}), UnauthorizedError),
        ((404, {}, b"<html>"), MisconfiguredError),
        ((200, {"Content-Type": "text/html"}, b"<html>"), MisconfiguredError),
        ((200, {}, {"access_token": "t", "token_type": "mac"}), MisconfiguredError),
        ((200, {}, {"no": "token"}), MisconfiguredError),
        ((302, {"Location": "/login"}, b""), MisconfiguredError),
        ((503, {}, b""), TransientError),
        ("cut", TransientError),
    ],
)
def test_a_token_server_that_gives_no_token_is_named(serve, session, answer, kind):
    issuer, server = serve(answer), serve()
    with pytest.raises(kind, match="POST /oauth/token") as caught:
        session(server.url, oauth(f"{issuer.url}/oauth/token"), attempts=2).get("x")
    assert CANARY not in str(caught.value)
    assert server.got == []
