"""Logins while sessions are ended: what began before is never there afterwards."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pyotp
import pytest
import sqlalchemy as sa

from idp_core.db.engine import reading, writing
from idp_core.login import remembered
from idp_core.login.factors.totp import store as totp
from idp_core.passwords import store as passwords
from idp_core.sessions import store as sessions
from idp_core.site.config import LoginSettings
from idp_core.tickets.tables import ticket
from idp_core.web.app import make_app
from tests.idp_core.people import log_in
from tests.idp_core.web.browser import ORIGIN, Browser

SESSION = "__Host-isthmus-session"


class Remembering:
    """Ann with an app, where browsers are remembered for a month."""

    def __init__(self, world):
        self.world, self.site = world, world.site
        login = LoginSettings(remember_days=30)
        config = self.site.config.model_copy(update={"login": login})
        self.app = make_app(replace(self.site, config=config), threads=False)
        self.account, self.secret = world.account.id, totp.new_secret()
        with writing(self.site.engine) as conn:
            totp.put(conn, self.site.sealer, self.account, self.secret, 0, self.site.clock())

    def code(self):
        self.site.clock.wait(minutes=1)
        return pyotp.TOTP(self.secret).at(self.site.clock())

    def at_the_step(self):
        browser = Browser(self.app)
        return browser, browser.follow(log_in(browser))

    def browser(self):
        """A browser that is remembered, with nobody logged in."""
        browser, page = self.at_the_step()
        browser.submit(page, code=self.code(), remember="1")
        del browser.cookies[SESSION]
        return browser

    def is_spared(self, browser):
        browser.cookies.pop(SESSION, None)
        return log_in(browser).location == "/account"

    def tickets(self):
        query = sa.select(sa.func.count()).where(
            ticket.c.purpose == sessions.REMEMBERED, ticket.c.used_at.is_(None)
        )
        with reading(self.site.engine) as conn:
            return conn.scalar(query)

    def end_all(self):
        with writing(self.site.engine) as conn:
            sessions.end_all(conn, self.account, self.site.clock(), "revoked")

    def live(self):
        with reading(self.site.engine) as conn:
            return sessions.of_account(conn, self.account, self.site.clock(), self.site.limits)


@pytest.fixture
def ann(world):
    return Remembering(world)


def test_one_of_eight_steps_remembers_its_browser(ann, world, rounds):
    for _ in rounds:
        world.hour_passes()
        ann.end_all()
        browser, page = ann.at_the_step()
        code = ann.code()

        def enter(page=page, code=code, browser=browser):
            mine = world.twin(browser, ann.app)
            return mine.submit(page, code=code, remember="1"), mine

        got = world.at_once(enter)
        won = [mine for answer, mine in got if answer.location == "/account"]
        assert len(won) == ann.tickets() == 1
        assert ann.is_spared(won[0])


def test_after_signing_out_everywhere_no_login_that_was_spared_a_step_is_left(ann, world, rounds):
    for _ in rounds:
        world.hour_passes()
        browser = ann.browser()

        def enter(browser=browser):
            return log_in(world.twin(browser, ann.app))

        world.at_once(ann.end_all, *[enter] * 7)
        assert [each for each in ann.live() if each.acr != "urn:isthmus:acr:2"] == []
        assert not ann.is_spared(browser)
        ann.end_all()


def test_a_browser_that_is_remembered_while_the_app_is_changed_is_spared_nothing_after(
    ann, world, rounds
):
    for _ in rounds:
        world.hour_passes()
        browser, page = ann.at_the_step()
        code = ann.code()

        def enter(page=page, code=code, browser=browser):
            mine = world.twin(browser, ann.app)
            mine.submit(page, code=code, remember="1")
            return mine

        def change():
            with writing(ann.site.engine) as conn:
                remembered.forget(conn, ann.site, ann.account)

        got = world.at_once(change, *[enter] * 7)
        assert not any(ann.is_spared(mine) for mine in got if mine is not None)


def test_no_login_with_the_old_password_is_left_after_there_is_a_new_one(world, rounds):
    site, account = world.site, world.account.id
    new = site.hasher.hash("a phrase nobody knows")
    with reading(site.engine) as conn:
        old = passwords.get(conn, account)

    def renew():
        with writing(site.engine) as conn:
            passwords.put(conn, account, new, site.clock())
            sessions.end_all(conn, account, site.clock(), "recovered")

    for _ in rounds:
        world.hour_passes()
        world.at_once(renew, *[lambda: log_in(Browser(world.app))] * 7)
        with reading(site.engine) as conn:
            left = sessions.of_account(conn, account, site.clock(), site.limits)
        assert not left
        with writing(site.engine) as conn:
            passwords.put(conn, account, old, site.clock())


def test_a_login_between_two_steps_ends_with_the_sessions(ann):
    browser, page = ann.at_the_step()
    ann.end_all()
    assert browser.submit(page, code=ann.code()).location == "/login"
    assert SESSION not in browser.cookies


def test_of_changes_to_an_account_none_is_made_by_a_session_that_has_ended(world, rounds):
    """Eight sessions sign all others out at once: one is left, and never none."""
    site, account, eight = world.site, world.account.id, world.eight()

    def end_others(each):
        return each.post("/account/sessions/end-all", {"csrf": each.csrf}, origin=ORIGIN)

    for _ in rounds:
        world.logged_in(eight)
        works = [partial(end_others, each) for each in eight]
        assert {got.status for got in world.at_once(*works)} == {303}
        with reading(site.engine) as conn:
            left = sessions.of_account(conn, account, site.clock(), site.limits)
        assert len(left) == 1
        with writing(site.engine) as conn:
            sessions.end_all(conn, account, site.clock(), "next round")
