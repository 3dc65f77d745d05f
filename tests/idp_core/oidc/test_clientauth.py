"""How a client proves itself, and what it may then do (RFC 6749 section 2.3, RFC 7523)."""

import base64
import json

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from idp_core.clients.model import Client
from idp_core.db.engine import reading
from idp_core.keys import store as keys
from tests.idp_core.oidc.relying import (
    REDIRECT,
    VERIFIER,
    RelyingParty,
    answer,
    claims_in,
    register,
)
from tests.idp_core.web.browser import ORIGIN, Browser

ISSUER = ORIGIN


def test_a_client_proves_itself_in_exactly_its_own_way(rp, site, app):
    """oidcc-server-client-secret-post; client-authentication confusion"""
    form = {"grant_type": "client_credentials"}
    server = Browser(app)
    right = "Basic " + base64.b64encode(f"rp:{rp.secret}".encode()).decode()
    for got, status in (
        (server.post("/token", {**form, "client_id": "rp"}), 401),
        (server.post("/token", {**form, "client_id": "rp", "client_secret": "x"}), 401),
        (server.post("/token", {**form, "client_id": "rp", "client_secret": ""}), 401),
        (server.post("/token", {**form, "client_id": "no", "client_secret": rp.secret}), 401),
        (server.post("/token", form, authorization=right), 401),
        (server.post("/token", form, authorization="Basic x"), 401),
        (server.post("/token", {**form, "client_id": "rp", "client_secret": rp.secret},
                     authorization=right), 400),
        (server.get("/token", **form, client_id="rp", client_secret=rp.secret), 405),
        (server.post("/token?client_id=rp", {**form, "client_id": "rp",
                                             "client_secret": rp.secret}), 400),
        (rp.token(grant_type="client_credentials"), 200),
    ):  # fmt: skip
        assert got.status == status
        if status == 401:
            assert got.json["error"] == "invalid_client"
            assert got.header("www-authenticate")
    register(site, auth="client_secret_basic")
    assert server.post("/token", form, authorization=right).status == 200
    assert rp.token(grant_type="client_credentials").status == 401


ENDPOINTS = {
    "/token": {"grant_type": "refresh_token", "refresh_token": "t"},
    "/introspect": {"token": "t"},
    "/revoke": {"token": "t"},
    "/device_authorization": {"scope": "openid"},
}


