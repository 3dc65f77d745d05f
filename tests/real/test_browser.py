"""A person in Chromium, from registration to leaving, with JavaScript and without."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import pyotp
import pytest
from authlib.integrations.requests_client import OAuth2Session
from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions

from tests.real.chromium import Tab, chromium
from tests.real.packages import npm_packages
from tests.real.served import PASSWORD, Login, login, put_client

pytestmark = pytest.mark.real

__all__ = ["login"]

NEWER = "another phrase of mine"
PAGES = (
    "/account", "/account/profile", "/account/address", "/account/password", "/account/security",
    "/account/security/app", "/account/security/passkeys", "/account/applications",
    "/account/activity", "/account/leave",
)  # fmt: skip


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without"])
def tab(request, login, tmp_path) -> Iterator[Tab]:
    with chromium(login.origin, tmp_path, javascript=request.param) as found:
        yield found


@pytest.fixture
def scripted(login, tmp_path) -> Iterator[Tab]:
    with chromium(login.origin, tmp_path) as found:
        yield found


def register(tab: Tab, login: Login, address: str) -> None:
    tab.open("/register")
    tab.fill(email=address)
    tab.press("Continue")
    tab.open(login.link(address))
    tab.fill(given_name="Ann", family_name="Lee", password=PASSWORD)
    tab.press("Make the account")
    assert tab.path == "/account"


def log_in(tab: Tab, address: str, password: str = PASSWORD) -> None:
    tab.open("/login")
    tab.fill(email=address, password=password)
    tab.press("Log in")


def log_out(tab: Tab) -> None:
    tab.open("/account")
    tab.press("Log out here")


def test_a_person_comes_stays_and_leaves(tab, login, request):
    mine = f"ann{'js' if tab.scripted else ''}@example.org"
    register(tab, login, mine)
    tab.follow("About you")
    tab.fill(given_name="Anna")
    tab.press("Keep this")
    assert "That is kept." in tab.words
    tab.follow("Change the address")
    newer = mine.replace("ann", "anna")
    tab.fill(email=newer)
    tab.press("Continue")
    tab.open(login.link(newer))
    tab.press("Change the address")
    assert "was changed" in tab.words
    login.mail(mine)
    tab.follow("Password")
    tab.fill(old=PASSWORD, password=NEWER)
    tab.press("Change the password")
    assert "was changed" in tab.words
    login.mail(newer)
    log_out(tab)
    assert "logged out" in tab.words
    log_in(tab, newer)
    assert "not right" in tab.words
    tab.fill(email=newer, password=NEWER)
    tab.press("Log in")
    tab.open("/account/leave")
    tab.fill(address=newer)
    tab.press("Delete this account")
    assert "was deleted" in tab.words


def test_a_code_of_an_app_is_asked_for_when_it_was_set_up(tab, login):
    mine = f"bob{'js' if tab.scripted else ''}@example.org"
    register(tab, login, mine)
    tab.open("/account/security/app")
    secret = re.search(r"Key: ([A-Z2-7 ]+)", tab.words)[1].replace(" ", "")
    tab.fill(code=pyotp.TOTP(secret).now())
    tab.press("Continue")
    assert "Your recovery codes" in tab.words
    code = re.search(r"^[A-Z0-9]{4}-[A-Z0-9-]+$", tab.words, re.MULTILINE)[0]
    log_out(tab)
    log_in(tab, mine)
    assert "One more step" in tab.words
    tab.open("/account")
    assert tab.path.startswith("/login")
    log_in(tab, mine)
    tab.driver.find_element("id", "recovery").send_keys(code)
    tab.press_at("#recovery ~ button")
    assert tab.path == "/account"


def test_a_mailed_code_or_link_lets_in(tab, login):
    mine = f"cat{'js' if tab.scripted else ''}@example.org"
    register(tab, login, mine)
    log_out(tab)
    tab.follow("Log in by mail")
    tab.fill(email=mine)
    tab.press("Continue")
    tab.open(login.link(mine))
    tab.press("Log in")
    assert tab.path == "/account"


def add_passkey(tab: Tab, name: str) -> None:
    """Add one of a device that Chromium pretends to have, in the account pages."""
    said = VirtualAuthenticatorOptions(
        protocol=VirtualAuthenticatorOptions.Protocol.CTAP2,
        transport=VirtualAuthenticatorOptions.Transport.INTERNAL,
        has_resident_key=True,
        has_user_verification=True,
        is_user_verified=True,
    )
    tab.driver.add_virtual_authenticator(said)
    tab.follow("Security")
    tab.follow("Add a passkey")
    tab.fill(name=name)
    tab.press("Add a passkey")


def test_a_passkey_fills_itself_in_where_the_address_is_typed(scripted, login):
    """The virtual device takes what the browser offers: nothing is pressed."""
    tab, mine = scripted, "dora@example.org"
    register(tab, login, mine)
    add_passkey(tab, "My laptop")
    log_out(tab)
    tab.wait(lambda: tab.path == "/account")
    assert tab.path == "/account"


def test_a_passkey_is_made_and_lets_in_alone(scripted, login):
    tab, mine = scripted, "dan@example.org"
    register(tab, login, mine)
    add_passkey(tab, "My laptop")
    assert "My laptop" in tab.words
    assert "Whoever has this passkey" in login.mail(mine)
    tab.driver.set_user_verified(False)  # or it would be taken for the autofill at once
    log_out(tab)
    tab.driver.set_user_verified(True)
    tab.press("Use a passkey")
    assert tab.path == "/account"
    tab.driver.set_user_verified(False)
    log_out(tab)
    tab.named("button", "Use a passkey").click()
    tab.wait(lambda: "did not work" in tab.words)
    assert "did not work" in tab.words
    tab.open("/account")
    assert tab.path.startswith("/login")


class _Callback(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>back</title>back at the shop")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def shop(login) -> Iterator[tuple[str, str]]:
    """A client of somebody else: its secret, and where browsers come back to."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Callback)
    back = f"http://127.0.0.1:{server.server_port}/back"
    secret = put_client(login, id="shop", name="The Shop", redirect_uris=[back])
    assert secret
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield secret, back
    server.shutdown()
    server.server_close()


