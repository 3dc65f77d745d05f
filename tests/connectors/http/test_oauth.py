"""Refresh tokens and assertions that we sign ourselves."""

from __future__ import annotations

import stat
from urllib.parse import parse_qsl

import pytest
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from structlog.testing import capture_logs

from connectors.errors import MisconfiguredError, UnauthorizedError
from connectors.http import JwtAuth, RefreshAuth


def form(got) -> dict[str, str]:
    return dict(parse_qsl(got.body.decode()))


def issuing(**more):
    """A token server that gives t1, t2, … and what else it is told."""
    count = [0]

    def answer(got):
        if got.path != "/token":
            return (200 if got.headers["Authorization"] == "Bearer t2" else 401), {}, {}
        count[0] += 1
        given = {name: value(count[0]) for name, value in more.items()}
        return 200, {}, {"access_token": f"t{count[0]}", "token_type": "bearer", **given}

    return answer


@pytest.fixture
def refresh(monkeypatch, tmp_path):
    monkeypatch.setenv("REFRESH", "first")

    def make(url, **more):
        return RefreshAuth.model_validate(
            {"type": "oauth_refresh", "token_url": f"{url}/token", "client_id": "me",
             "refresh_token": "env:REFRESH", **more},
            context={"base": tmp_path},
        )  # fmt: skip

    return make


def test_a_refresh_token_gives_a_token_and_another_when_that_is_refused(serve, session, refresh):
    server = serve(issuing())
    assert session(server.url, refresh(server.url)).get("x").status == 200
    asked = form(server.got[0])
    assert asked == {"grant_type": "refresh_token", "refresh_token": "first", "client_id": "me"}
    assert [got.path for got in server.got] == ["/token", "/x", "/token", "/x"]


def test_the_newest_refresh_token_is_kept_by_us_alone(serve, session, refresh, tmp_path):
    server = serve(issuing(refresh_token=lambda n: f"r{n}"))
    auth = refresh(server.url, kept_in="state/refresh")
    session(server.url, auth).get("x")
    kept = tmp_path / "state" / "refresh"
    assert kept.read_text() == "r2"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    session(server.url, auth).request("GET", "x", allow=(401,))
    asked = [form(got)["refresh_token"] for got in server.got if got.path == "/token"]
    assert asked == ["first", "r1", "r2"]


def test_a_server_that_gives_a_new_refresh_token_nobody_keeps_is_reported(serve, session, refresh):
    server = serve(issuing(refresh_token=lambda n: f"r{n}"))
    with capture_logs() as logs:
        session(server.url, refresh(server.url)).get("x")
    assert "http.refresh_token_rotated" in {each["event"] for each in logs}
    assert "r1" not in str(logs)


def test_a_refresh_token_that_no_longer_holds_is_told(serve, session, refresh):
    server = serve((400, {}, {"error": "invalid_grant"}))
    with pytest.raises(UnauthorizedError, match=r"\(invalid_grant\); the refresh token no longer"):
        session(server.url, refresh(server.url)).get("x")


def pem(key) -> str:
    return key.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption()).decode()


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEYS = [
    ("RS256", pem(RSA), RSAKey),
    ("PS256", pem(RSA), RSAKey),
    ("ES256", pem(ec.generate_private_key(ec.SECP256R1())), ECKey),
    ("Ed25519", pem(ed25519.Ed25519PrivateKey.generate()), OKPKey),
    ("HS256", "0123456789abcdef0123456789abcdef", OctKey),
]


@pytest.mark.parametrize(("algorithm", "key", "kind"), KEYS)
def test_an_assertion_we_signed_is_exchanged_for_a_token(
    serve, session, monkeypatch, algorithm, key, kind
):
    monkeypatch.setenv("KEY", key)
    server = serve(issuing())
    auth = JwtAuth(
        type="jwt", token_url=f"{server.url}/token", key="env:KEY", algorithm=algorithm,
        key_id="k1", issuer="me", subject="ann", claims={"tenant": 7}, scope="read",
    )  # fmt: skip
    session(server.url, auth).get("x")
    asked = form(server.got[0])
    assert asked["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert asked["scope"] == "read"
    told = jwt.decode(asked["assertion"], kind.import_key(key), algorithms=[algorithm])
    assert told.header["kid"] == "k1"
    claims = {name: told.claims[name] for name in ("iss", "sub", "aud", "tenant")}
    assert claims == {"iss": "me", "sub": "ann", "aud": f"{server.url}/token", "tenant": 7}
    assert told.claims["exp"] - told.claims["iat"] == 300


def test_without_a_token_server_the_assertion_is_sent_itself(serve, session, monkeypatch):
    monkeypatch.setenv("KEY", "0123456789abcdef0123456789abcdef")
    server = serve()
    auth = JwtAuth(type="jwt", key="env:KEY", algorithm="HS256", issuer="me", audience="/admin/")
    session(server.url, auth).get("x")
    scheme, _, text = server.got[0].headers["Authorization"].partition(" ")
    told = jwt.decode(text, OctKey.import_key("0123456789abcdef0123456789abcdef"))
    assert (scheme, told.claims["aud"], told.claims["sub"]) == ("Bearer", "/admin/", "me")


@pytest.mark.parametrize("key", ["no key", pem(RSA).replace("A", "B", 40)])
def test_a_key_that_cannot_sign_is_told_and_not_shown(session, monkeypatch, key):
    monkeypatch.setenv("KEY", key)
    auth = JwtAuth(type="jwt", key="env:KEY", issuer="me")
    with pytest.raises(MisconfiguredError, match="env:KEY: is no unencrypted PEM key") as caught:
        session("http://127.0.0.1:1", auth).get("x")
    assert key[40:80] not in f"{caught.value}{caught.value.__cause__}" or key == "no key"
