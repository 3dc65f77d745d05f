"""Passkeys: used as a whole login or as a step, and attacked."""

import copy
import json

import pytest

from idp_core.db.engine import reading, writing
from idp_core.login.factors.totp import store as totp
from idp_core.sessions import store as sessions
from idp_core.site.config import LoginSettings, ServeConfig
from tests.idp_core.authenticator import Authenticator
from tests.idp_core.login.passkeys import ROOM, add, ann, challenge, enter, key, kinds, proof, use
from tests.idp_core.people import EMAIL, letters, log_in, make_account
from tests.idp_core.web.browser import ORIGIN, Browser

__all__ = ["ann", "key"]


class TestUse:
    def test_a_passkey_is_a_whole_login_of_the_highest_level(self, app, site, ann, key):
        browser = Browser(app)
        assert use(browser, key).location == "/account"
        assert browser.get("/account").status == 200
        with reading(site.engine) as conn:
            session = max(
                sessions.of_account(conn, ann.id, site.clock(), site.limits),
                key=lambda each: each.created_at,
            )
        assert session.acr == "urn:isthmus:acr:3"
        assert set(session.amr) == {"hwk", "user", "mfa"}

    def test_one_that_does_not_count_is_used_again_and_again(self, app, browser, ann):
        log_in(browser)
        quiet = Authenticator(counts=False)
        add(browser, quiet)
        assert [use(Browser(app), quiet).status for _ in range(3)] == [303] * 3

    def test_a_password_is_enough_still_and_a_passkey_may_follow_it(self, app, site, ann, key):
        """A new passkey locks nobody out of a computer that has none."""
        assert log_in(Browser(app)).location == "/account"
        with writing(site.engine) as conn:
            totp.put(conn, site.sealer, ann.id, totp.new_secret(), 0, site.clock())
        browser = Browser(app)
        assert log_in(browser).location == "/login/step"
        page = browser.get("/login/step")
        asked = challenge(browser, "/login/step/passkey")
        (allowed,) = asked["allowCredentials"]
        assert allowed["id"] == json.loads(key.sign(asked))["id"]
        fields = {"csrf": page.forms[0].fields["csrf"], "factor": "passkey"}
        answer = {**fields, "response": key.sign(asked)}
        assert browser.post("/login/step", answer, origin=ORIGIN).location == "/account"

    def test_its_challenge_names_no_account(self, browser, ann):
        assert challenge(browser)["allowCredentials"] == []


