"""Logging in by a mailed code or link."""

import re

import pytest

from idp_core.accounts import store as accounts
from idp_core.db.engine import writing
from idp_core.login.factors.totp import store as totp
from idp_core.site.config import LoginSettings, ServeConfig
from tests.idp_core.people import EMAIL, letters, link_in, make_account
from tests.idp_core.web.browser import ORIGIN, Browser

FIRST = ("password", "mailcode")


@pytest.fixture
def config():
    return ServeConfig(issuer=ORIGIN, login=LoginSettings(first=FIRST))


@pytest.fixture
def ann(site):
    return make_account(site)


def ask(browser, email=EMAIL, to="/account"):
    page = browser.get("/login/mail", **{"continue": to})
    return browser.follow(browser.submit(page, email=email))


def code_in(letter):
    return re.search(r"^(\d{4} \d{4})$", letter.text, re.MULTILINE)[1]


def asked(browser, site, **more):
    """The page that waits for the code, and the code."""
    page = ask(browser, **more)
    (letter,) = letters(site)
    return page, code_in(letter)


def test_a_mailed_code_lets_its_reader_in_and_on_to_where_they_were_going(browser, site, ann):
    page, code = asked(browser, site, to="/account/activity")
    assert EMAIL in page.words
    assert browser.submit(page, code=code).location == "/account/activity"
    assert browser.get("/account").status == 200


def test_the_link_fills_the_code_in_and_looking_at_it_uses_nothing_up(browser, app, site, ann):
    ask(browser)
    link = link_in(letters(site)[0])
    for other in (browser, Browser(app), browser):
        assert other.get(link).status == 200
        assert other.get("/account").location.startswith("/login")
    assert browser.submit(browser.get(link)).location == "/account"


def test_who_has_the_mail_but_not_the_browser_is_not_let_in(browser, app, site, ann):
    page, code = asked(browser, site)
    other = Browser(app)
    there = other.get(f"/login/mail/code?code={code.replace(' ', '')}")
    assert "not the browser" in there.words
    assert code in there.words
    mine = other.get("/login/mail").forms[0].fields["csrf"]
    fields = {**page.forms[0].fields, "csrf": mine, "code": code}
    assert other.post("/login/mail/code", fields, origin=other.origin).status == 400
    assert browser.submit(page, code=code).status == 303


def test_a_code_works_once_and_ten_minutes(browser, app, site, ann, clock):
    page, code = asked(browser, site)
    kept = dict(browser.cookies)
    assert browser.submit(page, code=code).status == 303
    thief = Browser(app)
    thief.cookies = kept
    assert thief.submit(page, code=code).status == 400
    page, code = asked(browser, site)
    clock.wait(minutes=10, seconds=1)
    assert browser.submit(page, code=code).status == 400


def test_five_wrong_codes_are_all(browser, site, ann):
    page, code = asked(browser, site)
    wrong = f"{(int(code.replace(' ', '')) + 1) % 10**8:08}"
    for _ in range(5):
        got = browser.submit(page, code=wrong)
        assert (got.status, "not right" in got.words) == (400, True)
    assert browser.submit(page, code=code).status == 400


def test_the_newest_code_is_the_one_of_the_browser(browser, site, ann):
    page, first = asked(browser, site)
    page, second = asked(browser, site)
    assert browser.submit(page, code=first).status == 400
    assert browser.submit(page, code=second).status == 303


def test_an_address_without_an_account_gets_the_same_answers_and_no_mail(browser, app, site, ann):
    with_account, nobody = browser, Browser(app)
    one, two = ask(with_account), ask(nobody, email="bob@example.org")
    assert one.words == two.words.replace("bob@example.org", EMAIL)
    assert [each.to for each in letters(site)] == [EMAIL, ""]
    got = [each.submit(page, code="0000 0000") for each, page in ((browser, one), (nobody, two))]
    assert got[0].status == got[1].status == 400
    assert got[0].words == got[1].words.replace("bob@example.org", EMAIL)


def test_a_blocked_account_is_mailed_nothing_and_let_in_nowhere(browser, site, ann, clock):
    page, code = asked(browser, site)
    with writing(site.engine) as conn:
        accounts.block(conn, ann.id, clock(), "why")
    assert browser.submit(page, code=code).status == 400
    ask(browser)
    assert [each.to for each in letters(site)] == [""]


def test_who_set_up_a_second_factor_is_asked_for_it(browser, site, ann, clock):
    """MFA is not got round by another first step."""
    with writing(site.engine) as conn:
        totp.put(conn, site.sealer, ann.id, totp.new_secret(), 0, clock())
    page, code = asked(browser, site)
    assert browser.submit(page, code=code).location == "/login/step"
    assert browser.get("/account").location.startswith("/login")


def test_the_page_of_the_code_takes_no_other_factor(browser, site, ann):
    page, _ = asked(browser, site)
    got = browser.submit(page, factor="password", password="correct horse battery", code="1")
    assert got.status == 400
    assert browser.get("/account").location.startswith("/login")


def test_many_mails_are_not_sent_and_the_answer_is_the_same(browser, site, ann):
    pages = [ask(browser) for _ in range(7)]
    assert {page.words for page in pages} == {pages[0].words}
    assert [each.to for each in letters(site)].count(EMAIL) == 5


def test_the_login_page_offers_it(browser, site, ann):
    assert "Log in by mail" in browser.get("/login").words


class TestAlone:
    @pytest.fixture
    def config(self):
        return ServeConfig(issuer=ORIGIN, login=LoginSettings(first=("mailcode",)))

    def test_a_login_goes_straight_to_it_and_no_password_is_taken(self, browser, site, ann):
        got = browser.get("/login", **{"continue": "/account/activity"})
        assert got.location == "/login/mail?continue=%2Faccount%2Factivity"
        page = browser.follow(got)
        fields = {**page.forms[0].fields, "factor": "password", "password": "correct horse battery"}
        assert browser.post("/login", {**fields, "email": EMAIL}, origin=ORIGIN).status == 400


class TestOff:
    @pytest.fixture
    def config(self):
        return ServeConfig(issuer=ORIGIN)

    def test_where_it_is_not_offered_it_does_not_work(self, browser, site, ann):
        assert browser.get("/login/mail").status == 404
        page = browser.get("/login")
        assert "Log in by mail" not in page.words
        got = browser.submit(page, factor="mailcode", code="00000000", email=EMAIL, password="x")
        assert got.status == 400


def test_a_way_is_named_once():
    with pytest.raises(ValueError, match="each way once"):
        LoginSettings(first=("password", "password"))
