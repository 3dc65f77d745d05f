"""What a person agrees to, and that nobody agrees for them (RFC 9700 section 4.16)."""

import pytest

from tests.idp_core.oidc.relying import (
    RelyingParty,
    answer,
    register,
)


def test_what_is_said_of_the_others_is_said_last(site, app, browser, ann):
    secret = register(site, auth="client_secret_post", first_party=False)
    rp = RelyingParty(app, browser, secret)
    page = rp.log_in(rp.authorize(scope="offline_access openid email"))
    browser.submit(page, press="allow")
    for words in (page.words, browser.get("/account/applications").words):
        assert words.index("your e-mail address") < words.index("all this also")


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
