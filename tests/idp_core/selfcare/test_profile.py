"""The rooms of what an account says: names, address, and leaving."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from idp_core.accounts import store as accounts
from idp_core.audit import log as audit
from idp_core.db.engine import reading, writing
from idp_core.db.metadata import metadata
from idp_core.events import outbox
from idp_core.login import leaving
from idp_core.profiles import store as profiles
from idp_core.tickets import store as tickets
from tests.idp_core.people import EMAIL, PASSWORD, letters, link_in, log_in, make_account
from tests.idp_core.web.browser import Browser

NEW = "ann.new@example.org"


@pytest.fixture
def ann(site, browser):
    made = make_account(site, given_name="Ann", family_name="Lee", nickname="Annie")
    log_in(browser)
    return made


def now_is(site, account):
    with reading(site.engine) as conn:
        return accounts.by_id(conn, account.id)


def noted(site, account):
    with reading(site.engine) as conn:
        return [entry.kind for entry in audit.of_account(conn, account.id, 50)]


class TestNames:
    def test_names_are_shown_changed_and_told_to_the_profile(self, browser, site, ann):
        page = browser.get("/account/profile")
        assert page.forms[0].fields["given_name"] == "Ann"
        got = browser.submit(page, given_name="Anna ", family_name="")
        assert "That is kept." in browser.follow(got).words
        changed = now_is(site, ann)
        assert changed.attributes == {"given_name": "Anna", "nickname": "Annie"}
        with reading(site.engine) as conn:
            (record,) = profiles.read_source_profiles(conn)
        assert record.attributes["given_name"] == "Anna"
        assert "profile.changed" in noted(site, ann)

    def test_what_cannot_be_taken_changes_nothing_and_stays_in_the_form(self, browser, site, ann):
        got = browser.submit(browser.get("/account/profile"), given_name="see www.evil.example")
        assert got.status == 400
        assert got.forms[0].fields["given_name"] == "see www.evil.example"
        assert now_is(site, ann).attributes["given_name"] == "Ann"

    def test_keeping_what_is_there_is_no_change(self, browser, site, ann):
        browser.submit(browser.get("/account/profile"))
        assert "profile.changed" not in noted(site, ann)

    def test_nobody_is_changed_without_a_login_or_the_proof_of_the_page(self, app, browser, ann):
        assert Browser(app).get("/account/profile").location.startswith("/login")
        assert browser.post("/account/profile", {"given_name": "Eve"}).status == 403


def ask(browser, address=NEW):
    return browser.submit(browser.get("/account/address"), email=address)


class TestAddress:
    def test_a_new_address_is_proven_by_its_mail_and_the_old_one_hears_of_it(
        self, browser, app, site, ann
    ):
        assert "We sent a mail" in browser.follow(ask(browser)).words
        (letter,) = letters(site)
        assert letter.to == NEW
        assert now_is(site, ann).email == EMAIL
        page = browser.get(link_in(letter))
        assert now_is(site, ann).email == EMAIL  # looking at it changes nothing
        assert "was changed" in browser.follow(browser.submit(page)).words
        assert now_is(site, ann).email == NEW
        (told,) = letters(site)
        assert told.to == EMAIL
        assert log_in(Browser(app), NEW).location == "/account"
        assert log_in(Browser(app), EMAIL).status != 303
        with reading(site.engine) as conn:
            (record,) = profiles.read_source_profiles(conn)
        assert record.attributes["emails"][0]["value"] == NEW

    def test_the_link_is_worth_nothing_without_the_login_or_in_somebody_elses(
        self, browser, app, site, ann
    ):
        ask(browser)
        link = link_in(letters(site)[0])
        assert Browser(app).get(link).location.startswith("/login")
        make_account(site, "eve@example.org")
        eve = Browser(app)
        log_in(eve, "eve@example.org")
        assert eve.get(link).status == 400
        fields = {**browser.get(link).forms[0].fields, **_proof(eve)}
        assert eve.post("/account/address/confirm", fields, origin=eve.origin).status == 400
        assert now_is(site, ann).email == EMAIL

    def test_an_address_with_an_account_is_told_by_mail_alone(self, browser, site, ann):
        make_account(site, NEW)
        assert "We sent a mail" in browser.follow(ask(browser)).words
        (letter,) = letters(site)
        assert letter.to == NEW
        assert "/account/address/confirm" not in letter.text

    def test_an_address_that_got_an_account_meanwhile_is_not_taken(self, browser, site, ann):
        ask(browser)
        page = browser.get(link_in(letters(site)[0]))
        make_account(site, NEW)
        assert browser.submit(page).status == 400
        assert now_is(site, ann).email == EMAIL

    def test_a_link_works_once_and_two_hours_and_the_newest_alone(self, browser, site, ann, clock):
        ask(browser)
        first = link_in(letters(site)[0])
        ask(browser, "ann.newer@example.org")
        second = link_in(letters(site)[0])
        assert browser.get(first).status == 400
        page = browser.get(second)
        assert browser.submit(page).status == 303
        assert browser.submit(page).status == 400
        ask(browser)
        third = link_in(next(each for each in letters(site) if each.to == NEW))
        clock.wait(minutes=119)
        log_in(browser, "ann.newer@example.org")
        assert browser.get(third).status == 200
        clock.wait(minutes=2)
        assert browser.get(third).status == 400

    def test_recovery_that_was_mailed_to_the_old_address_is_over(self, browser, app, site, ann):
        other = Browser(app)
        other.submit(other.get("/recover"), email=EMAIL)
        reset = link_in(letters(site)[0])
        ask(browser)
        browser.submit(browser.get(link_in(letters(site)[0])))
        assert "works no more" in other.get(reset).words

    def test_a_login_of_long_ago_is_asked_for_again(self, browser, ann, clock):
        clock.wait(minutes=11)
        assert browser.get("/account/address").location.startswith("/login?again=1")

    def test_a_wrong_address_is_told(self, browser, site, ann):
        assert ask(browser, "nowhere").status == 400
        assert letters(site) == []


class TestLeaving:
    def leave(self, browser, address=EMAIL):
        return browser.submit(browser.get("/account/leave"), address=address)

    def test_an_account_is_gone_with_its_sessions_and_its_record(self, browser, app, site, ann):
        second = Browser(app)
        log_in(second)
        got = self.leave(browser, " Ann@Example.org ")
        assert "was deleted" in browser.follow(got).words
        assert now_is(site, ann) is None
        assert second.get("/account").location.startswith("/login")
        assert log_in(Browser(app)).status != 303
        with reading(site.engine) as conn:
            (record,) = profiles.read_source_profiles(conn)
        assert (record.deleted, dict(record.attributes)) == (True, {})
        (letter,) = letters(site)
        assert letter.to == EMAIL
        assert "account.deleted" in noted(site, ann)

    def test_the_address_has_to_be_typed(self, browser, site, ann):
        assert self.leave(browser, "other@example.org").status == 400
        assert now_is(site, ann) is not None

    def test_it_wants_a_fresh_login_and_the_proof_of_the_page(self, browser, site, ann, clock):
        assert browser.post("/account/leave", {"address": EMAIL}).status == 403
        page = browser.get("/account/leave")
        clock.wait(minutes=11)
        assert browser.get("/account/leave").location.startswith("/login?again=1")
        assert browser.submit(page, address=EMAIL).location.startswith("/login?again=1")
        assert now_is(site, ann) is not None

    def test_the_address_is_free_again(self, browser, app, site, ann):
        self.leave(browser)
        letters(site)
        other = Browser(app)
        other.submit(other.get("/register"), email=EMAIL)
        page = other.get(link_in(letters(site)[0]))
        assert other.submit(page, password=PASSWORD).status == 303

    def test_what_was_done_stays_in_the_audit_log_and_its_chain_holds(self, browser, site, ann):
        self.leave(browser)
        with reading(site.engine) as conn:
            assert audit.verify(conn, site.secrets.audit).broken_at is None
        assert {"login", "account.deleted"} <= set(noted(site, ann))

    def test_the_bus_hears_of_it(self, browser, site, ann):
        self.leave(browser)
        with writing(site.engine) as conn:
            told = [each.event.type for each in outbox.claim(conn)]
        assert "account.deleted" in told


def test_every_table_that_stays_is_one():
    assert set(metadata.tables) >= leaving.STAYS


def test_nothing_that_lets_somebody_log_in_is_left_of_an_account(site, ann, clock):
    """Whatever table a factor brings: it is found by its column."""
    until = clock() + timedelta(days=1)
    with writing(site.engine) as conn:
        tickets.issue(conn, site.sealer, "recovery", {}, until, account=ann.id)
        leaving.remove(conn, ann, clock())
    with reading(site.engine) as conn:
        left = {
            table.name
            for table in metadata.sorted_tables
            if "account" in table.c
            and conn.execute(sa.select(table).where(table.c.account == ann.id)).first()
        }
    assert left <= leaving.STAYS


def _proof(browser):
    page = browser.get("/account")
    return {"csrf": page.forms[0].fields["csrf"]}
