import base64
import hashlib
import re

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from idp_core.accounts import store as accounts
from idp_core.audit import log as audit
from idp_core.db.engine import reading, writing
from idp_core.events import outbox
from idp_core.login import guard, places
from idp_core.passwords import store as passwords
from idp_core.sessions import store as sessions
from idp_core.throttle.tables import tries
from tests.idp_core.people import EMAIL, PASSWORD, letters, log_in, make_account
from tests.idp_core.web.browser import Browser

SESSION = "__Host-isthmus-session"


@pytest.fixture
def ann(site):
    return make_account(site, given_name="Ann")


def sid_of(browser, site):
    with reading(site.engine) as conn:
        return sessions.find(conn, browser.cookies[SESSION], site.clock(), site.limits).sid


def test_who_logs_in_comes_to_where_they_wanted(browser, ann):
    got = log_in(browser, to="/account/activity")
    assert (got.status, got.location) == (303, "/account/activity")
    assert "Login: done" in browser.follow(got).words


def test_the_session_cookie_is_for_this_host_https_and_no_script(browser, ann):
    got = log_in(browser)
    cookie = next(v for k, v in got.headers if k == "set-cookie" and SESSION in v)
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_an_address_is_the_same_in_any_spelling(browser, ann):
    assert log_in(browser, email=" ANN@Example.ORG ").status == 303


@pytest.mark.parametrize(
    ("email", "password"),
    [(EMAIL, "wrong"), ("bob@example.org", PASSWORD), (EMAIL, ""), ("", PASSWORD), ("x", "y")],
)
def test_every_wrong_pair_gets_the_same_answer(app, ann, email, password):
    """Enumeration by body or status: what differs is only what the person typed."""
    browser = Browser(app)
    got = log_in(browser, email=email, password=password)
    typed = re.sub(r'(name="email"[^>]*value=")[^"]*', r"\1", got.text)
    assert (got.status, SESSION in browser.cookies) == (400, False)
    other = Browser(app)
    base = log_in(other, email="nobody@example.net", password="wrong")
    plain = re.sub(r'(name="email"[^>]*value=")[^"]*', r"\1", base.text)
    proof = r'name="csrf" value="[^"]*"'
    assert re.sub(proof, "", typed) == re.sub(proof, "", plain)
    assert [k for k, _ in got.headers] == [k for k, _ in base.headers]


def test_a_blocked_account_gets_the_answer_of_a_wrong_password(browser, site, ann):
    with writing(site.engine) as conn:
        accounts.block(conn, ann.id, site.clock(), "fraud")
    assert log_in(browser).status == 400
    assert SESSION not in browser.cookies


def test_a_blocked_account_loses_its_sessions(browser, site, ann):
    log_in(browser)
    with writing(site.engine) as conn:
        accounts.block(conn, ann.id, site.clock(), "fraud")
    assert browser.get("/account").location.startswith("/login")


def test_a_login_gives_a_new_session_id_and_ignores_one_that_was_planted(browser, site, ann):
    """Session fixation."""
    browser.cookies[SESSION] = "planted" + "a" * 36
    log_in(browser)
    first = browser.cookies[SESSION]
    assert not first.startswith("planted")
    log_in(browser)
    assert browser.cookies[SESSION] != first
    stale = Browser(browser.app)
    stale.cookies[SESSION] = first
    assert stale.get("/account").status == 303


def test_the_database_holds_no_session_id(browser, site, ann):
    log_in(browser)
    with reading(site.engine) as conn:
        dump = str(conn.exec_driver_sql("SELECT * FROM session").all())
    assert browser.cookies[SESSION] not in dump


def test_a_login_form_of_another_site_is_refused(browser, ann):
    """Login CSRF: a stranger must not log a victim's browser into the stranger's account."""
    fields = {"factor": "password", "email": EMAIL, "password": PASSWORD}
    assert browser.post("/login", fields).status == 403
    page = browser.get("/login")
    sent = page.forms[0].fields | fields
    assert browser.post("/login", sent, origin="https://evil.example").status == 403
    other = Browser(browser.app)
    other.get("/login")
    assert other.post("/login", sent).status == 403
    assert browser.post("/login", sent).status == 303


