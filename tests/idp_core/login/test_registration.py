import pytest

from idp_core.accounts import store as accounts
from idp_core.db.engine import reading
from idp_core.profiles import store as profiles
from idp_core.site.config import RegistrationSettings, ServeConfig
from tests.idp_core.people import EMAIL, letters, link_in, log_in, make_account
from tests.idp_core.web.browser import ORIGIN, Browser

NEW = "a phrase nobody knows"


def ask(browser, email=EMAIL, to="/account"):
    return browser.submit(browser.get("/register", **{"continue": to}), email=email)


def account_of(site, email=EMAIL):
    with reading(site.engine) as conn:
        return accounts.by_email(conn, email)


def test_an_account_is_made_by_whoever_reads_the_mail(browser, site):
    sent = ask(browser, to="/account/activity")
    assert "Look into your mail" in browser.follow(sent).words
    assert account_of(site) is None
    (letter,) = letters(site)
    page = browser.get(link_in(letter))
    got = browser.submit(page, given_name=" Ann ", family_name="Lee", password=NEW)
    assert got.location == "/account/activity"
    assert browser.get("/account").status == 200
    assert account_of(site).attributes == {"given_name": "Ann", "family_name": "Lee"}


def test_what_an_account_says_becomes_a_source_profile(browser, site):
    ask(browser)
    browser.submit(browser.get(link_in(letters(site)[0])), given_name="Ann", password=NEW)
    with reading(site.engine) as conn:
        (record,) = profiles.read_source_profiles(conn)
    assert record.ref == ("login", account_of(site).id)
    assert record.attributes["emails"] == [{"value": EMAIL, "primary": True, "verified": True}]


def test_a_link_works_once(browser, app, site):
    ask(browser)
    link = link_in(letters(site)[0])
    page = browser.get(link)
    assert browser.submit(page, password=NEW).status == 303
    again = Browser(app)
    assert "works no more" in again.get(link).words
    page.forms[0].fields["csrf"] = ""
    assert browser.submit(page, password=NEW).status == 400


def test_looking_at_a_link_does_not_use_it_up(browser, app, site):
    """Mail scanners open every link."""
    ask(browser)
    link = link_in(letters(site)[0])
    for _ in range(3):
        assert Browser(app).get(link).status == 200
    assert browser.submit(browser.get(link), password=NEW).status == 303


def test_a_link_is_too_old_after_a_day(browser, site, clock):
    ask(browser)
    link = link_in(letters(site)[0])
    clock.wait(hours=25)
    assert browser.get(link).status == 400


def test_an_address_with_an_account_gets_the_same_answer_and_another_mail(app, site):
    make_account(site)
    known, unknown = Browser(app), Browser(app)
    one, other = ask(known), ask(unknown, "new@example.org")
    assert (one.status, one.headers, one.body) == (other.status, other.headers, other.body)
    first, second = letters(site)
    assert "has one already" in first.text
    assert "/register/confirm" in second.text


def test_who_registers_another_persons_address_gets_nothing_from_it(app, site):
    """Pre-hijack by unverified e-mail: the password is chosen by who reads the mail."""
    attacker, victim = Browser(app), Browser(app)
    ask(attacker)
    ask(victim)
    mine, yours = letters(site)
    victim.submit(victim.get(link_in(yours)), password=NEW)
    late = attacker.get(link_in(mine))
    assert attacker.submit(late, password="attackers own phrase").status == 400
    assert log_in(Browser(app), password="attackers own phrase").status == 400
    assert log_in(Browser(app), password=NEW).status == 303


def test_mails_to_one_address_are_few_and_the_answer_is_the_same(app, site):
    for _ in range(8):
        assert ask(Browser(app)).status == 303
    assert [each.to for each in letters(site)] == [EMAIL] * 5 + [""] * 3


@pytest.mark.parametrize(
    "said", ["ann", "ann@", "a b@x.org", "a@x", "a@x.org\r\nBcc: b@x.org", "", "a@-x.org"]
)
def test_what_no_mail_goes_to_is_refused(browser, site, said):
    got = ask(browser, said)
    assert got.status == 400
    assert "no address" in got.words
    assert letters(site) == []


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"password": "short"}, "more characters"),
        ({"password": "password123"}, "too easy to guess"),
        ({"password": "ann@example.org"}, "too easy to guess"),
        ({"password": "x" * 1025}, "too many characters"),
        ({"password": NEW, "given_name": "win at https://evil.example"}, "cannot be taken"),
        ({"password": NEW, "given_name": "<b>Ann</b>"}, "cannot be taken"),
        ({"password": NEW, "given_name": "x" * 101}, "cannot be taken"),
    ],
)
def test_a_wrong_field_is_told_beside_it_and_the_link_still_works(browser, site, fields, word):
    ask(browser)
    link = link_in(letters(site)[0])
    got = browser.submit(browser.get(link), **fields)
    assert got.status == 400
    assert word in got.words
    assert "<b>" not in got.text
    assert browser.submit(browser.get(link), password=NEW).status == 303


class TestClosed:
    @pytest.fixture
    def config(self):
        return ServeConfig(issuer=ORIGIN, registration=RegistrationSettings(open=False))

    def test_nobody_registers_where_that_is_closed(self, browser):
        assert browser.get("/register").status == 404
        assert browser.post("/register", {"email": EMAIL}).status == 403
        assert browser.get("/register/confirm?ticket=x").status == 400
        assert "/register" not in browser.get("/login").text


class TestMoreFields:
    @pytest.fixture
    def config(self):
        asked = RegistrationSettings(fields={"birth_date": "required"})
        return ServeConfig(issuer=ORIGIN, registration=asked)

    @pytest.mark.parametrize("day", ["", "2999-01-01", "1850-01-01", "yesterday"])
    def test_a_day_that_is_none_is_not_taken(self, browser, site, day):
        ask(browser)
        page = browser.get(link_in(letters(site)[0]))
        assert "First name" not in page.words
        assert browser.submit(page, password=NEW, birth_date=day).status == 400
        assert browser.submit(page, password=NEW, birth_date="1990-05-17").status == 303
        assert account_of(site).attributes == {"birth_date": "1990-05-17"}
