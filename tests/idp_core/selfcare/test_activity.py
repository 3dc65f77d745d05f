"""What people read of what happened to their account."""

import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest

import idp_core
from idp_core.audit import log as audit
from idp_core.audit.log import Entry
from idp_core.db.engine import writing
from tests.idp_core.oidc.relying import register
from tests.idp_core.people import EMAIL, log_in, make_account
from tests.idp_core.web.browser import Browser

OTHERS = "eve@example.org"
_ROW = re.compile(r"<li><span>(.*?)</span>(?=<span class=\"hint\">)", re.DOTALL)


@pytest.fixture
def ann(site, browser):
    made = make_account(site, given_name="Ann")
    log_in(browser)
    return made


def write(site, account, *kinds, outcome="done", actor="self", **data):
    with writing(site.engine) as conn:
        for place, kind in enumerate(kinds):
            moment = site.clock() + timedelta(seconds=place)
            audit.record(
                conn, site.secrets.audit, Entry(kind, outcome, moment, account, actor, data)
            )


def rows(browser, page=None):
    got = browser.get("/account/activity", **({"page": page} if page else {}))
    assert got.status == 200
    return [re.sub(r"<[^>]+>", " ", each).strip() for each in _ROW.findall(got.text)]


def test_the_newest_is_first(browser, site, ann):
    write(site, ann.id, "register", "password.changed")
    assert rows(browser) == ["Password changed: done", "Account made: done", "Login: done"]


def test_only_ones_own_are_there(browser, app, site, ann):
    other = make_account(site, OTHERS)
    write(site, other.id, "totp.removed")
    write(site, None, "totp.removed")
    eve = Browser(app)
    log_in(eve, OTHERS)
    assert rows(browser) == ["Login: done"]
    assert rows(eve) == ["Login: done", "Second factor taken away: done"]
    assert Browser(app).get("/account/activity").location.startswith("/login")


def test_a_refused_login_is_told_to_its_owner_alone(browser, app, site, ann):
    make_account(site, OTHERS)
    stranger = Browser(app, peer="203.0.113.9")
    log_in(stranger, EMAIL, "wrong")
    log_in(stranger, "nobody@example.org", "wrong")
    assert rows(browser) == ["Login: refused", "Login: done"]
    assert "203.0.113.9" not in browser.page.text


def test_pages_have_thirty_and_together_all_of_them_once(browser, site, ann):
    kinds = [f"kind.{number}" for number in range(64)]
    write(site, ann.id, *kinds)
    first, second, third = (rows(browser, page) for page in (None, "2", "3"))
    assert [len(first), len(second), len(third)] == [30, 30, 5]
    told = [each.partition(":")[0] for each in first + second + third]
    assert told == [*reversed(kinds), "Login"]
    assert "Older" not in browser.page.words
    assert "Newer" in browser.page.words
    browser.get("/account/activity")
    assert "Older" in browser.page.words
    assert "Newer" not in browser.page.words


@pytest.mark.parametrize("page", ["0", "-1", "x", "1e3", "²", "99999999999999999999", "2 or 1=1"])
def test_a_page_that_is_none_is_the_first(page, browser, ann):
    assert rows(browser, page) == ["Login: done"]


def test_a_page_after_the_last_is_empty(browser, ann):
    assert rows(browser, "500") == []


def test_of_others_a_client_is_named_and_nothing_else_told(browser, site, ann):
    register(site, id="shop", name="The <Shop>")
    told = {"client": "shop", "email": OTHERS, "session": "sid-1234", "why": "because of Eve"}
    write(site, ann.id, "consent.ended", **told)
    write(site, ann.id, "consent", actor="client:shop", receipt="r-1234")
    write(site, ann.id, "consent", actor="client:gone")
    write(site, ann.id, "account.unblocked", actor="admin:eve.adams", why="asked by Eve")
    write(site, ann.id, "sms", outcome="limited")
    assert [" ".join(each.split()) for each in rows(browser)] == [
        "Code sent by text: too often",
        "Account open again: done by those who run the place",
        "Consent: done",
        "Consent: done The &lt;Shop&gt;",
        "Access of an application taken away: done The &lt;Shop&gt;",
        "Login: done",
    ]
    for hidden in ("eve", "Eve", "sid-1234", "r-1234", "admin:"):
        assert hidden not in browser.page.text


def noted():
    """The kinds that the login writes into the log, where they are written out."""
    for file in Path(idp_core.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if not called or node.func.attr != "note" or len(node.args) < 4:
                continue
            kind, account = node.args[1], node.args[3]
            nobody = isinstance(account, ast.Constant) and account.value is None
            if isinstance(kind, ast.Constant) and not nobody:
                yield kind.value


def test_everything_that_can_happen_has_words(browser, site, ann):
    kinds = sorted(set(noted()))
    assert {"login", "roles", "code.reused", "questions"} <= set(kinds)
    made = "passkey.added", "passkey.removed", "questions.set_up", "questions.removed"
    more = "sms.set_up", "sms.removed", "totp.set_up", "totp.removed", "codes.renewed"
    all_ = (*kinds, *made, *more)
    write(site, ann.id, *all_)
    told = [row for page in ("1", "2", "3") for row in rows(browser, page)]
    assert len(told) == len(all_) + 1
    assert {kind for kind in all_ for row in told if row.startswith(f"{kind}:")} == set()


def test_a_part_of_a_page_is_no_place_for_the_login(browser, app, ann):
    part = {"hx-request": "true"}
    assert browser.get("/account/activity", part, page="2").status == 200
    got = Browser(app).get("/account/activity", part, page="2")
    assert (got.status, got.body) == (204, b"")
    assert dict(got.headers)["hx-redirect"] == "/login?continue=%2Faccount%2Factivity%3Fpage%3D2"
