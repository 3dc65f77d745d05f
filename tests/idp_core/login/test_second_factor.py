import re

import pyotp
import pytest

from idp_core.db.engine import reading, writing
from idp_core.login.factors.recoverycode import store as codes
from idp_core.login.factors.totp import store as totp
from idp_core.login.factors.totp.factor import Totp
from idp_core.login.levels import ACRS, amr_of, level_of
from idp_core.login.model import Nature
from tests.idp_core.oidc.relying import RelyingParty, answer, claims_in, register
from tests.idp_core.people import EMAIL, PASSWORD, letters, log_in, make_account
from tests.idp_core.test_tickets_audit_throttle import at_once
from tests.idp_core.web.browser import Browser

SESSION = "__Host-isthmus-session"
APP = totp.new_secret()


@pytest.fixture
def ann(site):
    return make_account(site)


def code_of(secret, clock):
    return pyotp.TOTP(secret).at(clock())


@pytest.fixture
def secret(app, site, ann, clock):
    """Ann's app, set up by the pages; a minute passes, so that its next code is a new one."""
    browser = Browser(app)
    log_in(browser)
    page = browser.get("/account/security/app")
    found = re.search(r"<code>([A-Z2-7 ]+)</code>", page.text)[1].replace(" ", "")
    assert browser.submit(page, form="/account/security/app", code="000000").status == 400
    got = browser.submit(page, form="/account/security/app", code=code_of(found, clock))
    assert len(re.findall(r"[A-Z]{4}-[A-Z]{4}-[A-Z]{4}", got.text)) == 10
    clock.wait(minutes=1)
    return found


def half_way(app):
    browser = Browser(app)
    page = browser.follow(log_in(browser))
    assert "One more step" in page.words
    return browser, page


def test_a_password_alone_opens_nothing_any_more(app, secret):
    """MFA bypass by direct URL."""
    browser, _ = half_way(app)
    assert SESSION not in browser.cookies
    for url in ("/account", "/account/security", "/account/password"):
        assert browser.get(url).location.startswith("/login")


def test_password_and_code_log_in(app, secret, clock):
    browser, page = half_way(app)
    got = browser.submit(page, factor="totp", code=code_of(secret, clock))
    assert got.location == "/account"
    assert browser.get("/account").status == 200
    assert "__Host-isthmus-flow" not in browser.cookies


def test_a_code_works_once(app, secret, clock):
    code = code_of(secret, clock)
    browser, page = half_way(app)
    assert browser.submit(page, code=code).status == 303
    other, page = half_way(app)
    assert other.submit(page, code=code).status == 400


@pytest.mark.parametrize(("seconds", "status"), [(-30, 303), (30, 303), (-90, 400), (90, 400)])
def test_a_clock_may_be_wrong_by_half_a_minute(app, secret, clock, seconds, status):
    browser, page = half_way(app)
    code = pyotp.TOTP(secret).at(int(clock().timestamp()) + seconds)
    assert browser.submit(page, code=code).status == status


def test_codes_cannot_be_guessed_for_long(app, secret, clock):
    browser, page = half_way(app)
    tried = [browser.submit(page, code=f"{n:06}").status for n in range(20)]
    assert tried[0] == 400
    assert tried[-1] == 429
    assert browser.submit(page, code=code_of(secret, clock)).status == 429


def test_half_a_login_is_of_its_browser_and_ends(app, secret, clock):
    browser, page = half_way(app)
    other = Browser(app)
    other.get("/login")
    sent = other.get("/login").forms[0].fields | {"factor": "totp", "code": code_of(secret, clock)}
    assert other.post("/login/step", sent).location == "/login"
    clock.wait(minutes=11)
    got = browser.submit(page, code=code_of(secret, clock))
    assert got.location == "/login"
    assert SESSION not in browser.cookies


def test_a_second_factor_does_not_begin_a_login(app, secret, clock):
    browser = Browser(app)
    page = browser.get("/login")
    got = browser.submit(page, factor="totp", email=EMAIL, code=code_of(secret, clock))
    assert got.status == 400
    assert SESSION not in browser.cookies


def test_a_step_that_somebody_else_proved_takes_nobody_further(app, site, secret, monkeypatch):
    """The dispatcher looks at it, whatever a factor says."""
    eve = make_account(site, "eve@example.org")
    monkeypatch.setattr(Totp, "check", lambda *_: eve)
    browser, page = half_way(app)
    assert browser.submit(page, factor="totp", code="123456").status == 400
    assert SESSION not in browser.cookies


