"""Enumeration by time: the same work is done for an address with an account and one without.

Work is counted, not timed: statements by their text, and hashings with their cost.
"""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from idp_core.accounts import store as accounts
from idp_core.db.engine import writing
from idp_core.passwords.hashing import Hasher
from idp_core.site.config import LoginSettings, ServeConfig
from tests.idp_core.people import EMAIL, log_in, make_account
from tests.idp_core.web.browser import ORIGIN, Browser


@pytest.fixture
def config():
    return ServeConfig(issuer=ORIGIN, login=LoginSettings(first=("password", "mailcode")))


@pytest.fixture
def work(site, monkeypatch):
    """What was done since the list was last emptied."""
    done = []

    def on_execute(conn, cursor, statement, *_):
        done.append(statement)

    sa.event.listen(site.engine, "before_cursor_execute", on_execute)
    real = Hasher._same

    def counted(self, normal, known):
        done.append("hash " + known.split("$")[3])
        return real(self, normal, known)

    monkeypatch.setattr(Hasher, "_same", counted)
    yield done
    sa.event.remove(site.engine, "before_cursor_execute", on_execute)


def wrong_login(browser, email):
    return log_in(browser, email=email, password="wrong")


def recover(browser, email):
    return browser.submit(browser.get("/recover"), email=email)


def register(browser, email):
    return browser.submit(browser.get("/register"), email=email)


def mail_code(browser, email):
    return browser.follow(browser.submit(browser.get("/login/mail"), email=email))


def wrong_code(browser, email):
    return browser.submit(mail_code(browser, email), code="0000 0000")


@pytest.mark.parametrize("act", [wrong_login, recover, register, mail_code, wrong_code])
def test_an_address_without_an_account_makes_as_much_work(app, site, work, act):
    make_account(site, hashed=site.hasher.hash("a phrase"))
    blocked = make_account(site, "bob@example.org", hashed=site.hasher.hash("a phrase"))
    with writing(site.engine) as conn:
        accounts.block(conn, blocked.id, site.clock(), "fraud")
    wrong_login(Browser(app), "warm@example.org")
    seen = {}
    for address in (EMAIL, "no@example.org", "bob@example.org"):
        work.clear()
        act(Browser(app, peer=f"91.6.6.{len(seen)}"), address)
        seen[address] = list(work)
    assert seen[EMAIL]
    assert seen[EMAIL] == seen["no@example.org"] == seen["bob@example.org"]
