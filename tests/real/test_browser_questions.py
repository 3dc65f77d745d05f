"""Security questions in Chromium, and the look of a client on the way to it."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from tests.real.chromium import Tab
from tests.real.served import PASSWORD, Login, login, put_client
from tests.real.test_browser import Eye, eye, log_out, register, scripted, shop, tab

pytestmark = pytest.mark.real

__all__ = ["eye", "login", "scripted", "shop", "tab"]

TOY = "What was your first toy?"
ANSWERS = {
    TOY: "Wooden Train",
    "Which tree did you climb?": "Elm 7",
    "Whose boat was it?": "Gretas",
}


@pytest.fixture(scope="module")
def bank(login, shop) -> str:
    """A client that asks security questions, in a theme; where browsers come back to."""
    _, back = shop
    put_client(
        login, id="bank", name="The Bank", redirect_uris=[back], policy="asked", theme="club"
    )
    return back


def set_up(tab: Tab, login: Login, mine: str, look=lambda name: None) -> None:
    tab.open("/account/security")
    tab.open("/account/security/questions")
    look("questions")
    Select(tab.driver.find_element(By.NAME, "question-0")).select_by_value(TOY)
    written = [question for question in ANSWERS if question != TOY]
    tab.fill(**{"own-1": written[0], "own-2": written[1]})
    tab.fill(**{f"answer-{n}": "No" for n in range(3)})
    tab.press("Keep them")
    assert "three letters or digits" in tab.words
    look("questions wrong")
    chosen = Select(tab.driver.find_element(By.NAME, "question-0")).first_selected_option
    assert chosen.text == TOY, "what was chosen stays"
    tab.fill(**{f"answer-{n}": ANSWERS[q] for n, q in enumerate([TOY, *written])})
    tab.press("Keep them")
    assert tab.path == "/account/security"
    assert "look at the security of your account" in login.mail(mine)


def to_bank(tab: Tab, back: str) -> None:
    asked = {
        "client_id": "bank", "response_type": "code", "scope": "openid email", "state": "s",
        "redirect_uri": back, "code_challenge": "c" * 43, "code_challenge_method": "S256",
    }  # fmt: skip
    tab.open(f"/authorize?{urlencode(asked)}")


def answer(tab: Tab, *, right: bool) -> None:
    for label in tab.driver.find_elements(By.CSS_SELECTOR, "label[for^=answer-]"):
        field = tab.driver.find_element(By.ID, label.get_attribute("for"))
        field.send_keys(ANSWERS[label.text].upper() if right else "nothing")
    tab.press("Continue")


def test_questions_are_asked_on_the_way_to_a_client_that_wants_them(tab, login, bank, request):
    mine = f"kim-{request.node.callspec.id.replace(' ', '-')}@example.org"
    register(tab, login, mine)
    set_up(tab, login, mine)
    log_out(tab)
    to_bank(tab, bank)
    tab.fill(email=mine, password=PASSWORD)
    tab.press("Log in")
    assert tab.path.startswith("/login/step")
    assert len(tab.driver.find_elements(By.CSS_SELECTOR, "label[for^=answer-]")) == 2
    answer(tab, right=False)
    assert "That is not right" in tab.words
    answer(tab, right=True)
    tab.press("Allow")
    assert tab.driver.current_url.startswith(f"{bank}?code=")
    tab.open("/account/security/questions")
    tab.press("Take the questions away")
    log_out(tab)
    to_bank(tab, bank)
    tab.fill(email=mine, password=PASSWORD)
    tab.press("Log in")
    assert "error=unmet_authentication_requirements" in tab.driver.current_url


def test_no_page_of_questions_or_of_a_theme_hinders_anybody(eye: Eye, login, bank):
    tab, mine = eye.tab, "lea@example.org"
    register(tab, login, mine)
    set_up(tab, login, mine, eye.look)
    eye.open("/account/security/questions?lang=de")
    tab.open("/account?lang=en")
    log_out(tab)
    at_night(tab, "light")
    to_bank(tab, bank)
    assert_themed(tab, "rgb(122, 0, 25)")
    eye.look("theme login")
    for label in ("Forgot your password?", "Back to the login", "Make an account"):
        tab.follow(label)
        assert_themed(tab, "rgb(122, 0, 25)")
        eye.look(f"theme {label}")
    tab.follow("I have an account")
    tab.fill(email=mine, password=PASSWORD)
    tab.press("Log in")
    eye.look("theme step")
    at_night(tab, "dark")
    eye.look("theme step dark")
    answer(tab, right=True)
    assert_themed(tab, None)
    eye.look("theme consent dark")
    at_night(tab, "light")
    eye.look("theme consent")
    errors = [each["message"] for each in tab.driver.get_log("browser")]
    assert not [each for each in errors if "Content Security Policy" in each or "/theme/" in each]


def at_night(tab: Tab, scheme: str) -> None:
    wish = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    tab.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", wish)


def assert_themed(tab: Tab, accent: str | None) -> None:
    """The name, the logo, the own style sheet and the colour are there."""
    driver = tab.driver
    assert driver.title.endswith("The Club")
    logo = driver.find_element(By.CSS_SELECTOR, "header img")
    assert driver.execute_script("return arguments[0].naturalWidth", logo) == 240
    assert logo.get_attribute("alt") == "The Club"
    look = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"
    assert driver.execute_script(look, "main", "borderTopWidth") != "0px"
    if accent:
        assert driver.execute_script(look, "button", "backgroundColor") == accent
