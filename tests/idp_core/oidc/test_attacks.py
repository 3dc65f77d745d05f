"""Attacks on the provider, by the ids of the OpenID Foundation's modules where one fits."""

import base64
import json
from urllib.parse import urlencode

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from idp_core.accounts import store as accounts
from idp_core.audit import log as audit
from idp_core.db.engine import reading, writing
from idp_core.sessions import store as sessions
from tests.idp_core.oidc.relying import (
    REDIRECT,
    VERIFIER,
    RelyingParty,
    answer,
    claims_in,
    register,
)
from tests.idp_core.people import log_in, make_account
from tests.idp_core.web.browser import ORIGIN, Browser

ISSUER = ORIGIN


def another(rp, site, app):
    return RelyingParty(
        app, rp.browser, register(site, id="other", auth="client_secret_post"), "other"
    )


@pytest.mark.parametrize(
    "uri",
    [
        None, "", "https://evil.example/cb", REDIRECT + "/", REDIRECT + "?x=1", REDIRECT + "#f",
        REDIRECT.upper(), "http://rp.example/cb", "https://rp.example.evil.example/cb",
        "https://rp.example@evil.example/cb", "https://rp.example/cb/../evil", "//rp.example/cb",
        "https://rp.example:443/cb", "https://rp.example/%63b", "javascript:alert(1)",
        "https://rp.example\\@evil.example/cb", "https://rp.example/cb\n", " " + REDIRECT,
        "https://xn--rp-example/cb", "data:text/html,x",
    ],
)  # fmt: skip
def test_a_redirect_uri_that_is_not_registered_gets_nothing(rp, uri):
    """oidcc-ensure-registered-redirect-uri, oidcc-ensure-redirect-uri-in-authorization-request,
    oidcc-redirect-uri-query-added, oidcc-redirect-uri-query-mismatch"""
    log_in(rp.browser)
    got = rp.authorize(redirect_uri=uri)
    assert got.status == 400
    assert "cannot be used" in got.words
    assert got.header("location") is None


def test_a_registered_query_is_kept(rp, site):
    """oidcc-redirect-uri-query-OK"""
    register(site, auth="client_secret_post", redirect_uris=(REDIRECT + "?a=b",))
    log_in(rp.browser)
    got = rp.authorize(redirect_uri=REDIRECT + "?a=b")
    assert got.location.startswith(REDIRECT + "?a=b&code=")


@pytest.mark.parametrize("uri", ["http://127.0.0.1:9999/cb", "http://127.0.0.1/cb"])
def test_an_app_listens_at_any_port_of_its_own_machine(rp, site, uri):
    register(site, auth="client_secret_post", redirect_uris=("http://127.0.0.1/cb",))
    log_in(rp.browser)
    assert rp.authorize(redirect_uri=uri).location.startswith(uri)
    for other in (
        "http://127.0.0.1:9999/other",
        "http://localhost:9999/cb",
        "http://127.0.0.1:9999@evil.example/cb",
        "http://127.0.0.1.evil.example/cb",
    ):
        assert rp.authorize(redirect_uri=other).status == 400


@pytest.mark.parametrize(
    "uri",
    [
        REDIRECT + "#f",
        "https://*.rp.example/cb",
        "http://rp.example/cb",
        "javascript:alert(1)",
        "https://u@rp.example/",
        "data:x",
    ],
)
def test_what_redirects_unsafely_cannot_be_registered(site, uri):
    """oidcc-redirect-uri-regfrag"""
    with pytest.raises(ValueError, match=r"write https|no fragment"):
        register(site, redirect_uris=(uri,))


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": "short"},
        {"code_challenge": "v" * 42 + "="},
    ],
)
def test_no_client_does_without_pkce(rp, changes):
    """PKCE downgrade; oidcc-ensure-request-with-valid-pkce-succeeds is every other test."""
    assert answer(rp.authorize(**changes))["error"] == "invalid_request"


@pytest.mark.parametrize("verifier", [None, "", "w" * 43, "v" * 42, "v" * 129, VERIFIER + "!"])
def test_a_code_without_its_verifier_is_worth_nothing(rp, verifier):
    """Code injection."""
    got = rp.exchange(rp.code(), code_verifier=verifier)
    assert (got.status, got.json["error"]) == (400, "invalid_grant")


