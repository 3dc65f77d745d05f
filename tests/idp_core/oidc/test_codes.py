"""Codes and the tokens that come of them: PKCE, injection, reuse (RFC 7636, RFC 9700)."""

import pytest

from idp_core.accounts import store as accounts
from idp_core.audit import log as audit
from idp_core.db.engine import reading, writing
from tests.idp_core.oidc.relying import (
    REDIRECT,
    VERIFIER,
    RelyingParty,
    answer,
    register,
)


def another(rp, site, app):
    secret = register(site, id="other", auth="client_secret_post")
    return RelyingParty(app, rp.browser, secret, "other")


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
    """PKCE downgrade."""
    assert answer(rp.authorize(**changes))["error"] == "invalid_request"


@pytest.mark.parametrize("verifier", [None, "", "w" * 43, "v" * 42, "v" * 129, VERIFIER + "!"])
def test_a_code_without_its_verifier_is_worth_nothing(rp, verifier):
    """Code injection."""
    got = rp.exchange(rp.code(), code_verifier=verifier)
    assert (got.status, got.json["error"]) == (400, "invalid_grant")


def test_a_code_is_for_its_client_and_redirect_uri(rp, site, app):
    other = another(rp, site, app)
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
    other = another(rp, site, app)
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
