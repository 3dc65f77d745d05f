"""Whoever knows a password, or has an account, tries to keep somebody from their codes by text."""

import pytest

from idp_core.db.engine import writing
from idp_core.http.ask import Ask
from idp_core.login.factors.sms import limits, store
from idp_core.site.config import ServeConfig
from tests.idp_core.login.test_sms import NUMBER, ROOM, SMS, code_in, half_way
from tests.idp_core.people import letters, log_in, make_account
from tests.idp_core.web.browser import ORIGIN, Browser


@pytest.fixture
def config():
    return ServeConfig(issuer=ORIGIN, sms=SMS)


@pytest.fixture
def guarded(site, clock):
    """Ann has a number."""
    made = make_account(site)
    with writing(site.engine) as conn:
        store.put(conn, site.sealer, made.id, NUMBER, clock())
    return made


def ask(app, peer="91.9.9.9", browser=None):
    """Log in by the password and ask for a text; the page after that."""
    browser = browser or Browser(app, peer=peer)
    page = browser.follow(log_in(browser))
    return browser.follow(browser.submit(page, form="/login/step/sms"))


def spend(app, site):
    """A thief asks for texts from many networks until there are no more."""
    pages = [ask(app, f"91.{n}.9.9") for n in range(SMS.per_number + 3)]
    assert "too many texts" in pages[-1].words
    return letters(site)


def test_the_owners_browser_gets_texts_after_a_thief_used_up_the_others(app, site, guarded):
    mine, page, code = half_way(app, site)
    mine.submit(page, form="/login/step", code=code)
    mine.cookies.pop("__Host-isthmus-session")
    spend(app, site)
    page = ask(app, browser=mine)
    assert mine.submit(page, form="/login/step", code=code_in(site)).location == "/account"


def test_one_network_uses_up_no_more_than_half(app, site, guarded):
    for _ in range(SMS.per_number + 1):
        ask(app)
    assert len([each for each in letters(site) if each.to.startswith("tel:")]) == 3
    assert "too many texts" not in ask(app, "91.4.4.4").words


def test_the_owner_is_told_once_a_day(app, site, guarded, clock):
    told = [each for each in spend(app, site) if each.to == "ann@example.org"]
    assert ["Too many codes by text" in each.subject for each in told] == [True]
    clock.wait(hours=2)
    assert "ann@example.org" not in [each.to for each in spend(app, site)]
    clock.wait(hours=23)
    assert "ann@example.org" in [each.to for each in spend(app, site)]


def test_a_code_under_way_is_not_made_worthless_by_somebody_else_who_asks(app, site, guarded):
    mine, page, code = half_way(app, site)
    half_way(app, site, "91.6.6.6")
    assert mine.submit(page, form="/login/step", code=code).location == "/account"


def test_of_one_browser_the_newest_code_alone_works(app, site, guarded):
    browser, page, first = half_way(app, site)
    page = browser.follow(browser.submit(page, form="/login/step/sms"))
    second = code_in(site)
    if first != second:
        assert browser.submit(page, form="/login/step", code=first).status == 400
    assert browser.submit(page, form="/login/step", code=second).location == "/account"


def test_texts_to_prove_a_number_use_up_none_of_its_owners(app, site, guarded):
    """Whoever has an account may say that the number is theirs."""
    make_account(site, "mallory@example.org")
    thief = Browser(app, peer="91.9.9.9")
    log_in(thief, "mallory@example.org")
    for _ in range(SMS.per_number + 5):
        thief.submit(thief.get(f"{ROOM}?again=1"), form=ROOM, number=NUMBER)
    assert len(letters(site)) == SMS.per_number
    assert "too many texts" not in ask(app).words


def test_texts_that_are_refused_use_up_nothing_of_others(app, site, guarded, clock):
    """One who asks a thousand times does not use up what is sent altogether."""
    said = SMS.model_copy(update={"per_hour": 10, "per_network": 8})
    object.__setattr__(site, "config", site.config.model_copy(update={"sms": said}))
    thief = Browser(app, peer="91.9.9.9")
    page = thief.follow(log_in(thief))
    for _ in range(15):
        thief.submit(page, form="/login/step/sms")
    letters(site)
    bob = make_account(site, "bob@example.org")
    with writing(site.engine) as conn:
        store.put(conn, site.sealer, bob.id, "+4915187654321", clock())
    browser = Browser(app, peer="91.9.9.9")
    page = browser.follow(log_in(browser, "bob@example.org"))
    browser.submit(page, form="/login/step/sms")
    assert [each.to for each in letters(site)] == ["tel:+4915187654321"]


def test_what_a_wider_limit_refuses_is_counted_in_no_narrower_one(site, guarded, clock):
    said = SMS.model_copy(update={"per_hour": 1})
    object.__setattr__(site, "config", site.config.model_copy(update={"sms": said}))

    def may(number, peer):
        asked = Ask("POST", "/", peer=peer)
        with writing(site.engine) as conn:
            return limits.may_log_in(conn, asked, site, guarded.id, number)

    assert may("+4915187654321", "91.1.1.1")
    clock.wait(minutes=59)
    assert not any(may(NUMBER, "91.2.2.2") for _ in range(9))
    clock.wait(minutes=2)
    assert may(NUMBER, "91.2.2.2")
