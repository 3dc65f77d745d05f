import pytest

from idp_core.accounts import store as accounts
from idp_core.accounts.store import TakenError
from idp_core.db.engine import reading, writing
from idp_core.login.registration.invitation import invite
from idp_core.site.config import RegistrationSettings, ServeConfig
from tests.idp_core.people import EMAIL, letters, link_in, make_account
from tests.idp_core.web.browser import ORIGIN, Browser

NEW = "a phrase nobody knows"


@pytest.fixture
def config():
    return ServeConfig(issuer=ORIGIN, registration=RegistrationSettings(open=False))


def invited(site, **attributes):
    with writing(site.engine) as conn:
        invite(conn, site, EMAIL, attributes, "de", "admin:bob")
    (letter,) = letters(site)
    return letter


def test_who_is_invited_finishes_the_account_though_nobody_may_register(browser, site):
    letter = invited(site, given_name="Ann")
    assert "eingeladen" in letter.subject
    page = browser.get(link_in(letter))
    assert page.forms[0].fields["given_name"] == "Ann"
    assert browser.submit(page, family_name="Lee", password=NEW).location == "/account"
    with reading(site.engine) as conn:
        made = accounts.by_email(conn, EMAIL)
    assert made.attributes == {"given_name": "Ann", "family_name": "Lee"}
    assert made.language == "de"
    assert browser.get("/register").status == 404


def test_an_invitation_works_once_and_seven_days(browser, app, site, clock):
    link = link_in(invited(site))
    page = browser.get(link)
    assert browser.submit(page, password=NEW).status == 303
    assert Browser(app).get(link).status == 400


def test_an_invitation_that_waited_too_long_is_over(browser, site, clock):
    link = link_in(invited(site))
    clock.wait(days=7, seconds=1)
    assert browser.get(link).status == 400


def test_a_registration_of_before_is_over_when_registration_was_closed(app, site, clock):
    """Only an invitation is one: the ticket of a registration is not."""
    from idp_core.tickets import store as tickets

    data = {"email": EMAIL, "to": "/account", "language": "en"}
    with writing(site.engine) as conn:
        until = clock().replace(hour=23)
        token = tickets.issue(conn, site.sealer, "registration", data, until)
    assert Browser(app).get(f"/register/confirm?ticket={token}").status == 400


def test_who_has_an_account_is_not_invited(site):
    make_account(site)
    with pytest.raises(TakenError):
        invited(site)
