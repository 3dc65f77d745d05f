"""Policies of clients, in whole logins: each way to get round one."""

import re

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from idp_core.clients.model import DEVICE
from idp_core.db.engine import writing
from idp_core.login import policies
from idp_core.login.factors.totp import store as totp
from idp_core.sessions import store as sessions
from idp_core.site.config import LoginSettings, PolicySettings, ServeConfig
from tests.idp_core.oidc.relying import RelyingParty, answer, claims_in, register
from tests.idp_core.people import EMAIL, PASSWORD, log_in, make_account
from tests.idp_core.web.browser import ORIGIN, Browser

REMEMBERED = "__Host-isthmus-remembered"
BANK = PolicySettings(ways=(("passkey",), ("password", "totp")), remember_days=30)
STRICT = PolicySettings(ways=(("password", "totp"),))
KEYS = PolicySettings(ways=(("passkey",),))
FACTORS = ("password", "passkey", "totp", "recoverycode")


@pytest.fixture
def config():
    login = LoginSettings(remember_days=30, policies={"bank": BANK, "strict": STRICT, "keys": KEYS})
    return ServeConfig(issuer=ORIGIN, login=login)


@pytest.fixture
def ann(site):
    return make_account(site)


def set_up(site, account, clock):
    made = totp.new_secret()
    with writing(site.engine) as conn:
        totp.put(conn, site.sealer, account.id, made, 0, clock())
    return made


@pytest.fixture
def secret(site, ann, clock):
    return set_up(site, ann, clock)


def party(site, app, browser, name="bank", **more):
    return RelyingParty(
        app, browser, register(site, auth="client_secret_post", policy=name, **more)
    )


def step(browser, page, secret, clock, **more):
    """Take the app's step; the next code is a new one."""
    assert "One more step" in page.words, page.words
    code = pyotp.TOTP(secret).at(clock())
    got = browser.follow(browser.submit(page, code=code, **more))
    clock.wait(seconds=31)
    return got


def test_a_policy_is_met_by_its_steps(site, app, browser, secret, clock):
    rp = party(site, app, browser)
    page = rp.log_in(rp.authorize())
    got = step(browser, page, secret, clock)
    tokens = rp.exchange(answer(got)["code"]).json
    assert claims_in(tokens["id_token"])["acr"] == "urn:isthmus:acr:2"
    assert "code" in answer(rp.authorize())  # single sign-on: it is met


def test_an_account_that_cannot_meet_it_is_told_to_the_client(site, app, browser, ann):
    rp = party(site, app, browser)
    got = rp.log_in(rp.authorize())
    assert answer(got)["error"] == "unmet_authentication_requirements"


def test_a_session_of_another_client_does_not_meet_it(site, app, browser, secret, clock):
    """Single sign-on goes round no policy."""
    browser.follow(step(browser, browser.follow(log_in(browser)), secret, clock))
    assert browser.get("/account").status == 200
    rp = party(site, app, browser, "keys")
    assert "/login" in rp.authorize().url
    assert answer(rp.authorize(prompt="none"))["error"] == "unmet_authentication_requirements"


def test_a_login_begins_with_a_factor_of_the_policy_only(site, app, browser, ann):
    rp = party(site, app, browser, "keys")
    page = rp.authorize()
    assert "Password" not in page.words
    sent = page.forms[0].fields | {"factor": "password", "email": EMAIL, "password": PASSWORD}
    got = browser.post("/login", sent, origin=ORIGIN)
    assert got.status == 400
    assert "__Host-isthmus-session" not in browser.cookies


def test_leaving_the_client_out_of_the_way_back_gets_nobody_in(site, app, browser, ann):
    """The policy is asked for again where the code is given."""
    rp = party(site, app, browser)
    page = rp.authorize()
    browser.submit(page, email=EMAIL, password=PASSWORD, **{"continue": "/account"})
    assert browser.get("/account").status == 200
    assert "/login" in rp.authorize().url


def test_a_policy_that_is_gone_lets_nobody_in(site, app, browser, secret, clock):
    rp = party(site, app, browser, "was-here-once")
    page = rp.log_in(rp.authorize())
    got = step(browser, page, secret, clock)
    assert answer(got)["error"] == "unmet_authentication_requirements"


def begin_device(site, app, browser, name, **more):
    rp = party(site, app, browser, name, grants=(DEVICE,), redirect_uris=(), **more)
    begun = rp.call("/device_authorization", scope="openid").json
    browser.follow(log_in(browser))
    return rp, begun, {"grant_type": DEVICE, "device_code": begun["device_code"]}


def test_a_device_needs_what_its_client_needs(site, app, browser, ann):
    rp, begun, form = begin_device(site, app, browser, "bank")
    page = browser.get("/device", user_code=begun["user_code"])
    assert page.status == 403
    assert "stronger login" in page.words
    proof = browser.get("/account/security/app").forms[-1].fields["csrf"]
    sent = {"csrf": proof, "user_code": begun["user_code"], "choice": "allow"}
    assert browser.post("/device", sent, origin=ORIGIN).status == 403
    assert rp.token(**form).json["error"] == "authorization_pending"
    assert browser.post("/device", sent | {"choice": "deny"}, origin=ORIGIN).status == 200