def test_a_code_is_for_its_client_and_redirect_uri(rp, site, app):
    other = RelyingParty(
        app, rp.browser, register(site, id="other", auth="client_secret_post"), "other"
    )
    code = rp.code()
    assert other.exchange(code).json["error"] == "invalid_grant"
    assert rp.exchange(code, redirect_uri=REDIRECT + "x").json["error"] == "invalid_grant"
    assert rp.exchange(code, redirect_uri=None).json["error"] == "invalid_grant"
    assert rp.exchange(code).status == 200


def test_a_code_that_comes_twice_ends_all_that_came_of_it(rp, site, clock):
    """oidcc-codereuse, oidcc-codereuse-30seconds"""
    code = rp.code(scope="openid offline_access")
    tokens = rp.exchange(code).json
    clock.wait(seconds=30)
    assert rp.exchange(code).json["error"] == "invalid_grant"
    assert rp.userinfo(tokens["access_token"]).status == 401
    assert rp.refresh(tokens["refresh_token"]).status == 400
    with reading(site.engine) as conn:
        assert "code.reused" in [entry.kind for entry in audit.read(conn)]


def test_a_refresh_token_that_comes_twice_ends_its_family(rp):
    first = rp.tokens(scope="openid offline_access")
    second = rp.refresh(first["refresh_token"]).json
    assert rp.refresh(first["refresh_token"]).status == 400
    assert rp.refresh(second["refresh_token"]).status == 400
    assert rp.userinfo(second["access_token"]).status == 401


def test_a_refresh_token_of_another_client_is_none_and_harms_nobody(rp, site, app):
    other = RelyingParty(
        app, rp.browser, register(site, id="other", auth="client_secret_post"), "other"
    )
    tokens = rp.tokens(scope="openid offline_access")
    assert other.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert other.call("/introspect", token=tokens["refresh_token"]).json == {"active": False}
    assert other.call("/introspect", token=tokens["access_token"]).json == {"active": False}
    assert other.call("/revoke", token=tokens["refresh_token"]).status == 200
    assert rp.refresh(tokens["refresh_token"]).status == 200


def test_codes_and_tokens_end(rp, clock):
    code = rp.code()
    clock.wait(seconds=61)
    assert rp.exchange(code).status == 400
    tokens = rp.tokens(scope="openid offline_access")
    clock.wait(seconds=301)
    assert rp.userinfo(tokens["access_token"]).status == 401
    clock.wait(days=31)
    assert rp.refresh(tokens["refresh_token"]).status == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "unknown"}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "dance"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "1e3"}, "invalid_request"),
        ({"claims": "[]"}, "invalid_request"),
        ({"claims": '{"userinfo": []' + "}"}, None),
        ({"claims": "{" * 50_0}, "invalid_request"),
        ({"request": "a.b.c"}, "request_not_supported"),
        ({"request_uri": "https://evil.example/r"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"id_token_hint": "a.b.c"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_a_wrong_request_goes_back_with_its_error(rp, changes, error):
    """oidcc-response-type-missing,
    oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported,
    oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported,
    oidcc-prompt-none-not-logged-in; mix-up is answered by `iss` (RFC 9207)"""
    got = rp.authorize(**changes)
    if error is None:
        assert got.status == 200
        return
    back = answer(got)
    assert (back["error"], back["state"], back["iss"]) == (error, "s1", ISSUER)


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": None}, {"unheard_of": "x"}, {"display": "page"}, {"display": "popup"},
        {"ui_locales": "fr de"}, {"claims_locales": "fr"}, {"login_hint": "x@example.org"},
        {"acr_values": "1 2"}, {"acr_values": "urn:isthmus:acr:2"}, {"response_mode": "query"},
    ],
)  # fmt: skip
def test_what_need_not_be_understood_is_no_error(rp, changes):
    """oidcc-ensure-request-without-nonce-succeeds-for-code-flow,
    oidcc-ensure-request-with-unknown-parameter-succeeds, oidcc-display-page, oidcc-display-popup,
    oidcc-ui-locales, oidcc-claims-locales, oidcc-login-hint,
    oidcc-ensure-request-with-acr-values-succeeds"""
    assert rp.exchange(rp.code(**changes)).status == 200


