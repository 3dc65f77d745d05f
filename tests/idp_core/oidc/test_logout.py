"""Logout that a client begins (OpenID Connect RP-Initiated Logout)."""

import pytest

from idp_core.db.engine import writing
from idp_core.sessions import store as sessions
from tests.idp_core.oidc.relying import answer


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

    @pytest.mark.parametrize(
        ("more", "to"),
        [
            ({"post_logout_redirect_uri": "https://rp.example/out"}, "https://rp.example/out"),
            ({"state": "bye"}, "/login?done=logged_out"),
        ],
    )
    def test_it_comes_back_with_what_was_sent_alone(self, rp, more, to):
        """oidcc-rp-initiated-logout-no-state,
        oidcc-rp-initiated-logout-no-post-logout-redirect-uri"""
        got = rp.browser.get("/logout", id_token_hint=rp.tokens()["id_token"], **more)
        assert got.location == to
        assert answer(rp.authorize(prompt="none"))["error"] == "login_required"

    def test_a_logout_may_be_posted(self, rp):
        sent = {
            "id_token_hint": rp.tokens()["id_token"],
            "post_logout_redirect_uri": "https://rp.example/out",
        }
        got = rp.browser.post("/logout", sent, origin="https://rp.example")
        assert rp.browser.follow(got).location == "https://rp.example/out"
        assert rp.browser.get("/account").status == 303

    def test_nobody_else_does_without_asking(self, rp):
        """oidcc-rp-initiated-logout-no-id-token-hint, oidcc-rp-initiated-logout-no-params,
        oidcc-rp-initiated-logout-only-state"""
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
