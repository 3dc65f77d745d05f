"""A few more things, asked for on the way to a client."""

import re
from datetime import timedelta

import pytest
from pydantic import ValidationError

from idp_core.accounts import store as accounts
from idp_core.db.engine import reading
from idp_core.site.asking import AskRule, Login, wanted
from idp_core.site.config import LoginSettings, ServeConfig
from tests.idp_core.oidc.relying import RelyingParty, answer, register
from tests.idp_core.people import EMAIL, letters, make_account
from tests.idp_core.web.browser import ORIGIN, Browser

RULES = (
    AskRule(ask=("birth_date",), need="required", clients=("bar",)),
    AskRule(ask=("nickname",), after_days=7, later_days=10),
)


@pytest.fixture
def config():
    return ServeConfig(issuer=ORIGIN, ask=RULES)


@pytest.fixture
def ann(site):
    return make_account(site, given_name="Ann")


@pytest.fixture
def rp(site, app, browser, ann):
    return RelyingParty(app, browser, register(site, auth="client_secret_post"))


def said(site, ann):
    with reading(site.engine) as conn:
        return accounts.by_id(conn, ann.id).attributes


def arrived(rp, **changes):
    got = rp.authorize(**changes)
    return rp.log_in(got) if got.status == 200 and "/login" in got.url else got


def test_nothing_is_asked_before_its_time_and_then_it_is_kept(rp, site, ann, clock):
    assert "code" in answer(arrived(rp))
    clock.wait(days=7)
    page = arrived(rp)
    assert "A few more things" in page.words
    assert "Nickname" in page.words
    got = rp.browser.submit(page, press="keep", nickname="Annie")
    assert "code" in answer(rp.browser.follow(got))
    assert said(site, ann) == {"given_name": "Ann", "nickname": "Annie"}
    clock.wait(days=30)
    assert "code" in answer(arrived(rp))


@pytest.mark.parametrize("press", ["later", "keep"])
def test_what_is_put_off_or_left_empty_is_asked_again_later(rp, clock, press):
    clock.wait(days=8)
    page = arrived(rp)
    assert "code" in answer(rp.browser.follow(rp.browser.submit(page, press=press)))
    clock.wait(days=9)
    assert "code" in answer(arrived(rp))
    clock.wait(days=2)
    assert "A few more things" in arrived(rp).words


def test_what_a_client_needs_is_asked_at_its_logins_until_it_is_said(site, app, rp, ann):
    bar = RelyingParty(app, rp.browser, register(site, auth="client_secret_post", id="bar"), "bar")
    page = arrived(bar)
    assert "Ask me later" not in page.words
    assert rp.browser.submit(page, press="keep").status == 400
    assert "A few more things" in bar.authorize().words
    sly = {**page.forms[0].fields, "choice": "later"}
    assert rp.browser.post("/authorize/more", sly, origin=ORIGIN).status == 400
    assert rp.browser.submit(page, press="keep", birth_date="2999-01-01").status == 400
    got = rp.browser.submit(page, press="keep", birth_date="1990-06-01")
    assert "code" in answer(rp.browser.follow(got))
    assert said(site, ann)["birth_date"] == "1990-06-01"
    assert "code" in answer(arrived(rp))


def test_a_silent_request_asks_nothing(site, app, rp):
    assert "code" in answer(arrived(rp))
    bar = RelyingParty(app, rp.browser, register(site, auth="client_secret_post", id="bar"), "bar")
    assert "code" in answer(bar.authorize(prompt="none"))


def test_the_page_takes_nothing_but_what_was_asked_and_nobody_who_is_not_there(
    rp, site, app, ann, clock
):
    clock.wait(days=8)
    page = arrived(rp)
    got = rp.browser.submit(page, press="keep", nickname="Annie", family_name="Evil", email="x@y.z")
    assert got.status == 303
    assert said(site, ann) == {"given_name": "Ann", "nickname": "Annie"}
    stranger = Browser(app)
    assert stranger.get("/authorize/more?client_id=rp").location.startswith("/login")
    assert rp.browser.get("/authorize/more?client_id=nobody").status == 400
    assert EMAIL not in page.text


def test_rules_join_and_needed_wins(clock):
    rules = (
        AskRule(ask=("nickname",)),
        AskRule(ask=("nickname",), need="required", clients=("a",)),
    )
    later = {"nickname": clock() + timedelta(days=1)}
    a, b = (Login(client, ("password",), timedelta(days=1)) for client in "ab")
    assert wanted(rules, a, {}, later, clock()) == {"nickname": "required"}
    assert wanted(rules, b, {}, later, clock()) == {}
    assert wanted(rules, b, {}, {}, clock()) == {"nickname": "optional"}
    assert wanted(rules, a, {"nickname": "A"}, {}, clock()) == {}


def test_a_rule_may_be_for_logins_that_took_a_step(clock):
    rules = (AskRule(ask=("birth_date",), steps=("totp", "passkey")),)
    for steps, asked in ((("password",), {}), (("password", "totp"), {"birth_date": "optional"})):
        assert wanted(rules, Login("a", steps, timedelta()), {}, {}, clock()) == asked
    with pytest.raises(ValidationError):
        AskRule(ask=("birth_date",), steps=("fingerprint",))


class TestAfterAStep:
    @pytest.fixture
    def config(self):
        rules = (AskRule(ask=("nickname",), steps=("password",)),)
        login = LoginSettings(first=("password", "mailcode"))
        return ServeConfig(issuer=ORIGIN, ask=rules, login=login)

    def test_it_is_asked_and_by_another_way_it_is_not(self, rp, site, app):
        assert "A few more things" in arrived(rp).words
        other = RelyingParty(app, Browser(app), rp.secret)
        page = other.authorize()
        mail = other.browser.get("/login/mail", **{"continue": page.forms[0].fields["continue"]})
        page = other.browser.follow(other.browser.submit(mail, email=EMAIL))
        code = re.search(r"\d{4} \d{4}", letters(site)[-1].text)[0]
        got = other.browser.follow(other.browser.submit(page, code=code))
        assert "code" in answer(got)


def test_a_rule_that_asks_for_something_unknown_is_refused():
    with pytest.raises(ValidationError, match="shoe_size cannot be asked for"):
        AskRule(ask=("shoe_size",))
