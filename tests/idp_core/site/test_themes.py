import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp_core.db.engine import writing
from idp_core.errors import PolicyError, SettingsError
from idp_core.login.factors.recoverycode import store as codes
from idp_core.login.factors.totp import store as totp
from idp_core.site import colours, looks
from idp_core.site.config import ServeConfig, read
from tests.idp_core.oidc.relying import REDIRECT, RelyingParty, register
from tests.idp_core.people import EMAIL, PASSWORD, letters, link_in, make_account
from tests.idp_core.web.browser import ORIGIN, Browser

HERE, BANK = "Isthmus", "First Bank"


@pytest.fixture
def config():
    theme = {"name": BANK, "accent": "#7a0019", "sender": "First Bank <login@bank.example>"}
    return ServeConfig(
        issuer=ORIGIN,
        login={"first": ["password", "mailcode"]},
        ask=[{"ask": ["nickname"], "clients": ["bank"]}],
        themes={"bank": theme},
    )


@pytest.fixture
def ann(site):
    return make_account(site, given_name="Ann")


@pytest.fixture
def bank(site, app, browser, ann):
    """A client of others with a theme, and Ann's browser."""
    secret = register(site, id="bank", auth="client_secret_post", theme="bank", first_party=False)
    return RelyingParty(app, browser, secret, "bank")


def request_of(client="bank", back=REDIRECT):
    return f"/authorize?client_id={client}&redirect_uri={back}"


def place_of(got):
    """What a page calls the place, in its title; its header, style and links say the same."""
    place = re.search(r"<title>.* \u2013 (.*)</title>", got.text, re.DOTALL)[1]
    assert ("/theme/bank.css?v=" in got.text) == (place == BANK)
    return place


def test_a_login_for_a_client_is_in_its_theme_from_the_first_step_to_the_last(bank, site):
    page = bank.authorize()
    assert place_of(page) == BANK
    wrong = bank.browser.submit(page, email=EMAIL, password="wrong")
    assert (wrong.status, place_of(wrong)) == (400, BANK)
    consent = bank.log_in(wrong)
    assert "/consent" in consent.url
    assert place_of(consent) == BANK
    more = bank.browser.follow(bank.browser.submit(consent, press="choice", choice="allow"))
    assert "/authorize/more" in more.url
    assert place_of(more) == BANK
    assert place_of(bank.browser.get("/account")) == HERE, "the account is nobody's but its owner's"


def test_a_further_step_and_what_is_mailed_of_it_are_in_the_theme(bank, site, ann):
    with writing(site.engine) as conn:
        totp.put(conn, site.sealer, ann.id, "JBSWY3DPEHPK3PXP", 0, site.clock())
        code = codes.renew(conn, site.secrets.codes, ann.id)[0]
    step = bank.log_in(bank.authorize())
    assert "/login/step" in step.url
    assert place_of(step) == BANK
    form = next(i for i, f in enumerate(step.forms) if f.fields.get("factor") == "recoverycode")
    bank.browser.submit(step, form=form, code=code)
    (letter,) = letters(site)
    assert letter.sender == "First Bank <login@bank.example>"


def test_registration_for_a_client_is_in_its_theme_and_so_are_its_mails(bank, site, browser):
    page = browser.get("/register", **{"continue": request_of()})
    assert place_of(page) == BANK
    wrong = browser.submit(page, email="nobody")
    assert place_of(wrong) == BANK
    sent = browser.follow(browser.submit(wrong, email="bea@example.org"))
    assert place_of(sent) == BANK
    (letter,) = letters(site)
    assert BANK in letter.subject
    assert HERE not in letter.subject + letter.text
    form = Browser(browser.app).get(link_in(letter))
    assert place_of(form) == BANK


def test_recovery_for_a_client_is_in_its_theme_and_leads_back_to_it(bank, site, browser):
    login = bank.authorize()
    path = re.search(r'href="(/recover\?[^"]*)"', login.text)[1].replace("&amp;", "&")
    page = browser.get(path)
    assert place_of(page) == BANK
    sent = browser.follow(browser.submit(page, email=EMAIL))
    assert place_of(sent) == BANK
    (letter,) = letters(site)
    assert BANK in letter.subject
    assert letter.sender
    form = browser.get(link_in(letter))
    assert place_of(form) == BANK
    weak = browser.submit(form, password="password")
    assert (weak.status, place_of(weak)) == (400, BANK)
    done = browser.follow(browser.submit(weak, password="another long phrase"))
    assert place_of(done) == BANK
    assert "Your password was changed" in done.words
    assert BANK in letters(site)[0].subject
    consent = bank.log_in(done, password="another long phrase")
    assert "/consent" in consent.url


def test_a_login_by_mail_for_a_client_is_in_its_theme(bank, site, browser):
    page = browser.get("/login/mail", **{"continue": request_of()})
    assert place_of(page) == BANK
    typed = browser.follow(browser.submit(page, email=EMAIL))
    assert place_of(typed) == BANK
    assert BANK in letters(site)[0].subject


def test_a_logout_that_a_client_asks_for_is_in_its_theme(bank, site, browser):
    bank.log_in(bank.authorize())
    back = "https://rp.example/out"
    page = browser.get("/logout", client_id="bank", post_logout_redirect_uri=back)
    assert place_of(page) == BANK
    assert place_of(browser.get("/logout", client_id="bank")) == HERE, "anybody can say that"