def test_a_device_needs_the_level_of_its_client(site, app, browser, ann, clock):
    rp, begun, form = begin_device(site, app, browser, None, level=2)
    page = browser.get("/device", user_code=begun["user_code"])
    assert page.status == 403
    secret = set_up(site, ann, clock)
    way = page.text.split('class="links"><a href="')[1].split('"')[0].replace("&amp;", "&")
    page = browser.submit(browser.get(way), email=EMAIL, password=PASSWORD)
    page = step(browser, browser.follow(page), secret, clock)
    assert browser.submit(page, press="allow").status == 200
    assert "access_token" in rp.token(**form).json


class TestRemembered:
    @pytest.fixture
    def rp(self, site, app, browser, secret, clock):
        """A client whose user wished not to be asked again in this browser, then logged out."""
        made = party(site, app, browser)
        page = made.log_in(made.authorize())
        assert "30 days" in page.words
        assert "code" in answer(step(browser, page, secret, clock, remember="1"))
        browser.cookies.pop("__Host-isthmus-session")
        return made

    def test_its_browser_is_spared_the_step_but_gets_no_level_for_it(self, rp):
        got = rp.log_in(rp.authorize())
        tokens = rp.exchange(answer(got)["code"]).json
        assert claims_in(tokens["id_token"])["acr"] == "urn:isthmus:acr:1"
        assert "mfa" not in claims_in(tokens["id_token"])["amr"]

    def test_its_cookie_is_nothing_without_the_first_step(self, rp, app):
        assert "/login" in rp.authorize().url

    def test_another_browser_is_asked(self, rp, app):
        rp.browser = Browser(app)
        assert "One more step" in rp.log_in(rp.authorize()).words

    def test_it_ends(self, rp, clock):
        clock.wait(days=30)
        assert "One more step" in rp.log_in(rp.authorize()).words

    def test_a_client_that_wants_a_level_is_not_spared(self, rp, site):
        register(site, auth="client_secret_post", policy="bank", level=2)
        assert "One more step" in rp.log_in(rp.authorize()).words

    def test_a_policy_that_remembers_nobody_asks(self, rp, site):
        register(site, auth="client_secret_post", policy="strict")
        assert "One more step" in rp.log_in(rp.authorize()).words

    def test_it_is_of_its_account(self, rp, site, clock):
        bob = make_account(site, "bob@example.org")
        set_up(site, bob, clock)
        assert "One more step" in rp.log_in(rp.authorize(), "bob@example.org").words

    def test_signing_out_everywhere_forgets_it(self, rp, site, ann, clock):
        with writing(site.engine) as conn:
            sessions.end_all(conn, ann.id, clock(), "revoked")
        assert "One more step" in rp.log_in(rp.authorize()).words

    @pytest.mark.parametrize("what", ["another app", "no app, then one"])
    def test_another_app_or_none_forgets_it(self, rp, app, site, ann, secret, clock, what):
        """By the room itself: whoever takes the step over takes no remembered browser over."""
        other = Browser(app)
        page = other.follow(log_in(other))
        clock.wait(seconds=30)
        step(other, page, secret, clock)
        if what == "another app":
            page = other.get("/account/security/app")
            new = re.search(r"<code>([A-Z2-7 ]+)</code>", page.text)[1].replace(" ", "")
            code = pyotp.TOTP(new).at(clock())
            assert other.submit(page, form="/account/security/app", code=code).status == 200
        else:
            other.submit(other.get("/account/security"), form="/account/security/remove")
            set_up(site, ann, clock)
        assert "One more step" in rp.log_in(rp.authorize()).words

    def test_nobody_is_remembered_unasked(self, site, app, secret, clock):
        browser = Browser(app)
        rp = party(site, app, browser)
        step(browser, rp.log_in(rp.authorize()), secret, clock)
        assert REMEMBERED not in browser.cookies

    def test_where_nobody_is_remembered_the_wish_changes_nothing(self, site, app, secret, clock):
        browser = Browser(app)
        rp = party(site, app, browser, "strict")
        step(browser, rp.log_in(rp.authorize()), secret, clock, remember="1")
        assert REMEMBERED not in browser.cookies


ways = st.lists(
    st.permutations(FACTORS).flatmap(
        lambda names: st.integers(1, 3).map(lambda n: tuple(names[:n]))
    ),
    min_size=1,
    max_size=3,
).map(tuple)


@given(ways=ways, proven=st.permutations(FACTORS), count=st.integers(0, 4))
def test_a_policy_is_met_only_by_every_step_of_a_way(ways, proven, count):
    policy = PolicySettings.model_construct(ways=ways, remember_days=0)
    done = tuple(proven[:count])
    met = [way for way in ways if done[:1] == way[:1] and all(each in done for each in way)]
    assert policies.fits(policy, done) == bool(met)
    assert policies.fits(policy, done, spared=True) == (done[:1] in [way[:1] for way in ways])


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"ways": [["totp"]]}, "begins with"),
        ({"ways": [["password", "password"]]}, "each step once"),
        ({"ways": [[]]}, "at least one step"),
        ({"ways": []}, "at least 1"),
        ({"ways": [["mailcode"]]}, "`first` lacks"),
        ({"ways": [["password"]], "remember_days": 1}, "more than the login's own"),
    ],
)
def test_what_cannot_be_a_policy_is_told(said, why):
    with pytest.raises(ValidationError, match=why):
        LoginSettings.model_validate({"policies": {"x": said}})