def test_a_request_may_be_posted(rp):
    """oidcc-ensure-post-request-succeeds"""
    query = {
        "client_id": "rp", "redirect_uri": REDIRECT, "response_type": "code", "scope": "openid",
        "code_challenge": "v" * 43, "code_challenge_method": "S256",
    }  # fmt: skip
    got = rp.browser.follow(rp.browser.post("/authorize", query, origin="https://rp.example"))
    assert "Log in" in got.words


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "state", "scope", "code_challenge"])
def test_a_parameter_that_comes_twice_is_refused(rp, name):
    """Parameter pollution."""
    log_in(rp.browser)
    said = {
        "client_id": "rp", "redirect_uri": REDIRECT, "response_type": "code", "scope": "openid",
        "code_challenge": "v" * 43, "code_challenge_method": "S256", "state": "s1",
    }  # fmt: skip
    got = rp.browser.get("/authorize?" + urlencode([*said.items(), (name, said[name])]))
    if name in ("client_id", "redirect_uri"):
        assert got.status == 400
    else:
        assert answer(got)["error"] == "invalid_request"
        assert "code" not in answer(got)


def test_prompt_login_asks_again_and_a_mark_of_ones_own_does_not_help(rp, clock):
    """oidcc-prompt-login"""
    first = claims_in(rp.tokens()["id_token"])
    clock.wait(minutes=5)
    forged = f"{clock().timestamp() - 600}.{'0' * 64}"
    assert "Log in" in rp.authorize(prompt="login", asked_at=forged).words
    page = rp.authorize(prompt="login")
    assert "Log in" in page.words
    second = claims_in(rp.exchange(answer(rp.log_in(page))["code"]).json["id_token"])
    assert second["auth_time"] == first["auth_time"] + 300


def test_a_mark_is_for_its_own_request(rp, clock):
    log_in(rp.browser)
    got = rp.browser.get(
        "/authorize",
        client_id="rp",
        redirect_uri=REDIRECT,
        response_type="code",
        scope="openid",
        code_challenge="v" * 43,
        code_challenge_method="S256",
        prompt="login",
    )
    mark = got.query["continue"].split("asked_at=")[1].split("&")[0]
    log_in(rp.browser)
    assert "Log in" in rp.authorize(prompt="login", asked_at=mark, nonce="other").words


@pytest.mark.parametrize(("age", "asked"), [("1", True), ("10000", False), ("0", True)])
def test_max_age_asks_who_logged_in_long_ago(rp, clock, age, asked):
    """oidcc-max-age-1, oidcc-max-age-10000"""
    log_in(rp.browser)
    clock.wait(seconds=5)
    got = rp.authorize(max_age=age)
    assert ("Log in" in got.words if got.body else False) == asked
    back = answer(rp.log_in(got) if asked else got)
    told = claims_in(rp.exchange(back["code"]).json["id_token"])
    assert told["auth_time"] == int(clock().timestamp()) - (0 if asked else 5)


def test_a_hint_at_somebody_else_is_heeded(rp, site):
    """oidcc-id-token-hint"""
    mine = rp.tokens()["id_token"]
    assert "code" in answer(rp.authorize(prompt="none", id_token_hint=mine))
    make_account(site, "bob@example.org")
    log_in(rp.browser, "bob@example.org")
    assert answer(rp.authorize(prompt="none", id_token_hint=mine))["error"] == "login_required"


def test_an_essential_level_that_is_not_reached_is_told(rp):
    claims = '{"id_token": {"acr": {"essential": true, "values": ["urn:isthmus:acr:2"]}}}'
    page = rp.authorize(claims=claims)
    assert answer(rp.log_in(page))["error"] == "unmet_authentication_requirements"


BASIC = "Basic " + base64.b64encode(b"rp:wrong").decode()


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


@pytest.mark.parametrize("name", ["password", "implicit", "urn:x", None])
def test_other_grant_types_are_not_served(rp, name):
    got = rp.token(**({"grant_type": name} if name else {"x": "y"}))
    assert got.json["error"] in ("unsupported_grant_type", "invalid_request")


def test_a_client_does_only_what_it_registered(rp, site):
    register(site, auth="client_secret_post", grants=("client_credentials",))
    assert answer(rp.authorize())["error"] == "unauthorized_client"
    got = rp.token(grant_type="refresh_token", refresh_token="x")
    assert got.json["error"] == "unauthorized_client"


