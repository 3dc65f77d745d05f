"""authlib's clients, unmodified, through every flow that they and we know."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from authlib.integrations.base_client import MismatchingStateError, OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc6750.errors import InvalidTokenError
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc.jwk import ECKey, KeySet
from starlette.requests import Request

from tests.real.served import PASSWORD, Login, Person, ann, login, put_client

__all__ = ["ann", "login"]

pytestmark = [
    pytest.mark.real,
    # authlib prefers a fork of httpx by now and says so.
    pytest.mark.filterwarnings("ignore:The httpx module is deprecated"),
]

BACK = "http://127.0.0.1:9/back"
API = "https://api.example.com"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
SCOPES = ["openid", "email", "offline_access", "orders"]


class Shop:
    """A web site that logs people in by authlib's client for Starlette, and one visitor of it."""

    def __init__(self, login: Login, secret: str | None) -> None:
        from authlib.integrations.starlette_client import OAuth  # it warns when imported

        self.client = OAuth().register(
            "isthmus",
            client_id="shop",
            client_secret=secret,
            server_metadata_url=f"{login.origin}/.well-known/openid-configuration",
            client_kwargs={"scope": "openid email", "code_challenge_method": "S256"},
        )
        self.session: dict[str, Any] = {}

    def _asked(self, url: str) -> Request:
        query = urlsplit(url).query.encode()
        scope = {"type": "http", "method": "GET", "query_string": query, "headers": []}
        return Request(scope | {"session": self.session})

    def begin(self, **more: str) -> str:
        going = self.client.authorize_redirect(self._asked(BACK), BACK, **more)
        return str(asyncio.run(going).headers["location"])

    def end(self, came: str) -> dict[str, Any]:
        return dict(asyncio.run(self.client.authorize_access_token(self._asked(came))))

    def log_out(self, id_token: str) -> str:
        going = self.client.logout_redirect(self._asked(BACK), BACK, id_token, state="bye")
        return str(asyncio.run(going).headers["location"])

    def logged_out(self, came: str) -> dict[str, Any]:
        return dict(asyncio.run(self.client.validate_logout_response(self._asked(came))))


@pytest.fixture(scope="module")
def shop(login: Login) -> Shop:
    said = {"id": "shop", "name": "The Shop", "redirect_uris": [BACK], "post_logout_uris": [BACK]}
    return Shop(login, put_client(login, **said))


def test_a_site_logs_people_in(shop, ann):
    tokens = shop.end(ann.allow(shop.begin()))
    assert tokens["userinfo"]["amr"] == ["pwd"]
    info = asyncio.run(shop.client.userinfo(token=tokens))
    assert (info["email"], info["sub"]) == (ann.address, tokens["userinfo"]["sub"])


def test_a_site_may_ask_for_a_new_login_and_for_none(shop, ann, login):
    first = shop.end(ann.allow(shop.begin(prompt="none")))["userinfo"]
    assert "/login" in ann.open(shop.begin(max_age="0"))
    again = shop.end(ann.send(email=ann.address, password=PASSWORD))["userinfo"]
    assert (again["sub"], again["auth_time"] >= first["auth_time"]) == (first["sub"], True)
    with pytest.raises(OAuthError, match="login_required"):
        shop.end(Person(login, "nobody@example.org").open(shop.begin(prompt="none")))


def test_a_way_back_that_is_not_this_visitors_is_noticed(shop, ann):
    came = ann.allow(shop.begin())
    with pytest.raises(MismatchingStateError):
        shop.end(came.replace("state=", "state=x"))
    shop.end(came)
    with pytest.raises(MismatchingStateError):
        shop.end(came)


def test_a_logout_at_the_site_ends_the_session_here_and_comes_back(shop, login):
    bob = Person(login, "bob@example.org")
    bob.register()
    tokens = shop.end(bob.allow(shop.begin()))
    where = bob.open(shop.log_out(tokens["id_token"]))
    where = bob.send() if where.startswith(login.origin) else where
    assert shop.logged_out(where) == {"post_logout_redirect_uri": BACK}
    assert "/login" in bob.open("/account")


