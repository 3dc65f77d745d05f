"""A relying party for tests: it begins flows, follows them in a browser, exchanges what it gets."""

from __future__ import annotations

import base64
import json
from urllib.parse import parse_qs, urlsplit

from idp_core.clients import store as clients
from idp_core.clients.model import DEVICE, Client
from idp_core.db.engine import writing
from idp_core.oidc.token.code import challenge_of
from tests.idp_core.people import EMAIL, PASSWORD
from tests.idp_core.web.browser import Browser, Got

REDIRECT = "https://rp.example/cb"
VERIFIER = "v" * 43
API = "https://api.example/"


def register(site, **changes) -> str | None:
    """A client that may do everything, but for the changes; its secret."""
    said = {
        "id": "rp",
        "name": "The Shop",
        "redirect_uris": (REDIRECT,),
        "post_logout_uris": ("https://rp.example/out",),
        "grants": ("authorization_code", "refresh_token", "client_credentials", DEVICE),
        "scopes": ("openid", "profile", "email", "phone", "address", "offline_access", "orders"),
        "resources": (API,),
        "first_party": True,
    }
    with writing(site.engine) as conn:
        return clients.put(conn, Client(**{**said, **changes}), site.clock())


class RelyingParty:
    """Talks to the provider from its own server, `browser` being the person's."""

    def __init__(self, app, browser: Browser, secret: str | None, id_: str = "rp") -> None:
        self.browser, self.secret, self.id = browser, secret, id_
        self.server = Browser(app, peer="91.5.5.5")

    def authorize(self, **changes) -> Got:
        said = {
            "client_id": self.id,
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "scope": "openid email",
            "state": "s1",
            "nonce": "n1",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }
        wanted = {k: v for k, v in {**said, **changes}.items() if v is not None}
        return self.browser.follow(self.browser.get("/authorize", **wanted))

    def log_in(self, page: Got, email=EMAIL, password=PASSWORD) -> Got:
        return self.browser.follow(self.browser.submit(page, email=email, password=password))

    def code(self, **changes) -> str:
        got = self.authorize(**changes)
        if got.status == 200 and "/login" in got.url:
            got = self.log_in(got)
        return answer(got)["code"]

    def token(self, **form) -> Got:
        return self.server.post("/token", self._authenticated(form))

    def exchange(self, code: str, **changes) -> Got:
        said = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
        }
        return self.token(**{k: v for k, v in {**said, **changes}.items() if v is not None})

    def refresh(self, token: str, **more) -> Got:
        return self.token(grant_type="refresh_token", refresh_token=token, **more)

    def tokens(self, **changes) -> dict:
        got = self.exchange(self.code(**changes))
        assert got.status == 200, got.text
        return got.json

    def call(self, path: str, **form) -> Got:
        return self.server.post(path, self._authenticated(form))

    def userinfo(self, token: str) -> Got:
        return self.server.get("/userinfo", {"authorization": f"Bearer {token}"})

    def _authenticated(self, form: dict) -> dict:
        return (
            {"client_id": self.id, "client_secret": self.secret, **form}
            if self.secret
            else {"client_id": self.id, **form}
        )


def answer(got: Got) -> dict[str, str]:
    """What came back to the client, with the address it came to."""
    assert got.status in (302, 303), (got.status, got.words if got.body else "")
    assert got.location.startswith(REDIRECT), got.location
    return {k: v[0] for k, v in parse_qs(urlsplit(got.location).query).items()}


def claims_in(token: str) -> dict:
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
