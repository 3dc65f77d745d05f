"""Authorization requests, good and bad (OpenID Connect Core section 3.1.2)."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from idp_core.oidc.token.code import challenge_of
from tests.idp_core.oidc.relying import REDIRECT, VERIFIER, answer, claims_in
from tests.idp_core.people import log_in, make_account
from tests.idp_core.web.browser import ORIGIN

ISSUER = ORIGIN


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
        ({"response_mode": "form_post"}, "invalid_request"),
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


def test_the_order_of_parameters_and_of_scopes_means_nothing(rp):
    """oidcc-alternate-happy-flow"""
    said = {
        "state": "s1", "code_challenge_method": "S256", "code_challenge": challenge_of(VERIFIER),
        "scope": "email openid", "response_type": "code", "redirect_uri": REDIRECT,
        "nonce": "n1", "client_id": "rp",
    }  # fmt: skip
    page = rp.browser.follow(rp.browser.get("/authorize", **said))
    tokens = rp.exchange(answer(rp.log_in(page))["code"]).json
    assert claims_in(tokens["id_token"])["nonce"] == "n1"
    assert rp.userinfo(tokens["access_token"]).json["email"] == "ann@example.org"


def test_the_login_page_heeds_the_hint_and_the_language_of_a_request(rp):
    """oidcc-login-hint, oidcc-ui-locales"""
    page = rp.authorize(login_hint="bob@example.org", ui_locales="xx de")
    assert page.forms[0].fields["email"] == "bob@example.org"
    assert "Anmelden" in page.words


@pytest.mark.parametrize("state", ["a&code=evil", "a#code=evil", "a b+c%26", "ü", "\r\nx: y"])
def test_a_state_comes_back_as_it_went_and_is_nothing_else(rp, state):
    """Code pollution: no second parameter, no fragment and no header comes of it."""
    log_in(rp.browser)
    got = rp.authorize(state=state)
    query = parse_qs(urlsplit(got.location).query)
    assert query["state"] == [state]
    assert {name: len(said) for name, said in query.items()} == {"code": 1, "state": 1, "iss": 1}
    assert urlsplit(got.location).fragment == ""


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
