"""Consents given and taken back at once, on both databases."""

from __future__ import annotations

from functools import partial

from idp_core.consents import store as consents
from idp_core.db.engine import reading, writing
from idp_core.oidc.grants import store as grants
from tests.idp_core.oidc.relying import RelyingParty, answer, register
from tests.idp_core.races.world import AT_ONCE
from tests.idp_core.web.browser import Browser


def test_eight_consents_at_once_are_eight_versions_and_the_last_holds_all(world, rounds):
    site, account = world.site, world.account.id
    for number in rounds:
        client = f"c{number}"

        def agree(scope, client=client):
            with writing(site.engine) as conn:
                return consents.give(conn, account, client, {scope: []}, "en", site.clock())

        scopes = [f"s{place}" for place in range(AT_ONCE)]
        made = world.at_once(*(partial(agree, scope) for scope in scopes))
        assert sorted(each.version for each in made) == list(range(1, AT_ONCE + 1))
        with reading(site.engine) as conn:
            assert consents.current(conn, account, client).scope == set(scopes)


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
            wanted = site.claims.standing(["openid", "email"], "shy")
            consents.give(conn, world.account.id, "shy", wanted, "en", site.clock())

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
