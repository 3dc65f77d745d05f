"""What is done with passkeys: Ann and hers, made in self-care and used for a login."""

import pytest

from idp_core.audit import log as audit
from idp_core.db.engine import reading
from tests.idp_core.authenticator import Authenticator
from tests.idp_core.people import letters, log_in, make_account

ROOM = "/account/security/passkeys"


@pytest.fixture
def ann(site):
    return make_account(site)


@pytest.fixture
def key(browser, site, ann):
    """Ann's passkey; she is logged out again."""
    log_in(browser)
    made = Authenticator()
    assert add(browser, made).status == 303
    browser.submit(browser.get("/account"), form="/signout")
    letters(site)
    return made


def proof(browser):
    """The hidden field of a form of this browser."""
    page = browser.get("/login")
    page = browser.get("/account") if page.status != 200 else page
    return next(form.fields["csrf"] for form in page.forms if "csrf" in form.fields)


def challenge(browser, path="/login/passkey"):
    got = browser.post(path, {"csrf": proof(browser)}, origin=browser.origin)
    assert got.status == 200, got.text
    return got.json


def add(browser, authenticator, name="My phone"):
    page = browser.get(ROOM)
    asked = challenge(browser, f"{ROOM}/options")
    return browser.submit(page, form=ROOM, response=authenticator.make(asked), name=name)


def enter(browser, response, **more):
    fields = {"csrf": proof(browser), "factor": "passkey", "response": response}
    return browser.post("/login", fields | more, origin=browser.origin)


def use(browser, authenticator, **changes):
    return enter(browser, authenticator.sign(challenge(browser), **changes))


def kinds(site, account):
    with reading(site.engine) as conn:
        return [(entry.kind, entry.outcome) for entry in audit.of_account(conn, account.id, 20)]