def session(login: Login, name: str, method: str, secret: object, scope: str) -> OAuth2Session:
    return OAuth2Session(
        name, secret, scope=scope, redirect_uri=BACK, code_challenge_method="S256",
        token_endpoint_auth_method=method, revocation_endpoint_auth_method=method,
        token_endpoint=f"{login.origin}/token",
    )  # fmt: skip


def code(found: OAuth2Session, login: Login, person: Person) -> dict[str, Any]:
    """Go through the code flow."""
    verifier = "v" * 60
    url, _ = found.create_authorization_url(f"{login.origin}/authorize", code_verifier=verifier)
    came = person.allow(url)
    return dict(found.fetch_token(authorization_response=came, code_verifier=verifier))


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_a_refresh_token_is_changed_looked_at_and_taken_back(login, ann, method):
    secret = put_client(
        login, id=f"rp-{method}", name="RP", auth=method, redirect_uris=[BACK], scopes=SCOPES
    )
    client = session(login, f"rp-{method}", method, secret, "openid email offline_access")
    old = code(client, login, ann)["refresh_token"]
    new = client.refresh_token()["refresh_token"]
    assert new != old
    if secret is not None:  # who has no secret may look at nothing
        told = client.introspect_token(f"{login.origin}/introspect", token=new).json()
        assert (told["active"], told["client_id"]) == (True, f"rp-{method}")
    assert client.revoke_token(f"{login.origin}/revoke", token=new).status_code == 200
    with pytest.raises(OAuthError, match="invalid_grant"):
        client.refresh_token()


class Api(JWTBearerTokenValidator):
    """An API that takes our access tokens and asks nobody (RFC 9068)."""

    def get_jwks(self) -> KeySet:
        found = requests.get(f"{self.issuer}/.well-known/openid-configuration", timeout=30).json()
        return KeySet.import_key_set(requests.get(found["jwks_uri"], timeout=30).json())

    def takes(self, token: str) -> dict[str, Any]:
        claims = self.authenticate_token(token)
        self.validate_token(claims, ["orders"], None)
        return dict(claims)


def test_a_key_stands_for_a_secret_and_the_token_is_good_at_one_api(login):
    key = ECKey.generate_key("P-256", {"kid": "one"})
    put_client(
        login, id="robot", name="Robot", auth="private_key_jwt", scopes=["orders"],
        grants=["client_credentials"], resources=[API],
        jwks={"keys": [key.as_dict(private=False)]},
    )  # fmt: skip
    client = session(login, "robot", "private_key_jwt", key, "orders")
    client.register_client_auth_method(PrivateKeyJWT(f"{login.origin}/token", alg="ES256"))
    told = client.fetch_token(grant_type="client_credentials", resource=API)
    assert Api(login.origin, API).takes(told["access_token"])["client_id"] == "robot"
    with pytest.raises(InvalidTokenError):
        Api(login.origin, "https://other.example.com").takes(told["access_token"])
    thief = session(login, "robot", "private_key_jwt", ECKey.generate_key("P-256"), "orders")
    thief.register_client_auth_method(PrivateKeyJWT(f"{login.origin}/token", alg="ES256"))
    with pytest.raises(OAuthError, match="invalid_client"):
        thief.fetch_token(grant_type="client_credentials")


def test_a_device_waits_until_somebody_lets_it_in(login, ann):
    secret = put_client(login, id="tv", name="The TV", grants=[DEVICE], scopes=SCOPES)
    client = session(login, "tv", "client_secret_basic", secret, "openid email")
    begun = requests.post(
        f"{login.origin}/device_authorization", {"scope": "openid email"},
        auth=("tv", str(secret)), timeout=30,
    )  # fmt: skip
    asked = begun.json()
    with pytest.raises(OAuthError, match="authorization_pending"):
        client.fetch_token(grant_type=DEVICE, device_code=asked["device_code"])
    ann.open(asked["verification_uri_complete"])
    ann.send(choice="allow")
    client.fetch_token(grant_type=DEVICE, device_code=asked["device_code"])
    assert client.get(f"{login.origin}/userinfo").json()["email"] == ann.address
