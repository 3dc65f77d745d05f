"""People of tests: an account with a password, made as the pages make it."""

from __future__ import annotations

import re

from idp_core.accounts import store as accounts
from idp_core.db.engine import writing
from idp_core.mail import queue
from idp_core.passwords import store as passwords
from idp_core.passwords.hashing import Hasher

EMAIL = "ann@example.org"
PASSWORD = "correct horse battery"
CHEAP = Hasher(1, 8)
"""Of a cost that no installation is allowed."""
_HASH = CHEAP.hash(PASSWORD)


def make_account(site, email=EMAIL, hashed=None, **attributes):
    """An account; its hash is cheap, unless one is given."""
    with writing(site.engine) as conn:
        made = accounts.create(conn, email, attributes, site.clock())
        passwords.put(conn, made.id, hashed or _HASH, site.clock())
    return made


def letters(site):
    """Take all mails that wait out of the queue."""
    with writing(site.engine) as conn:
        waiting = queue.claim(conn, site.sealer, site.clock(), 1000)
        queue.done(conn, [each.id for each in waiting])
    return [each.letter for each in waiting]


def link_in(letter):
    """The path of the link in a mail."""
    return re.search(r"https://login\.example\.com(/\S*)", letter.text)[1]


def log_in(browser, email=EMAIL, password=PASSWORD, to="/account"):
    page = browser.get("/login", **{"continue": to})
    return browser.submit(page, email=email, password=password)
