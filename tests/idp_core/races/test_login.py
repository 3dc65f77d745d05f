"""A proof sent eight times at once: one wins, every time, on both databases."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

import pyotp
import pytest
from webauthn.helpers import bytes_to_base64url

from idp_core.db.engine import writing
from idp_core.login.factors.passkey import store as passkeys
from idp_core.login.factors.passkey.store import Passkey
from idp_core.login.factors.recoverycode import store as recovery
from idp_core.login.factors.sms import store as sms
from idp_core.login.factors.totp import store as totp
from idp_core.site.config import LoginSettings
from idp_core.web.app import make_app
from tests.idp_core.authenticator import Authenticator
from tests.idp_core.people import EMAIL, letters, link_in, log_in
from tests.idp_core.web.browser import ORIGIN, Browser


@pytest.fixture
def by_mail(world):
    """The application where people may log in by mail."""
    login = LoginSettings(first=("password", "mailcode"))
    config = world.site.config.model_copy(update={"login": login})
    return make_app(replace(world.site, config=config), threads=False)


def asked_for_mail(world, app):
    """A browser that asked for a mail, the page it is at, and the mail."""
    world.hour_passes()
    person = Browser(app)
    page = person.follow(person.submit(person.get("/login/mail"), email=EMAIL))
    return person, page, next(each for each in letters(world.site) if each.to)


def won_a_step(results):
    """One is logged in; who comes after that login is over is sent to the beginning."""
    won = [got for got in results if got.location == "/account"]
    assert len(won) == 1, [(got.status, got.location) for got in results]


def test_one_of_eight_is_let_in_by_a_mailed_code(world, by_mail, rounds):
    for _ in rounds:
        person, page, told = asked_for_mail(world, by_mail)
        code = re.search(r"\d{4} \d{4}", told.text)[0]

        def enter(page=page, code=code, person=person):
            return world.twin(person, by_mail).submit(page, code=code)

        results = world.at_once(enter)
        assert sorted(got.status for got in results) == [303] + [400] * 7


def test_one_of_eight_is_let_in_by_the_link_of_a_mail(world, by_mail, rounds):
    """Each comes by the link and sends what it filled in."""
    for _ in rounds:
        person, _page, told = asked_for_mail(world, by_mail)
        link = link_in(told)

        def come(link=link, person=person):
            mine = world.twin(person, by_mail)
            page = mine.get(link)
            return mine.submit(page) if page.forms and "code" in page.forms[0].fields else page

        results = world.at_once(come)
        won = [got for got in results if got.location == "/account"]
        # Who opens the link when it was used already is shown no form.
        assert len(won) == 1, [(got.status, got.location) for got in results]
        assert {got.status for got in results} <= {303, 400, 200}


def test_one_of_eight_is_let_in_by_a_code_by_text(world, rounds):
    site = world.site
    with writing(site.engine) as conn:
        sms.put(conn, site.sealer, world.account.id, "+4915112345678", site.clock())
    for _ in rounds:
        world.hour_passes()
        person = Browser(world.app)
        page = person.follow(log_in(person))
        page = person.follow(person.submit(page, form="/login/step/sms"))
        code = letters(site)[-1].text.partition(" ")[0]

        def enter(page=page, code=code, person=person):
            return world.twin(person).submit(page, form="/login/step", code=code)

        won_a_step(world.at_once(enter))


@pytest.fixture
def secret(world):
    made = totp.new_secret()
    with writing(world.site.engine) as conn:
        totp.put(conn, world.site.sealer, world.account.id, made, 0, world.site.clock())
    return made


def enter_at_once(world, eight, factor, code):
    """Each of eight browsers has proven the password, so that the code alone decides."""
    world.hour_passes()
    world.half_way(eight)

    def enter(each):
        form = {"csrf": each.csrf, "factor": factor, "code": code}
        return each.post("/login/step", form, origin=ORIGIN)

    won_a_step(world.at_once(*(partial(enter, each) for each in eight)))


def test_one_of_eight_is_let_in_by_a_code_of_the_app(world, secret, rounds):
    eight = world.eight()
    for _ in rounds:
        world.site.clock.wait(minutes=1)
        enter_at_once(world, eight, "totp", pyotp.TOTP(secret).at(world.site.clock()))


def test_one_of_eight_is_let_in_by_a_recovery_code(world, secret, rounds):
    eight, left = world.eight(), []
    for _ in rounds:
        if not left:
            with writing(world.site.engine) as conn:
                key = world.site.secrets.codes
                left = list(recovery.renew(conn, key, world.account.id))
        enter_at_once(world, eight, "recoverycode", left.pop())


def test_one_of_eight_is_let_in_by_an_answer_of_a_passkey(world, rounds):
    site, key = world.site, Authenticator(counts=False)
    made = Passkey(
        bytes_to_base64url(key.id), world.account.id, key.public(), 0, "key", site.clock()
    )
    with writing(site.engine) as conn:
        assert passkeys.add(conn, made)
    for _ in rounds:
        world.hour_passes()
        person = Browser(world.app)
        csrf = person.get("/login").forms[0].fields["csrf"]
        asked = person.post("/login/passkey", {"csrf": csrf}, origin=ORIGIN).json
        form = {"csrf": csrf, "factor": "passkey", "response": key.sign(asked)}

        def enter(form=form, person=person):
            return world.twin(person).post("/login", form, origin=ORIGIN)

        results = world.at_once(enter)
        assert sorted(got.status for got in results) == [303] + [400] * 7