class TestAttacks:
    def test_an_answer_made_for_another_site_is_refused(self, app, ann, key):
        key.origin = "https://login.example.com.evil.example"
        assert use(Browser(app), key).status == 400

    def test_an_answer_for_another_rp_is_refused(self, app, ann, key):
        key.host = "example.com"
        assert use(Browser(app), key).status == 400

    def test_a_device_that_nobody_unlocked_is_refused(self, app, ann, key):
        key.verifies = False
        assert use(Browser(app), key).status == 400

    def test_an_answer_works_once(self, app, ann, key):
        """Also that of a device that does not count: the challenge is used up."""
        key.counts, browser = False, Browser(app)
        said = key.sign(challenge(browser))
        kept = dict(browser.cookies)
        assert enter(browser, said).status == 303
        thief = Browser(app)
        thief.cookies = {k: v for k, v in kept.items() if "session" not in k}
        assert enter(thief, said).status == 400

    def test_a_wrong_answer_uses_the_challenge_up(self, app, ann, key):
        browser = Browser(app)
        asked = challenge(browser)
        good = key.sign(asked)
        other = copy.copy(key)
        other.origin = "https://evil.example"
        cookies = dict(browser.cookies)
        assert enter(browser, other.sign(asked)).status == 400
        browser.cookies = cookies
        assert enter(browser, good).status == 400

    def test_an_answer_counts_in_the_browser_that_was_asked(self, app, ann, key):
        asked = challenge(Browser(app))
        assert enter(Browser(app), key.sign(asked)).status == 400
        victim = Browser(app)
        challenge(victim)
        assert enter(victim, key.sign(asked)).status == 400

    def test_a_copy_that_fell_behind_is_refused_and_its_owner_told(self, app, site, ann, key):
        clone = copy.copy(key)
        use(Browser(app), key)
        use(Browser(app), key)
        assert use(Browser(app), clone).status == 400
        (told,) = letters(site)
        assert told.to == EMAIL
        assert ("passkey.copied", "refused") in kinds(site, ann)

    def test_one_that_counted_and_does_so_no_more_is_refused(self, app, ann, key):
        use(Browser(app), key)
        key.counts, key.count = False, 0
        assert use(Browser(app), key).status == 400

    def test_the_key_of_another_credential_signs_for_nobody(self, app, ann, key):
        other = Authenticator(id=key.id, handle=key.handle)
        assert use(Browser(app), other).status == 400

    def test_a_handle_of_another_account_is_refused(self, app, site, ann, key):
        bob = make_account(site, "bob@example.org")
        browser = Browser(app)
        log_in(browser, "bob@example.org")
        handle = challenge(browser, f"{ROOM}/options")["user"]["id"]
        assert bob.id != ann.id
        assert use(Browser(app), key, userHandle=handle).status == 400

    def test_the_step_of_one_is_not_taken_by_the_passkey_of_another(self, app, site, ann, key):
        make_account(site, "eve@example.org")
        eve = Browser(app)
        log_in(eve, "eve@example.org")
        evil = Authenticator()
        add(eve, evil)
        with writing(site.engine) as conn:
            totp.put(conn, site.sealer, ann.id, totp.new_secret(), 0, site.clock())
        half = Browser(app)
        log_in(half)
        asked = challenge(half, "/login/step/passkey")
        fields = {"csrf": proof(half), "factor": "passkey", "response": evil.sign(asked)}
        assert half.post("/login/step", fields, origin=ORIGIN).status == 400
        assert half.get("/account").location.startswith("/login")

    def test_a_challenge_of_a_step_begins_no_login(self, app, site, ann, key):
        with writing(site.engine) as conn:
            totp.put(conn, site.sealer, ann.id, totp.new_secret(), 0, site.clock())
        half = Browser(app)
        log_in(half)
        asked = challenge(half, "/login/step/passkey")
        assert enter(half, key.sign(asked)).status == 400

    def test_a_challenge_for_making_proves_nothing(self, app, site, ann, key):
        browser = Browser(app)
        log_in(browser)
        asked = challenge(browser, f"{ROOM}/options")
        with writing(site.engine) as conn:
            totp.put(conn, site.sealer, ann.id, totp.new_secret(), 0, site.clock())
        half = Browser(app)
        half.cookies = {k: v for k, v in browser.cookies.items() if "session" not in k}
        assert log_in(half).location == "/login/step"
        fields = {"csrf": proof(half), "factor": "passkey", "response": key.sign(asked)}
        assert half.post("/login/step", fields, origin=ORIGIN).status == 400

    @pytest.mark.parametrize(
        "said",
        [
            "",
            "x",
            "[]",
            "{}",
            '{"response": 1}',
            '{"id": 1, "response": {}}',
            "[" * 15_000,
            json.dumps({"id": "x" * 3000, "response": {}}),
        ],
        ids=range(8),
    )
    def test_an_answer_that_is_none_is_refused(self, browser, ann, said):
        challenge(browser)
        assert enter(browser, said).status == 400

    def test_bent_parts_of_a_good_answer_are_refused(self, app, ann, key):
        for name in ("clientDataJSON", "authenticatorData", "signature", "userHandle"):
            for bent in ("", "AA", "*", 7, [], {"a": 1}):
                if (name, bent) == ("userHandle", ""):
                    continue  # none was given: allowed, the credential says whose it is
                browser = Browser(app, peer=f"91.8.{len(name)}.{len(str(bent))}")
                said = json.loads(key.sign(challenge(browser)))
                said["response"][name] = bent
                assert enter(browser, json.dumps(said)).status == 400, (name, bent)

    def test_a_challenge_is_given_to_our_own_page_alone(self, browser, ann):
        assert browser.post("/login/passkey", {}).status == 403
        assert browser.post("/login/step/passkey", {"csrf": proof(browser)}).status in (400, 403)


def test_passkeys_alone_would_lock_people_out():
    with pytest.raises(ValueError, match="add mailcode or password"):
        LoginSettings(first=("passkey",))


class TestOff:
    @pytest.fixture
    def config(self):
        return ServeConfig(issuer=ORIGIN, login=LoginSettings(first=("password",)))

    def test_where_it_begins_no_login_it_is_offered_nowhere(self, browser, app, site, ann, key):
        assert "data-passkey" not in browser.get("/login").text
        got = browser.post("/login/passkey", {"csrf": proof(browser)}, origin=ORIGIN)
        assert got.status == 404
        assert enter(Browser(app), "{}").status == 400
        browser.submit(browser.get("/recover"), email=EMAIL)
        assert "passkey" not in letters(site)[0].text
