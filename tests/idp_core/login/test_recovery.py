from idp_core.accounts import store as accounts
from idp_core.db.engine import writing
from tests.idp_core.people import EMAIL, letters, link_in, log_in, make_account
from tests.idp_core.web.browser import Browser

NEW = "a phrase nobody knows"


def ask(browser, email=EMAIL):
    return browser.submit(browser.get("/recover"), email=email)


def test_a_forgotten_password_is_replaced_and_every_session_ends(app, site, browser):
    make_account(site)
    there = Browser(app)
    log_in(there)
    assert ask(browser).status == 303
    (letter,) = letters(site)
    got = browser.submit(browser.get(link_in(letter)), password=NEW)
    assert "Log in with the new one" in browser.follow(got).words
    assert there.get("/account").status == 303
    assert log_in(Browser(app)).status == 400
    assert log_in(Browser(app), password=NEW).status == 303
    assert "was changed" in letters(site)[0].subject


def test_a_link_works_once_and_ends_the_other_ones(app, site, browser):
    make_account(site)
    ask(browser)
    ask(browser)
    first, second = (link_in(each) for each in letters(site))
    page = browser.get(first)
    assert browser.submit(page, password=NEW).status == 303
    assert browser.submit(page, password="another phrase of mine").status == 400
    assert Browser(app).get(second).status == 400


def test_a_link_is_too_old_after_half_an_hour(site, browser, clock):
    make_account(site)
    ask(browser)
    link = link_in(letters(site)[0])
    clock.wait(minutes=31)
    assert browser.get(link).status == 400


def test_a_ticket_of_one_kind_is_none_of_another(site, browser):
    browser.submit(browser.get("/register"), email="new@example.org")
    token = link_in(letters(site)[0]).partition("=")[2]
    assert browser.get(f"/recover/reset?ticket={token}").status == 400


def test_who_has_no_account_or_is_blocked_gets_the_same_answer_and_no_mail(app, site):
    ann = make_account(site)
    bob = make_account(site, "bob@example.org")
    with writing(site.engine) as conn:
        accounts.block(conn, bob.id, site.clock(), "fraud")
    got = [ask(Browser(app), each) for each in (ann.email, "no@example.org", bob.email)]
    assert len({(each.status, each.body, str(each.headers)) for each in got}) == 1
    assert [each.to for each in letters(site)] == [EMAIL, "", ""]


def test_the_mail_goes_to_the_accounts_own_spelling(site, browser):
    """Not to the address that was typed, which may only look like it."""
    make_account(site)
    ask(browser, "ANN@EXAMPLE.ORG")
    assert letters(site)[0].to == EMAIL


def test_no_link_is_made_of_what_the_request_says(site, app):
    """Host-header poisoning."""
    make_account(site)
    poisoned = Browser(app, host="evil.example")
    assert poisoned.post("/recover", {"email": EMAIL}).status == 421
    honest = Browser(app)
    page = honest.get("/recover")
    honest.post(
        "/recover", page.forms[0].fields | {"email": EMAIL}, x_forwarded_host="evil.example"
    )
    assert "evil" not in letters(site)[0].text


def test_the_queue_holds_no_link_that_can_be_read(site, browser):
    make_account(site)
    ask(browser)
    with writing(site.engine) as conn:
        dump = str(conn.exec_driver_sql("SELECT * FROM mail").all())
        dump += str(conn.exec_driver_sql("SELECT * FROM ticket").all())
    token = link_in(letters(site)[0]).partition("=")[2]
    assert token not in dump
    assert EMAIL not in dump


def test_recovery_stays_open_when_guessing_has_closed_the_password(app, site):
    make_account(site)
    for _ in range(11):
        log_in(Browser(app), password="guess")
    assert log_in(Browser(app)).status == 429
    ask(Browser(app))
    assert letters(site)[0].to == EMAIL