def test_an_idle_session_ends_and_so_does_an_old_one(browser, clock, ann):
    log_in(browser)
    clock.wait(minutes=119)
    assert browser.get("/account").status == 200
    clock.wait(minutes=119)
    assert browser.get("/account").status == 200
    clock.wait(minutes=121)
    assert browser.get("/account").status == 303
    log_in(browser)
    for _ in range(7):
        clock.wait(minutes=100)
        assert browser.get("/account").status == 200
    clock.wait(minutes=60)
    assert browser.get("/account").status == 303


def counted(site, count, instead):
    """Let the one bucket with this count have another."""
    of_it = tries.c.count == count
    with writing(site.engine) as conn:
        done = conn.execute(sa.update(tries).where(of_it).values(count=instead))
    assert done.rowcount == 1


def test_guessing_ends_soon_and_its_owner_gets_in_from_a_browser_it_knows(app, site, ann, clock):
    known = Browser(app, peer="91.1.1.1")
    log_in(known)
    attacker = Browser(app, peer="91.9.9.9")
    tried = [log_in(attacker, password=f"guess {n}").status for n in range(15)]
    assert tried == [400] * 10 + [429] * 5
    assert log_in(attacker).status == 429, "the right password is not told apart any more"
    for host in range(2):
        log_in(Browser(app, peer=f"91.2.2.{host}"), password="guess")
    counted(site, 18, 99)  # of the account alone: as if 81 more had been tried from elsewhere
    assert log_in(Browser(app, peer="91.2.2.7"), password="guess").status == 400
    assert log_in(Browser(app, peer="91.3.3.3")).status == 429
    known.cookies.pop(SESSION)
    assert log_in(known).status == 303, "the owner was locked out by a stranger"
    clock.wait(minutes=61)
    assert log_in(attacker).status == 303


def test_an_address_without_an_account_is_limited_just_the_same(app, site):
    attacker = Browser(app)
    tried = [log_in(attacker, email="no@example.org", password="x").status for _ in range(12)]
    assert tried == [400] * 10 + [429] * 2


def test_one_password_tried_on_many_accounts_ends_soon(app, site):
    """Password spraying: a network has 200 tries a quarter of an hour, on whatever accounts."""
    attacker = Browser(app)

    def spray(numbers):
        each = [f"p{n}@example.org" for n in numbers]
        return [log_in(attacker, email=email, password="Summer").status for email in each]

    assert spray(range(2)) == [400] * 2
    counted(site, 2, 190)  # of the network alone: as if 188 more had been tried
    assert spray(range(2, 17)) == [400] * 10 + [429] * 5


def test_a_login_asks_for_no_factor_that_changes_nothing(browser, site, ann):
    asked = []
    log = lambda conn, cursor, statement, *_: asked.append(statement)  # noqa: E731
    sa.event.listen(site.engine, "before_cursor_execute", log)
    assert log_in(browser).location == "/account"
    sa.event.remove(site.engine, "before_cursor_execute", log)
    assert any("FROM totp" in each for each in asked)
    assert not any("passkey" in each or "question" in each for each in asked)


def test_who_succeeds_is_not_counted(browser, site, ann):
    for _ in range(3):
        browser.cookies.clear()
        assert log_in(browser).status == 303
        with reading(site.engine) as conn:
            assert not any(conn.scalars(sa.select(tries.c.count)))


def test_tries_by_ipv6_count_for_the_whole_customer():
    assert guard.network("2001:db8:1:2:3::4") == guard.network("2001:db8:1:2:ffff::1")
    assert guard.network("2001:db8:1:2::1") != guard.network("2001:db8:1:3::1")
    assert guard.network("::ffff:91.1.1.1") == "91.1.1.1"


def test_a_hash_of_another_system_is_made_anew_at_the_first_login(browser, site):
    old = "$pbkdf2-sha256$1000$c2FsdA$"
    made = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), b"salt", 1000)
    hashed = old + base64.b64encode(made).decode().rstrip("=").replace("+", ".")
    account = make_account(site, hashed=hashed)
    assert log_in(browser, password="wrong").status == 400
    assert log_in(browser).status == 303
    with reading(site.engine) as conn:
        assert passwords.get(conn, account.id).startswith("$argon2id$")
    browser.cookies.pop(SESSION)
    assert log_in(browser).status == 303


def test_a_login_is_told_and_written_down_without_values(browser, site, ann):
    log_in(browser, password="wrong")
    log_in(browser)
    with reading(site.engine) as conn:
        told = [(e.kind, e.outcome) for e in audit.read(conn)]
        text = str(conn.exec_driver_sql("SELECT * FROM audit").all())
    assert told == [("login", "refused"), ("login", "done")]
    assert "ann@" not in text
    with writing(site.engine) as conn:
        types = [claimed.event.type for claimed in outbox.claim(conn, now=site.clock())]
    assert types == ["account.registered", "account.verified", "account.logged_in"]