KEY = ECKey.generate_key("P-256", {"alg": "ES256", "use": "sig"}, auto_kid=True)
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class TestPrivateKeyJwt:
    """oidcc-ensure-client-assertion-with-iss-aud-succeeds, and everything that must not"""

    @pytest.fixture
    def service(self, site, app, ann):
        register(site, auth="private_key_jwt", jwks={"keys": [KEY.as_dict(private=False)]})
        return RelyingParty(app, Browser(app), None)

    def send(self, service, clock, header=None, key=KEY, **claims):
        now = int(clock().timestamp())
        said = {"iss": "rp", "sub": "rp", "aud": ISSUER, "jti": "j1", "iat": now, "exp": now + 60}
        body = json.dumps({k: v for k, v in {**said, **claims}.items() if v is not None})
        head = header or {"alg": "ES256", "kid": KEY.kid}
        text = jws.serialize_compact(head, body, key, [head["alg"]])
        return service.token(
            grant_type="client_credentials", client_assertion_type=ASSERTION, client_assertion=text
        )

    def test_an_assertion_works_once(self, service, clock):
        assert self.send(service, clock).status == 200
        assert self.send(service, clock).status == 401
        assert self.send(service, clock, jti="j2", aud=[ISSUER + "/token", "x"]).status == 200

    @pytest.mark.parametrize(
        "claims",
        [
            {"iss": "other"}, {"sub": "other"}, {"aud": "https://other.example"}, {"aud": None},
            {"jti": None}, {"exp": None}, {"exp": 1}, {"exp": 99999999999}, {"exp": "soon"},
            {"nbf": 99999999999}, {"aud": {"a": 1}},
        ],
    )  # fmt: skip
    def test_a_wrong_assertion_is_refused(self, service, clock, claims):
        assert self.send(service, clock, **claims).json["error"] == "invalid_client"

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


def test_a_blocked_person_gets_no_more_tokens(rp, site, ann, clock):
    tokens = rp.tokens(scope="openid offline_access")
    with writing(site.engine) as conn:
        accounts.block(conn, ann.id, clock(), "fraud")
    assert rp.userinfo(tokens["access_token"]).status == 401
    assert rp.refresh(tokens["refresh_token"]).status == 400


def test_an_id_token_is_no_access_token_and_the_other_way_round(rp):
    """Type confusion."""
    tokens = rp.tokens()
    assert rp.userinfo(tokens["id_token"]).status == 401
    assert answer(rp.authorize(prompt="none", id_token_hint=tokens["access_token"]))["error"]


class TestConsent:
    @pytest.fixture
    def rp(self, site, app, browser, ann):
        secret = register(site, auth="client_secret_post", first_party=False)
        return RelyingParty(app, browser, secret)

    def test_a_stranger_asks_first_and_once(self, rp):
        page = rp.log_in(rp.authorize())
        assert "The Shop" in page.words
        got = rp.browser.follow(rp.browser.submit(page, press="allow"))
        assert rp.exchange(answer(got)["code"]).status == 200
        assert "code" in answer(rp.authorize(prompt="none"))
        assert (
            answer(rp.authorize(prompt="none", scope="openid phone"))["error"] == "consent_required"
        )
        again = rp.authorize(prompt="consent")
        assert "The Shop" in again.words
        assert "code" in answer(rp.browser.follow(rp.browser.submit(again, press="allow")))

    def test_who_does_not_agree_gives_nothing(self, rp):
        page = rp.log_in(rp.authorize())
        back = answer(rp.browser.submit(page, press="deny"))
        assert (back["error"], back["state"]) == ("access_denied", "s1")

    def test_nobody_agrees_for_somebody_else(self, rp):
        """Consent CSRF and clickjacking."""
        page = rp.log_in(rp.authorize())
        fields = {"request": page.forms[0].fields["request"], "choice": "allow"}
        assert rp.browser.post("/consent", fields).status == 403
        assert "frame-ancestors 'none'" in page.header("content-security-policy")
        assert rp.authorize(prompt="none").query["error"] == "consent_required"

    def test_what_was_shown_cannot_be_changed_into_more(self, rp):
        page = rp.log_in(rp.authorize())
        text = page.forms[0].fields["request"].replace("rp.example", "evil.example")
        assert rp.browser.submit(page, press="allow", request=text).status == 400


