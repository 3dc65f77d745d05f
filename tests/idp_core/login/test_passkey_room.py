"""The room of passkeys: made there, renamed and taken away, by their owner alone."""

import copy
import json

import pytest

from idp_core.db.engine import reading
from idp_core.login.factors.passkey import store
from tests.idp_core.authenticator import Authenticator
from tests.idp_core.login.passkeys import ROOM, add, ann, challenge, key, kinds, proof, use
from tests.idp_core.people import EMAIL, letters, link_in, log_in, make_account
from tests.idp_core.web.browser import ORIGIN, Browser

__all__ = ["ann", "key"]


class TestRoom:
    def test_a_passkey_is_listed_told_by_mail_and_taken_away(self, browser, app, site, ann):
        log_in(browser)
        key = Authenticator()
        add(browser, key, "My  phone")
        (told,) = letters(site)
        assert (told.to, "My phone" in told.text) == (EMAIL, True)
        page = browser.get("/account/security")
        assert "My phone" in page.words
        browser.submit(page, form=f"{ROOM}/remove")
        (told,) = letters(site)
        assert "My phone" in told.text
        assert use(Browser(app), key).status == 400
        assert ("passkey.removed", "done") in kinds(site, ann)

    def test_the_mail_of_recovery_tells_who_has_one_of_it(self, app, site, ann, key):
        make_account(site, "bob@example.org")
        for address in (EMAIL, "bob@example.org"):
            browser = Browser(app)
            browser.submit(browser.get("/recover"), email=address)
        told, other = letters(site)
        assert "has a passkey" in told.text
        assert told.text.endswith(f"{ORIGIN}/login\n")
        assert link_in(told).startswith("/recover/reset?")
        assert "passkey" not in other.text

    def test_a_passkey_is_renamed_by_its_owner_alone(self, browser, app, site, ann, key):
        log_in(browser)
        page = browser.get("/account/security")
        path = "/account/security/passkeys/rename"
        browser.submit(page, form=path, name="  The  old  phone ")
        page = browser.get("/account/security")
        assert 'value="The old phone"' in page.text
        assert ("passkey.renamed", "done") in kinds(site, ann)
        browser.submit(page, form=path, name="a\tb\x07")
        make_account(site, "bob@example.org")
        bob = Browser(app)
        log_in(bob, "bob@example.org")
        stolen = next(form for form in page.forms if form.action == path).fields
        bob.post(path, {**stolen, "name": "mine", "csrf": proof(bob)}, origin=ORIGIN)
        assert 'value="The old phone"' in browser.get("/account/security").text

    def test_the_field_of_the_address_offers_passkeys(self, browser):
        text = browser.get("/login").text
        assert 'autocomplete="username webauthn"' in text
        assert "data-autofill" in text

    def test_it_wants_a_fresh_login(self, browser, ann, clock):
        log_in(browser)
        page = browser.get(ROOM)
        clock.wait(minutes=11)
        for path in (ROOM, f"{ROOM}/options", f"{ROOM}/remove"):
            got = browser.submit(page, form=ROOM) if path == ROOM else None
            got = got or browser.post(path, {"csrf": proof(browser)}, origin=ORIGIN)
            assert got.location.startswith("/login?again=1"), path

    def test_nobody_takes_away_the_passkey_of_another(self, app, site, ann, key):
        make_account(site, "eve@example.org")
        eve = Browser(app)
        log_in(eve, "eve@example.org")
        fields = {"csrf": proof(eve), "passkey": json.loads(key.sign(challenge(eve)))["id"]}
        eve.post(f"{ROOM}/remove", fields, origin=ORIGIN)
        with reading(site.engine) as conn:
            assert len(store.of_account(conn, ann.id)) == 1

    @pytest.mark.parametrize(
        "bent",
        [{"origin": "https://evil.example"}, {"host": "evil.example"}, {"verifies": False}],
        ids=["origin", "rp id", "no verification"],
    )
    def test_what_another_site_or_an_unlocked_device_made_is_not_kept(
        self, browser, site, ann, bent
    ):
        log_in(browser)
        assert add(browser, Authenticator(**bent)).status == 400
        with reading(site.engine) as conn:
            assert store.of_account(conn, ann.id) == []

    def test_an_answer_to_no_question_of_this_browser_is_not_kept(self, app, browser, site, ann):
        log_in(browser)
        asked = challenge(browser, f"{ROOM}/options")
        other = Browser(app)
        log_in(other)
        page = other.get(ROOM)
        assert other.submit(page, form=ROOM, response=Authenticator().make(asked)).status == 400

    def test_a_passkey_of_somebody_is_not_made_another_ones(self, app, browser, site, ann, key):
        make_account(site, "eve@example.org")
        eve = Browser(app)
        log_in(eve, "eve@example.org")
        assert add(eve, copy.copy(key)).status == 400
