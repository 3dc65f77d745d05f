"""The same one-time thing sent eight times at once: one wins, every time, on both databases.

A few rounds here; ``pytest -m slow`` does a thousand of each.
"""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from webauthn.helpers import bytes_to_base64url

from idp_core.consents import store as consents
from idp_core.db.engine import make_engine, reading, writing
from idp_core.login.factors.passkey import store as passkeys
from idp_core.login.factors.passkey.store import Passkey
from idp_core.login.factors.sms import store as sms
from idp_core.oidc.device import store as devices
from idp_core.oidc.grants import store as grants
from idp_core.oidc.grants.store import Grant
from idp_core.oidc.token.code import challenge_of
from idp_core.passwords.hashing import Hasher
from idp_core.site.config import LoginSettings
from idp_core.throttle.tables import tries
from idp_core.tickets import store as tickets
from idp_core.web.app import make_app
from tests.idp_core.authenticator import Authenticator
from tests.idp_core.oidc.relying import API, REDIRECT, VERIFIER, RelyingParty, answer, register
from tests.idp_core.people import EMAIL, letters, link_in, log_in, make_account
from tests.idp_core.web.browser import ORIGIN, Browser

AT_ONCE = 8
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture(
    params=[12, pytest.param(1000, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]
)
def rounds(request):
    return range(request.param)


class World:
    """A provider with an account and a client, and eight who act at once."""

    def __init__(self, site):
        self.site = replace(site, hasher=Hasher(1, 8))
        self.app = make_app(self.site, threads=False)
        self.account = make_account(self.site)
        self.secret = register(self.site, auth="client_secret_post")
        self.pool = ThreadPoolExecutor(AT_ONCE)

    def at_once(self, *works):
        """Do these, or one of them eight times, beginning together; return what each gave."""
        barrier = threading.Barrier(AT_ONCE)
        each = works if len(works) > 1 else works * AT_ONCE

        def run(work):
            barrier.wait()
            return work()

        return list(self.pool.map(run, each))

    def grant(self, scope=("openid", "offline_access")):
        now = self.site.clock()
        made = Grant(
            grants.new_id(), "rp", self.account.id, None, scope, (API,), {}, None, now,
            "urn:isthmus:acr:1", ("pwd",),
        )  # fmt: skip
        with writing(self.site.engine) as conn:
            grants.start(conn, made, now)
        return made

    def issue(self, kind, grant, **more):
        until = self.site.clock() + timedelta(minutes=5)
        with writing(self.site.engine) as conn:
            return grants.issue(conn, kind, grant.id, until, **more)

    def token(self, **form):
        said = {"client_id": "rp", "client_secret": self.secret, **form}
        return Browser(self.app).post("/token", said)

    def refresh(self, token):
        return self.token(grant_type="refresh_token", refresh_token=token)

    def lives(self, grant):
        with reading(self.site.engine) as conn:
            return grants.lives(conn, grant.id)

    def userinfo(self, tokens):
        bearer = {"authorization": f"Bearer {tokens['access_token']}"}
        return Browser(self.app).get("/userinfo", bearer).status


@pytest.fixture
def world(site_on):
    # Eight connections of their own, as eight workers would have.
    url = site_on.engine.url.render_as_string(hide_password=False)
    engine = make_engine(url, pool_size=AT_ONCE + 2)
    made = World(replace(site_on, engine=engine))
    yield made
    made.pool.shutdown()
    engine.dispose()


def one_winner(results):
    won = [got for got in results if got.status == 200]
    assert len(won) == 1, [got.status for got in results]
    assert {got.status for got in results} == {200, 400}
    return won[0].json


def test_one_of_eight_gets_tokens_for_a_code_and_the_family_ends(world, rounds):
    for _ in rounds:
        grant = world.grant()
        code = world.issue("code", grant, redirect_uri=REDIRECT, challenge=challenge_of(VERIFIER))
        form = {"code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
        got = world.at_once(lambda form=form: world.token(grant_type="authorization_code", **form))
        won = one_winner(got)
        assert not world.lives(grant)
        assert world.userinfo(won) == 401
        assert world.refresh(won["refresh_token"]).status == 400


def test_one_of_eight_gets_tokens_for_a_refresh_token_and_the_family_ends(world, rounds):
    for _ in rounds:
        grant = world.grant()
        token = world.issue("refresh", grant)
        won = one_winner(world.at_once(lambda token=token: world.refresh(token)))
        assert not world.lives(grant)
        assert world.refresh(won["refresh_token"]).status == 400


def test_one_of_eight_gets_tokens_for_a_device_code(world, rounds):
    site = world.site
    for _ in rounds:
        grant = world.grant()
        with writing(site.engine) as conn:
            code, typed = devices.start(conn, b"k", "rp", grant.scope, (), site.clock())
            waiting = devices.by_user_code(conn, b"k", typed, site.clock())
            assert devices.decide(conn, waiting, grant.id, site.clock())
        got = world.at_once(lambda code=code: world.token(grant_type=DEVICE, device_code=code))
        one_winner(got)
        assert not world.lives(grant)


def test_one_of_eight_decides_on_a_device(world, rounds):
    site = world.site
    for _ in rounds:
        grant = world.grant()
        with writing(site.engine) as conn:
            _, typed = devices.start(conn, b"k", "rp", grant.scope, (), site.clock())
            waiting = devices.by_user_code(conn, b"k", typed, site.clock())

        def decide(waiting=waiting, grant=grant):
            with writing(site.engine) as conn:
                return devices.decide(conn, waiting, grant.id, site.clock())

        assert sum(world.at_once(decide)) == 1


def test_refresh_against_revoke_leaves_no_token_alive(world, rounds):
    for _ in rounds:
        grant = world.grant()
        token = world.issue("refresh", grant)
        said = {"client_id": "rp", "client_secret": world.secret, "token": token}

        def revoke(said=said):
            return Browser(world.app).post("/revoke", said)

        def refresh(token=token):
            return world.refresh(token)

        got = world.at_once(*([revoke, refresh] * (AT_ONCE // 2)))
        assert not world.lives(grant)
        for tokens in (each.json for each in got if each.json.get("refresh_token")):
            assert world.refresh(tokens["refresh_token"]).status == 400
            assert world.userinfo(tokens) == 401


@pytest.mark.parametrize("purpose", ["recovery", "registration", "login", "magic link"])
def test_one_of_eight_uses_a_ticket(world, rounds, purpose):
    site = world.site
    for _ in rounds:
        with writing(site.engine) as conn:
            until = site.clock() + timedelta(minutes=5)
            token = tickets.issue(conn, site.sealer, purpose, {"a": 1}, until)

        def use(token=token):
            with writing(site.engine) as conn:
                return tickets.use(conn, site.sealer, purpose, token, site.clock())

        assert sum(each is not None for each in world.at_once(use)) == 1


def test_one_of_eight_makes_the_account(world, rounds):
    for number in rounds:
        address = f"new{number}@example.org"
        person = Browser(world.app, peer=f"91.7.{number // 250}.{number % 250}")
        person.submit(person.get("/register"), email=address)
        page = person.get(link_in(letters(world.site)[-1]))

        def make(page=page, cookies=person.cookies):
            mine = Browser(world.app)
            mine.cookies = dict(cookies)
            return mine.submit(page, password="a phrase nobody knows")

        results = world.at_once(make)
        assert sorted(got.status for got in results) == [303] + [400] * 7


def test_one_of_eight_sets_the_new_password(world, rounds):
    for number in rounds:
        world.site.clock.wait(hours=1)
        person = Browser(world.app, peer=f"91.8.{number // 250}.{number % 250}")
        person.submit(person.get("/recover"), email=EMAIL)
        link = next(each for each in letters(world.site) if "/recover/reset" in each.text)
        page = person.get(link_in(link))

        def reset(page=page, cookies=person.cookies):
            mine = Browser(world.app)
            mine.cookies = dict(cookies)
            return mine.submit(page, password="a phrase nobody knows")

        results = world.at_once(reset)
        assert sorted(got.status for got in results) == [303] + [400] * 7


def test_eight_consents_at_once_are_eight_versions_and_the_last_holds_all(world, rounds):
    site, account = world.site, world.account.id
    for number in rounds:
        client = f"c{number}"

        def agree(scope, client=client):
            with writing(site.engine) as conn:
                return consents.give(conn, account, client, [scope], "en", site.clock())

        scopes = [f"s{place}" for place in range(AT_ONCE)]
        made = world.at_once(*(partial(agree, scope) for scope in scopes))
        assert sorted(each.version for each in made) == list(range(1, AT_ONCE + 1))
        with reading(site.engine) as conn:
            assert consents.current(conn, account, client).scope == set(scopes)


def test_one_of_eight_is_let_in_by_a_mailed_code(world, rounds):
    login = LoginSettings(first=("password", "mailcode"))
    config = world.site.config.model_copy(update={"login": login})
    site = replace(world.site, config=config)
    app = make_app(site, threads=False)
    for _ in rounds:
        person = Browser(app)
        page = person.submit(person.get("/login/mail"), email=EMAIL)
        page = person.follow(page)
        with writing(site.engine) as conn:  # as if an hour passed between the rounds
            conn.execute(sa.delete(tries))
        told = next(each for each in letters(site) if each.to)
        code = re.search(r"\d{4} \d{4}", told.text)[0]

        def enter(page=page, code=code, cookies=person.cookies):
            mine = Browser(app)
            mine.cookies = dict(cookies)
            return mine.submit(page, code=code)

        results = world.at_once(enter)
        assert sorted(got.status for got in results) == [303] + [400] * 7


def test_one_of_eight_is_let_in_by_a_code_by_text(world, rounds):
    site = world.site
    with writing(site.engine) as conn:
        sms.put(conn, site.sealer, world.account.id, "+4915112345678", site.clock())
    for _ in rounds:
        with writing(site.engine) as conn:  # as if an hour passed between the rounds
            conn.execute(sa.delete(tries))
        person = Browser(world.app)
        page = person.follow(log_in(person))
        page = person.follow(person.submit(page, form="/login/step/sms"))
        code = letters(site)[-1].text.partition(" ")[0]

        def enter(page=page, code=code, cookies=person.cookies):
            mine = Browser(world.app)
            mine.cookies = dict(cookies)
            return mine.submit(page, form="/login/step", code=code)

        # Who comes after the winner's login is over is sent to the beginning.
        results = world.at_once(enter)
        won = [got for got in results if got.location == "/account"]
        assert len(won) == 1, [(got.status, got.location) for got in results]


def test_one_of_eight_is_let_in_by_an_answer_of_a_passkey(world, rounds):
    site, key = world.site, Authenticator(counts=False)
    made = Passkey(
        bytes_to_base64url(key.id), world.account.id, key.public(), 0, "key", site.clock()
    )
    with writing(site.engine) as conn:
        assert passkeys.add(conn, made)
    for _ in rounds:
        with writing(site.engine) as conn:  # as if an hour passed between the rounds
            conn.execute(sa.delete(tries))
        person = Browser(world.app)
        csrf = person.get("/login").forms[0].fields["csrf"]
        asked = person.post("/login/passkey", {"csrf": csrf}, origin=ORIGIN).json
        form = {"csrf": csrf, "factor": "passkey", "response": key.sign(asked)}

        def enter(form=form, cookies=person.cookies):
            mine = Browser(world.app)
            mine.cookies = dict(cookies)
            return mine.post("/login", form, origin=ORIGIN)

        results = world.at_once(enter)
        assert sorted(got.status for got in results) == [303] + [400] * 7


def _shy(site):
    """A client that people are asked about; its secret."""
    return register(site, id="shy", first_party=False, auth="client_secret_post")


def test_of_what_is_granted_while_a_consent_is_taken_back_nothing_lives(world, rounds):
    site, secret = world.site, _shy(world.site)
    rp = RelyingParty(world.app, Browser(world.app), secret, "shy")
    allowed = rp.browser.follow(rp.browser.submit(rp.log_in(rp.authorize()), press="allow"))
    assert "code" in answer(allowed)
    room = rp.browser.get("/account/applications")
    for _ in rounds:
        with writing(site.engine) as conn:
            consents.give(conn, world.account.id, "shy", ["openid", "email"], "en", site.clock())

        def mine():
            other = Browser(world.app)
            other.cookies = dict(rp.browser.cookies)
            return RelyingParty(world.app, other, secret, "shy")

        def end(mine=mine):
            mine().browser.submit(room, form="/account/applications/end")

        got = world.at_once(end, *[lambda mine=mine: mine().authorize()] * (AT_ONCE - 1))
        codes = [back.query["code"] for back in got if back and "code" in back.query]
        assert {rp.exchange(code).status for code in codes} <= {400}
        with reading(site.engine) as conn:
            assert consents.current(conn, world.account.id, "shy") is None
            assert grants.lasting(conn, world.account.id, site.clock()) == []