def test_authlibs_client_is_let_in_and_its_access_is_taken_away(tab, login, shop):
    secret, back = shop
    mine = f"eve{'js' if tab.scripted else ''}@example.org"
    register(tab, login, mine)
    session = OAuth2Session(
        "shop", secret, scope="openid email offline_access", redirect_uri=back,
        code_challenge_method="S256", token_endpoint_auth_method="client_secret_basic",
    )  # fmt: skip
    verifier = "v" * 50
    url, _ = session.create_authorization_url(f"{login.origin}/authorize", code_verifier=verifier)
    tab.open(url)
    assert "The Shop" in tab.words
    tab.press("Allow")
    assert "back at the shop" in tab.words
    came = tab.driver.current_url
    token = session.fetch_token(
        f"{login.origin}/token", authorization_response=came, code_verifier=verifier
    )
    assert session.get(f"{login.origin}/userinfo").json()["email"] == mine
    token = session.refresh_token(f"{login.origin}/token", token["refresh_token"])
    tab.open("/account/applications")
    assert "The Shop" in tab.words
    tab.press("Take access away")
    assert "no access any more" in tab.words
    assert session.get(f"{login.origin}/userinfo").status_code == 401
    with pytest.raises(Exception, match="invalid_grant"):
        session.refresh_token(f"{login.origin}/token", token["refresh_token"])


class Eye:
    """WCAG 2.2 AA as far as a program sees it, wide and narrow; keeps a picture of each page."""

    def __init__(self, tab: Tab, folder: Path) -> None:
        found = npm_packages("axe", "axe-core@4.14") / "node_modules/axe-core/axe.min.js"
        self.tab, self.folder, self.axe = tab, folder, found.read_text("utf-8")
        self.problems: dict[str, list[str]] = {}

    def open(self, path: str) -> None:
        self.tab.open(path)
        self.look(re.sub(r"\W+", "-", path.strip("/")))

    def look(self, name: str) -> None:
        """Look at the page that is there."""
        driver = self.tab.driver
        for width in (1000, 380):
            driver.set_window_size(width, 900)
            driver.save_screenshot(str(self.folder / f"{name}-{width}.png"))
            driver.execute_script(self.axe)
            found = driver.execute_async_script(
                "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']})"
                ".then(arguments[arguments.length - 1])"
            )
            told = [f"{v['id']}: {v['nodes'][0]['html']}" for v in found["violations"]]
            wide = driver.execute_script("return document.documentElement.scrollWidth")
            told += [f"{wide} pixels wide"] * (wide > width)
            if told:
                self.problems[f"{name} {width}"] = told


@pytest.fixture
def eye(scripted, tmp_path) -> Iterator[Eye]:
    found = Eye(scripted, tmp_path)
    yield found
    assert found.problems == {}


def test_no_page_hinders_anybody_in_english_or_german(eye, login):
    register(eye.tab, login, "fay@example.org")
    for language in ("en", "de"):
        for path in PAGES:
            eye.open(f"{path}?lang={language}")
    eye.tab.driver.delete_all_cookies()
    for path in ("/login", "/login/mail", "/login/mail/code", "/register", "/recover", "/nothing"):
        eye.open(path)
    eye.open("/authorize?client_id=nobody")
    eye.open("/register/confirm?ticket=none")
    assert "Isthmus" in eye.tab.words


def test_no_page_hinders_whoever_comes_stays_and_is_let_in(eye, login, shop):
    tab, mine = eye.tab, "gil@example.org"
    tab.open("/register")
    tab.fill(email=mine)
    tab.press("Continue")
    eye.look("register sent")
    tab.open(login.link(mine))
    tab.fill(password="password")
    eye.look("register form")
    tab.press("Make the account")
    eye.look("register wrong")
    tab.fill(given_name="Gil", family_name="Lee", password=PASSWORD)
    tab.press("Make the account")
    add_passkey(tab, "My laptop")
    tab.driver.set_user_verified(False)  # or it would fill itself in below
    tab.open("/account/security/app")
    secret = re.search(r"Key: ([A-Z2-7 ]+)", tab.words)[1].replace(" ", "")
    tab.fill(code="000000")
    tab.press("Continue")
    eye.look("app wrong")
    tab.fill(code=pyotp.TOTP(secret).now())
    tab.press("Continue")
    eye.look("codes")
    eye.open("/account/security")
    _, back = shop
    asked = {
        "client_id": "shop", "response_type": "code", "scope": "openid email", "state": "s",
        "redirect_uri": back, "code_challenge": "c" * 43, "code_challenge_method": "S256",
    }  # fmt: skip
    tab.open(f"/authorize?{urlencode(asked)}")
    eye.look("consent")
    tab.press("Allow")
    eye.open("/account/applications")
    eye.open("/account/activity")
    eye.open("/account")
    eye.open("/device")
    eye.open("/logout")
    log_out(tab)
    eye.look("logged out")
    log_in(tab, mine, "wrong")
    eye.look("login wrong")
    log_in(tab, mine)
    eye.look("step")
    tab.open("/recover")
    tab.fill(email=mine)
    tab.press("Continue")
    eye.look("recover sent")
    login.mail(mine)
