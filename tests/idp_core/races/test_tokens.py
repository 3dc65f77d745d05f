"""Codes and tokens sent eight times at once: one wins, every time, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from idp_core.db.engine import writing
from idp_core.oidc.device import store as devices
from idp_core.oidc.token.code import challenge_of
from idp_core.tickets import store as tickets
from tests.idp_core.oidc.relying import REDIRECT, VERIFIER
from tests.idp_core.races.world import AT_ONCE, one_winner
from tests.idp_core.web.browser import Browser

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


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


def begun(site, grant):
    """The code of a device that waits to be let in, and its request."""
    with writing(site.engine) as conn:
        code, typed = devices.start(conn, b"k", "rp", grant.scope, (), site.clock())
        return code, devices.by_user_code(conn, b"k", typed, site.clock())


def test_one_of_eight_gets_tokens_for_a_device_code(world, rounds):
    site = world.site
    for _ in rounds:
        grant = world.grant()
        code, waiting = begun(site, grant)
        with writing(site.engine) as conn:
            assert devices.decide(conn, waiting, grant.id, site.clock())
        got = world.at_once(lambda code=code: world.token(grant_type=DEVICE, device_code=code))
        one_winner(got)
        assert not world.lives(grant)


def test_one_of_eight_decides_on_a_device(world, rounds):
    site = world.site
    for _ in rounds:
        grant = world.grant()
        _, waiting = begun(site, grant)

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