@given(st.text())
def test_whatever_is_asked_for_one_comes_to_a_path_of_ours(said):
    assert re.match(r"/[a-z]", places.safe(said))


@pytest.mark.parametrize(
    "said",
    [
        "https://evil.example", "//evil.example", "/\\evil.example", "/account//evil.example",
        "javascript:alert(1)", "/account\n//evil", "/accountevil", "/account/../signout",
        "/account?x=\\\\evil.example", "\t//evil.example", "/%09/evil.example", "account", "",
    ],
)  # fmt: skip
def test_no_login_leads_elsewhere(browser, ann, said):
    """Open redirect."""
    got = log_in(browser, to=said)
    assert got.location == "/account"


def test_a_page_that_needs_a_login_comes_back_after_it(browser, ann):
    got = browser.get("/account/activity?x=1")
    page = browser.follow(got)
    assert browser.submit(page, email=EMAIL, password=PASSWORD).location == "/account/activity?x=1"


def test_sessions_are_listed_and_ended_one_by_one_or_all(app, site, ann):
    here, there, third = Browser(app), Browser(app), Browser(app)
    for each in (here, there, third):
        log_in(each)
    page = here.get("/account")
    assert page.text.count(' action="/account/sessions/end"') == 3
    here.post("/account/sessions/end", page.forms[0].fields | {"sid": sid_of(there, site)})
    assert (there.get("/account").status, third.get("/account").status) == (303, 200)
    here.submit(here.get("/account"), form="/account/sessions/end-all")
    assert here.get("/account").status == 200
    assert third.get("/account").status == 303


def test_nobody_ends_a_session_of_somebody_else(app, site, ann):
    make_account(site, "bob@example.org")
    mine, bobs = Browser(app), Browser(app)
    log_in(mine)
    log_in(bobs, "bob@example.org")
    form = bobs.get("/account").forms[0].fields | {"sid": sid_of(mine, site)}
    bobs.post("/account/sessions/end", form)
    assert mine.get("/account").status == 200


def test_who_logs_out_is_out(browser, ann):
    log_in(browser)
    token = browser.cookies[SESSION]
    got = browser.submit(browser.get("/account"), form="/signout")
    assert "You are logged out." in browser.follow(got).words
    browser.cookies[SESSION] = token
    assert browser.get("/account").status == 303


def test_nobody_logs_others_out_from_another_site(browser, ann):
    """Logout CSRF."""
    log_in(browser)
    assert browser.post("/signout", {}).status == 403
    assert browser.get("/signout").status == 405
    assert browser.get("/account").status == 200


def test_a_changed_password_ends_the_other_sessions_and_is_told_by_mail(app, site, ann):
    here, there = Browser(app), Browser(app)
    log_in(here)
    log_in(there)
    page = here.get("/account/password")
    wrong = here.submit(page, form="/account/password", old="no", password="another long phrase")
    assert wrong.status == 400
    weak = here.submit(page, form="/account/password", old=PASSWORD, password="password1")
    assert "too easy to guess" in weak.words
    got = here.submit(page, form="/account/password", old=PASSWORD, password="another long phrase")
    assert "Your password was changed" in here.follow(got).words
    assert there.get("/account").status == 303
    assert [each.to for each in letters(site)] == [EMAIL]
    assert log_in(Browser(app)).status == 400
    assert log_in(Browser(app), password="another long phrase").status == 303


def test_a_browser_left_alone_gives_nobody_a_new_password(browser, clock, ann):
    log_in(browser)
    clock.wait(minutes=11)
    got = browser.get("/account/password")
    assert got.location.startswith("/login?again=1")


@pytest.mark.parametrize(
    ("language", "word"), [("de", "Anmelden"), ("fr", "connecter"), ("es", "sesión")]
)
def test_pages_speak_the_readers_language(app, language, word):
    browser = Browser(app)
    browser.language = f"{language}-XX,en;q=0.5"
    page = browser.get("/login")
    assert f'<html lang="{language}">' in page.text
    assert word in page.text
    chosen = Browser(app)
    chosen.get("/login", lang=language)
    assert f'<html lang="{language}">' in chosen.get("/recover").text