class TestLogout:
    def test_a_client_that_knows_the_session_ends_it(self, rp):
        """oidcc-rp-initiated-logout"""
        hint = rp.tokens()["id_token"]
        got = rp.browser.get(
            "/logout",
            id_token_hint=hint,
            post_logout_redirect_uri="https://rp.example/out",
            state="bye",
        )
        assert got.location == "https://rp.example/out?state=bye"
        assert answer(rp.authorize(prompt="none"))["error"] == "login_required"

    def test_nobody_else_does_without_asking(self, rp):
        """oidcc-rp-initiated-logout-no-id-token-hint, oidcc-rp-initiated-logout-no-params"""
        rp.tokens()
        for query in ({}, {"client_id": "rp"}, {"state": "x"}):
            page = rp.browser.get("/logout", **query)
            assert "Log out?" in page.words
        assert rp.browser.get("/account").status == 200
        assert rp.browser.post("/logout/confirm", {"request": ""}).status == 403
        rp.browser.submit(page)
        assert rp.browser.get("/account").status == 303

    @pytest.mark.parametrize(
        "query",
        [
            {"post_logout_redirect_uri": "https://evil.example/"},
            {"post_logout_redirect_uri": "https://rp.example/out?x=1", "client_id": "rp"},
            {"post_logout_redirect_uri": "https://rp.example/out"},
            {"id_token_hint": "a.b.c"},
        ],
    )
    def test_a_bad_request_is_no_redirect(self, rp, query):
        """oidcc-rp-initiated-logout-bad-post-logout-redirect-uri,
        oidcc-rp-initiated-logout-bad-id-token-hint,
        oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri"""
        rp.tokens()
        got = rp.browser.get("/logout", **query)
        assert (got.status, got.location) == (400, "")

    def test_a_changed_hint_is_none(self, rp):
        """oidcc-rp-initiated-logout-modified-id-token-hint"""
        head, body, signature = rp.tokens()["id_token"].split(".")
        assert rp.browser.get("/logout", id_token_hint=f"{head}.{body}x.{signature}").status == 400

    def test_a_hint_of_an_older_session_is_asked_about(self, rp, site, clock, ann):
        hint = rp.tokens()["id_token"]
        with writing(site.engine) as conn:
            sessions.end_all(conn, ann.id, clock(), "test")
        rp.tokens()
        assert "Log out?" in rp.browser.get("/logout", id_token_hint=hint).words


class TestDevice:
    def start(self, rp):
        return rp.call("/device_authorization", scope="openid offline_access").json

    def poll(self, rp, begun):
        grant = "urn:ietf:params:oauth:grant-type:device_code"
        return rp.token(grant_type=grant, device_code=begun["device_code"])

    def test_a_device_is_let_in_once(self, rp, clock):
        begun = self.start(rp)
        assert self.poll(rp, begun).json["error"] == "authorization_pending"
        assert self.poll(rp, begun).json["error"] == "slow_down"
        log_in(rp.browser)
        page = rp.browser.get("/device", user_code=begun["user_code"].lower().replace("-", " "))
        assert "The Shop" in page.words
        assert "is let in" in rp.browser.submit(page, press="allow").words
        got = self.poll(rp, begun)
        assert got.status == 200
        assert self.poll(rp, begun).status == 400
        assert rp.userinfo(got.json["access_token"]).status == 401, "a second poll ends the family"

    def test_a_refused_or_forgotten_device_gets_nothing(self, rp, clock):
        begun, other = self.start(rp), self.start(rp)
        log_in(rp.browser)
        page = rp.browser.get("/device", user_code=begun["user_code"])
        rp.browser.submit(page, press="deny")
        assert self.poll(rp, begun).json["error"] == "access_denied"
        clock.wait(minutes=11)
        assert self.poll(rp, other).json["error"] == "expired_token"
        assert rp.browser.get("/device", user_code=other["user_code"]).status == 400

    def test_codes_cannot_be_guessed_for_long_nor_be_confirmed_by_another_site(self, rp):
        begun = self.start(rp)
        log_in(rp.browser)
        assert (
            rp.browser.post("/device", {"user_code": begun["user_code"], "choice": "allow"}).status
            == 403
        )
        for n in range(20):
            rp.browser.get("/device", user_code=f"XXXX-{n:04}")
        assert rp.browser.get("/device", user_code=begun["user_code"]).status == 400


def test_forms_may_end_at_the_client_and_nowhere_else(rp):
    page = rp.authorize()
    policy = page.header("content-security-policy")
    assert "form-action 'self' https://rp.example;" in policy