def test_after_a_logout_the_login_is_in_the_theme_of_who_asked(bank, site, browser):
    consent = bank.log_in(bank.authorize())
    more = browser.follow(browser.submit(consent, press="choice", choice="allow"))
    answer = browser.follow(browser.submit(more, press="choice", choice="later"))
    tokens = bank.exchange(answer.query["code"]).json
    done = browser.follow(browser.get("/logout", id_token_hint=tokens["id_token"]))
    assert "logged out" in done.words
    assert place_of(done) == BANK
    forged = browser.get("/login", done="logged_out", look=f"bank.{'0' * 64}")
    assert place_of(forged) == HERE


def test_a_device_is_let_in_in_the_theme_of_its_client(bank, site, app, browser):
    typed = bank.call("/device_authorization", scope="openid").json["user_code"]
    to = browser.get("/device", user_code=typed)
    assert place_of(browser.follow(to)) == HERE, "or the login would tell who guesses codes"
    browser.submit(browser.page, email=EMAIL, password=PASSWORD)
    page = browser.get("/device", user_code=typed)
    assert place_of(page) == BANK
    assert place_of(browser.submit(page, press="choice")) == BANK


@pytest.mark.parametrize(
    "to",
    [
        request_of(back="https://evil.example/cb"),
        request_of(client="nobody"),
        "/authorize?client_id=bank",
        f"{request_of()}&client_id=rp",
        f"{request_of()}&redirect_uri=https://evil.example/",
        f"/account?client_id=bank&redirect_uri={REDIRECT}",
        f"/device?client_id=bank&redirect_uri={REDIRECT}",
        f"https://evil.example{request_of()}",
        f"/{request_of()}",
    ],
)
def test_no_link_shows_a_theme_but_on_the_way_to_its_client(to, bank, browser):
    for path in ("/login", "/register", "/recover", "/login/mail", "/recover/sent"):
        assert place_of(browser.get(path, **{"continue": to})) == HERE
    for name in ("theme", "look", "themes", "client_id"):
        assert place_of(browser.get("/login", **{name: "bank"})) == HERE


def test_a_client_without_a_theme_or_with_one_that_is_gone_looks_as_the_installation(
    bank, site, browser
):
    register(site, id="plain")
    register(site, id="old", theme="gone")
    for client in ("plain", "old"):
        assert place_of(browser.get("/login", **{"continue": request_of(client)})) == HERE


def test_another_language_is_the_same_page_in_the_same_theme(bank, browser):
    page = browser.submit(browser.get("/login", **{"continue": request_of()}), email="x")
    href = re.search(r'href="([^"]*lang=de)"', page.text)[1].replace("&amp;", "&")
    assert place_of(browser.get(href)) == BANK


def test_a_theme_is_its_files_under_the_strict_policy(tmp_path, browser):
    (tmp_path / "bank.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (tmp_path / "bank.css").write_text("main { border-radius: 0 }")
    said = ServeConfig(
        theme={"accent": "#1a56b0"},
        themes={"bank": {"logo": "bank.svg", "css": "bank.css", "ground": "#eef6f0"}},
    )
    made = looks.read(said, tmp_path)
    assert made["bank"].files["theme/bank.logo"][0] == "image/svg+xml"
    assert b"border-radius" in made["bank"].files["theme/bank.css"][1]
    assert b"--ground: #eef6f0" in made["bank"].files["theme/bank.css"][1]
    assert made[""].theme.logo is None, "nothing is inherited in either direction"
    before = made["bank"].theme.style
    (tmp_path / "bank.css").write_text("main { border-radius: 1px }")
    assert looks.read(said, tmp_path)["bank"].theme.style != before, "caches keep the old one"


def test_files_of_themes_are_those_that_are_named(site, browser):
    got = browser.get("/theme/bank.css")
    assert got.header("content-type").startswith("text/css")
    assert b"#7a0019" in got.body
    assert got.header("content-security-policy").startswith("default-src 'none'")
    for path in ("/theme.css", "/theme/bank.logo", "/theme/..%2fserve.yaml", "/theme/other.css"):
        assert browser.get(path).status == 404, path


@pytest.mark.parametrize(
    ("theme", "told"),
    [
        ("{accent: '#ffcc00'}", "cannot be read"),
        ("{ground: '#57606a'}", "cannot be read"),
        ("{logo: 'https://cdn.example/logo.svg'}", "path of a file"),
        ("{logo: logo.gif}", "ends in .svg"),
        ("{sender: nobody}", "sender"),
        ("{colour: red}", "colour"),
    ],
)
def test_a_theme_that_cannot_be_read_is_refused_with_the_mend(theme, told, tmp_path):
    file = tmp_path / "serve.yaml"
    file.write_text(f"themes:\n  bank: {theme}\n")
    with pytest.raises(PolicyError, match=told):
        read(file)


def test_a_file_that_is_not_there_or_too_large_ends_the_start(tmp_path):
    said = ServeConfig(themes={"bank": {"logo": "bank.png"}})
    with pytest.raises(SettingsError, match=r"serve.yaml themes.bank.logo: bank.png cannot be"):
        looks.read(said, tmp_path)
    (tmp_path / "bank.png").write_bytes(b"0" * 300_000)
    with pytest.raises(SettingsError, match="larger than 256 KB"):
        looks.read(said, tmp_path)


COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(COLOURS)
def test_links_can_be_read_in_the_dark_whatever_the_accent(accent):
    light = colours.lighter(accent)
    assert colours.contrast(light, colours.DARK_PAPER) >= 4.5
    assert colours.contrast(colours.DARK_GROUND, light) >= 4.5


def test_contrast_is_that_of_wcag():
    assert colours.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colours.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