@pytest.mark.parametrize("path", ENDPOINTS)
def test_every_endpoint_of_clients_wants_their_proof(rp, path):
    """Client-authentication confusion: to name a client that has a secret proves nothing."""
    for proof in ({}, {"client_id": "rp"}, {"client_id": "rp", "client_secret": "wrong"}):
        got = rp.server.post(path, ENDPOINTS[path] | proof)
        assert (got.status, got.json["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("path", ENDPOINTS)
def test_every_endpoint_of_clients_refuses_what_comes_twice_and_ignores_what_it_does_not_know(
    rp, path
):
    """Parameter pollution."""
    alone = rp.call(path, **ENDPOINTS[path])
    told = rp.call(path, **ENDPOINTS[path], unheard_of="x")
    assert (told.status, told.json.keys()) == (alone.status, alone.json.keys())
    for name, value in ENDPOINTS[path].items():
        got = rp.call(path, **ENDPOINTS[path] | {name: [value, value]})
        assert (got.status, got.json["error"]) == (400, "invalid_request")


def test_the_first_request_of_a_server_may_be_one_that_writes_and_checks_a_token(rp, site):
    """The keys are made before its transaction begins: made within it, they wait for it."""
    with reading(site.engine) as conn:
        assert not keys.read(conn, site.sealer)
    assert rp.call("/revoke", token="x.y.z").status == 200
    with reading(site.engine) as conn:
        assert keys.read(conn, site.sealer)


@pytest.mark.parametrize("name", ["password", "implicit", "urn:x", None])
def test_other_grant_types_are_not_served(rp, name):
    got = rp.token(**({"grant_type": name} if name else {"x": "y"}))
    assert got.json["error"] in ("unsupported_grant_type", "invalid_request")


def test_a_client_does_only_what_it_registered(rp, site):
    register(site, auth="client_secret_post", grants=("client_credentials",))
    assert answer(rp.authorize())["error"] == "unauthorized_client"
    got = rp.token(grant_type="refresh_token", refresh_token="x")
    assert got.json["error"] == "unauthorized_client"


def test_a_secret_has_256_bits(rp):
    assert len(base64.urlsafe_b64decode(f"{rp.secret}=")) == 32


@pytest.mark.parametrize("bits", [512, 1024, 2047, 2048])
def test_a_weak_key_cannot_be_registered(bits):
    """A modulus of so many bits; 2048 are enough."""
    number = ((1 << bits) - 1).to_bytes((bits + 7) // 8)
    key = {"kty": "RSA", "e": "AQAB", "n": base64.urlsafe_b64encode(number).decode().rstrip("=")}
    said = {"id": "x", "name": "X", "auth": "private_key_jwt", "grants": ["client_credentials"]}
    if bits >= 2048:
        assert Client(**said, jwks={"keys": [key]})
        return
    with pytest.raises(ValueError, match="2048 bits at least"):
        Client(**said, jwks={"keys": [key]})


@pytest.mark.parametrize("number", ["", "!", "AQ", None, 5])
def test_a_key_that_is_none_cannot_be_registered(number):
    key = {"kty": "RSA", "e": "AQAB", "n": number}
    with pytest.raises(ValueError, match="2048 bits at least"):
        Client(id="x", name="X", auth="private_key_jwt", redirect_uris=[REDIRECT],
               jwks={"keys": [key]})  # fmt: skip


KEY = ECKey.generate_key("P-256", {"alg": "ES256", "use": "sig"}, auto_kid=True)


ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
OWN = {"grant_type": "client_credentials"}
EXCHANGE = {
    "grant_type": "authorization_code",
    "redirect_uri": REDIRECT,
    "code_verifier": VERIFIER,
}


class TestPrivateKeyJwt:
    @pytest.fixture
    def service(self, site, app, ann):
        register(site, auth="private_key_jwt", jwks={"keys": [KEY.as_dict(private=False)]})
        return RelyingParty(app, Browser(app), None)

    def send(self, service, clock, header=None, key=KEY, form=OWN, **claims):
        now = int(clock().timestamp())
        said = {"iss": "rp", "sub": "rp", "aud": ISSUER, "jti": "j1", "iat": now, "exp": now + 60}
        body = json.dumps({k: v for k, v in {**said, **claims}.items() if v is not None})
        head = header or {"alg": "ES256", "kid": KEY.kid}
        text = jws.serialize_compact(head, body, key, [head["alg"]])
        return service.token(client_assertion_type=ASSERTION, client_assertion=text, **form)

    def test_an_assertion_works_once(self, service, clock):
        """oidcc-ensure-client-assertion-with-iss-aud-succeeds"""
        assert self.send(service, clock).status == 200
        assert self.send(service, clock).status == 401
        assert self.send(service, clock, jti="j2", aud=[ISSUER + "/token", "x"]).status == 200

    @pytest.mark.parametrize(
        "claims",
        [
            {"iss": "other"}, {"sub": "other"}, {"aud": "https://other.example"}, {"aud": None},
            {"jti": None}, {"exp": None}, {"exp": 1}, {"exp": 99999999999}, {"exp": "soon"},
            {"nbf": 99999999999}, {"iat": 99999999999}, {"aud": {"a": 1}},
        ],
    )  # fmt: skip
    def test_a_wrong_assertion_is_refused(self, service, clock, claims):
        assert self.send(service, clock, **claims).json["error"] == "invalid_client"

    def test_a_client_that_changed_its_keys_refreshes_with_the_new_one_alone(
        self, service, site, browser, clock
    ):
        """oidcc-refresh-token-rp-key-rotation"""
        party = RelyingParty(service.server.app, browser, None)
        code = party.code(scope="openid offline_access")
        first = self.send(service, clock, form=EXCHANGE | {"code": code}).json
        new = ECKey.generate_key("P-256", {"alg": "ES256", "use": "sig"}, auto_kid=True)
        register(site, auth="private_key_jwt", jwks={"keys": [new.as_dict(private=False)]})
        form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
        assert self.send(service, clock, form=form, jti="j2").json["error"] == "invalid_client"
        head = {"alg": "ES256", "kid": new.kid}
        got = self.send(service, clock, form=form, jti="j3", header=head, key=new)
        assert claims_in(got.json["id_token"])["sub"] == claims_in(first["id_token"])["sub"]

    def test_an_assertion_lives_an_hour_at_most(self, service, clock):
        now = int(clock().timestamp())
        assert self.send(service, clock, exp=now + 3600).status == 200
        assert self.send(service, clock, jti="j2", exp=now + 3700).status == 401

    def test_a_foreign_key_is_refused(self, service, clock):
        other = ECKey.generate_key("P-256")
        assert self.send(service, clock, key=other).status == 401
        secret = OctKey.import_key(json.dumps(KEY.as_dict(private=False)))
        assert self.send(service, clock, header={"alg": "HS256"}, key=secret).status == 401
        jwk = {"alg": "ES256", "jwk": other.as_dict(private=False)}
        assert self.send(service, clock, header=jwk, key=other).status == 401

    @pytest.mark.parametrize("text", ["", "a", "a.b.c", "e30.e30.", "ä.b.c", "." * 9, "e30.W10.AA"])
    def test_garbage_is_refused(self, service, text):
        got = service.token(
            grant_type="client_credentials", client_assertion_type=ASSERTION, client_assertion=text
        )
        assert got.status in (400, 401)
