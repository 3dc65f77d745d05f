"""The bot check of registration and recovery."""

import base64
import json
import re

import altcha
import pytest

from idp_core.site.config import BotSettings, ServeConfig
from tests.idp_core.people import EMAIL, letters, make_account
from tests.idp_core.web.browser import ORIGIN, Browser

FORMS = ("/register", "/recover")


@pytest.fixture
def config():
    return ServeConfig(issuer=ORIGIN, bots=BotSettings(check=True, work=1000, unproven_per_hour=2))


@pytest.fixture(autouse=True)
def ann(site):
    return make_account(site)


def solved(page, **changes):
    """What the script of the page sends."""
    said = {name: re.search(f'data-{name}="([^"]*)"', page.text)[1].replace("&amp;", "&")
            for name in ("salt", "challenge", "signature")}  # fmt: skip
    for number in range(1001):
        if altcha.hash_hex("SHA-256", f"{said['salt']}{number}".encode()) == said["challenge"]:
            break
    return coded({"algorithm": "SHA-256", "number": number, **said, **changes})


def coded(said):
    return base64.b64encode(json.dumps(said).encode()).decode()


def sends(site):
    return [each.to for each in letters(site) if each.to]


@pytest.mark.parametrize("path", FORMS)
def test_a_form_with_a_proof_goes_on_and_its_proof_works_once(browser, site, path):
    page = browser.get(path)
    proof = solved(page)
    assert browser.submit(page, email=EMAIL, altcha=proof).status == 303
    assert sends(site) == [EMAIL]
    again = browser.submit(page, email=EMAIL, altcha=proof)
    assert again.status == 400
    assert "no program" in again.words
    assert sends(site) == []


def test_a_proof_of_the_other_form_or_another_browser_is_used_up_as_well(browser, app, site):
    proof = solved(browser.get("/register"))
    assert browser.submit(browser.get("/recover"), email=EMAIL, altcha=proof).status == 303
    other = Browser(app, peer="91.9.9.9")
    assert other.submit(other.get("/register"), email=EMAIL, altcha=proof).status == 400


def test_a_proof_that_is_too_old_is_none(browser, site, clock):
    page = browser.get("/register")
    proof = solved(page)
    clock.wait(minutes=31)
    assert browser.submit(page, email=EMAIL, altcha=proof).status == 400


def test_who_has_no_javascript_may_a_few_times_an_hour(browser, app, site, clock):
    for status in (303, 303, 400):
        page = browser.get("/register")
        assert browser.submit(page, email="new@example.org", altcha="").status == status
    other = Browser(app, peer="91.9.9.9")
    assert other.submit(other.get("/register"), email="new@example.org").status == 303
    proof = solved(page)
    assert browser.submit(page, email="new@example.org", altcha=proof).status == 303
    clock.wait(hours=1)
    assert browser.submit(browser.get("/register"), email="new@example.org").status == 303


def test_a_proof_that_is_bent_is_none(browser, site):
    page = browser.get("/register")
    good = json.loads(base64.b64decode(solved(page)))
    far = good["salt"].replace("expires=", "expires=9")
    bent = [
        {**good, "number": good["number"] + 1}, {**good, "number": str(good["number"])},
        {**good, "number": True}, {**good, "algorithm": "SHA-1"}, {**good, "signature": "0" * 64},
        {**good, "salt": far}, {**good, "salt": [1]}, {**good, "challenge": None}, [], 1, "x", None,
        {**good, "salt": good["salt"] + "?expires=9999999999&"},
    ]  # fmt: skip
    for said in [coded(each) for each in bent] + ["%%%", "[" * 1500, "eA=="]:
        got = browser.submit(page, email=EMAIL, altcha=said)
        assert got.status == 400, said
    assert browser.submit(page, email=EMAIL, altcha=coded(good)).status == 303
    assert sends(site) == [EMAIL]


def test_a_challenge_that_we_did_not_make_is_none(browser, site, clock):
    page = browser.get("/register")
    made = altcha.create_challenge_v1(max_number=10, hmac_key="mine", expires=clock())
    own = {"algorithm": "SHA-256", "salt": made.salt, "challenge": made.challenge,
           "signature": made.signature, "number": 0}  # fmt: skip
    own["number"] = altcha.solve_challenge_v1(made).number
    assert browser.submit(page, email=EMAIL, altcha=coded(own)).status == 400


def test_the_answer_tells_nothing_of_whether_there_is_an_account(browser, site):
    told = []
    for address in (EMAIL, "nobody@example.org"):
        page = browser.get("/recover")
        told.append(browser.submit(page, email=address, altcha="eA==").words)
    assert told[0] == told[1]


class TestOff:
    @pytest.fixture
    def config(self):
        return ServeConfig(issuer=ORIGIN)

    def test_nothing_is_asked_for(self, browser, site):
        page = browser.get("/register")
        assert "altcha" not in page.text
        assert "data-challenge" not in page.text
        assert browser.submit(page, email=EMAIL).status == 303