def test_the_password_again_is_no_second_factor(app, secret):
    browser, page = half_way(app)
    got = browser.submit(page, factor="password", email=EMAIL, password=PASSWORD)
    assert got.status == 400
    assert SESSION not in browser.cookies


def test_recovery_by_mail_does_not_take_the_second_factor_away(app, site, clock, secret):
    browser = Browser(app)
    browser.submit(browser.get("/recover"), email=EMAIL)
    link = re.search(r"(/recover/reset\S+)", letters(site)[-1].text)[1]
    browser.submit(browser.get(link), password="a phrase nobody knows")
    page = browser.follow(log_in(browser, password="a phrase nobody knows"))
    assert "One more step" in page.words
    got = browser.submit(page, factor="totp", code=code_of(secret, clock))
    assert got.location == "/account", "its app is not the account's any more"


def test_a_recovery_code_works_once_and_is_told_by_mail(app, site, ann, secret):
    with writing(site.engine) as conn:
        code, *_ = codes.renew(conn, site.secrets.codes, ann.id)
    browser, page = half_way(app)
    letters(site)
    typed = code.lower().replace("-", " ")
    got = browser.submit(page, form=1, code=typed)
    assert got.status == 303
    assert letters(site)[0].to == EMAIL
    other, page = half_way(app)
    assert other.submit(page, form=1, code=code).status == 400
    with reading(site.engine) as conn:
        dump = str(conn.exec_driver_sql("SELECT * FROM recovery_code").all())
        assert codes.left(conn, ann.id) == 9
    assert code not in dump


def test_taking_the_second_factor_away_needs_a_fresh_login(app, secret, clock):
    browser, page = half_way(app)
    browser.submit(page, code=code_of(secret, clock))
    room = browser.get("/account/security")
    clock.wait(minutes=11)
    got = browser.submit(room, form="/account/security/remove")
    assert got.location.startswith("/login?again=1")
    assert "guards this account" in browser.get("/account/security").words


def test_it_can_be_taken_away(app, secret, clock):
    browser, page = half_way(app)
    browser.submit(page, code=code_of(secret, clock))
    browser.submit(browser.get("/account/security"), form="/account/security/remove")
    assert log_in(Browser(app)).location == "/account"


def test_of_eight_who_send_one_code_at_once_one_is_let_in(site_on, clock):
    with writing(site_on.engine) as conn:
        totp.put(conn, site_on.sealer, "a", APP, 0, clock())
        recovery, *_ = codes.renew(conn, b"k", "a")
    for _ in range(10):
        clock.wait(minutes=1)
        code = pyotp.TOTP(APP).at(clock())

        def take(code=code):
            with writing(site_on.engine) as conn:
                return totp.take(conn, site_on.sealer, "a", code, clock())

        assert sum(at_once(8, take)) == 1

    def use():
        with writing(site_on.engine) as conn:
            return codes.use(conn, b"k", "a", recovery, clock())

    assert sum(at_once(8, use)) == 1


def test_a_client_may_ask_for_two_factors(app, site, ann, secret, clock):
    """Step-up: RFC 9470, acr_values and essential acr."""
    register(site, auth="none", level=2, grants=("authorization_code",))
    rp = RelyingParty(app, Browser(app), None)
    page = rp.log_in(rp.authorize())
    assert "One more step" in page.words
    got = rp.browser.follow(rp.browser.submit(page, code=code_of(secret, clock)))
    told = claims_in(rp.exchange(answer(got)["code"]).json["id_token"])
    assert told["acr"] == ACRS[2]
    assert told["amr"] == ["pwd", "otp", "mfa"]


def test_who_has_no_second_factor_is_told_to_the_client_that_needs_one(app, site, ann):
    register(site, auth="none", level=2, grants=("authorization_code",))
    rp = RelyingParty(app, Browser(app), None)
    back = answer(rp.log_in(rp.authorize()))
    assert back["error"] == "unmet_authentication_requirements"


class Fake:
    def __init__(self, nature, *, strong=False, amr=("x",)):
        self.nature, self.strong, self.amr = nature, strong, amr


def test_levels_count_natures_and_not_factors():
    known, owned = Fake(Nature.KNOWLEDGE), Fake(Nature.POSSESSION, amr=("y",))
    assert [level_of(each) for each in ([], [known], [owned, owned], [known, owned])] == [
        0,
        1,
        1,
        2,
    ]
    assert level_of([Fake(Nature.BOTH)]) == 2
    assert level_of([Fake(Nature.BOTH, strong=True)]) == 3
    assert amr_of([known, owned]) == ("x", "y", "mfa")
