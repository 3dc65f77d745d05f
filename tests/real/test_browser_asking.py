"""What a login asks for besides: a code by text, a few things on the way to a client."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.real.served import Login, login, put_client
from tests.real.test_browser import (
    Eye,
    eye,
    log_in,
    log_out,
    register,
    scripted,
    shop,
    tab,
)

pytestmark = pytest.mark.real

__all__ = ["eye", "login", "scripted", "shop", "tab"]


@pytest.fixture(scope="module")
def club(login, shop) -> str:
    """A client for which more is asked; where browsers come back to."""
    _, back = shop
    put_client(login, id="club", name="The Club", redirect_uris=[back], theme="club")
    return back


def add_number(tab, login: Login, number: str) -> None:
    tab.open("/account/security/number")
    tab.fill(number=number)
    tab.press("Send a code by text")
    tab.fill(code=login.code())
    tab.press("Continue")
    assert "recovery codes" in tab.words.lower()


def test_a_code_by_text_is_asked_for_once_a_number_was_proven(tab, login, request):
    mine = f"hal-{request.node.callspec.id.replace(' ', '-')}@example.org"
    register(tab, login, mine)
    add_number(tab, login, "0151 12345678" if tab.scripted else "0151 12345679")
    log_out(tab)
    log_in(tab, mine)
    assert tab.path.startswith("/login/step")
    tab.press("Send a code by text")
    assert login.code()
    tab.fill(code="000000")
    tab.press("Continue")
    assert "That is not right" in tab.words
    tab.press("Send another text")
    tab.fill(code=login.code())
    tab.press("Continue")
    assert tab.path == "/account"


def test_a_few_more_things_are_asked_for_on_the_way_to_a_client(tab, login, club, request):
    register(tab, login, f"ida-{request.node.callspec.id.replace(' ', '-')}@example.org")
    tab.open(_way(club))
    tab.press("Allow")
    assert "A few more things" in tab.words
    tab.fill(nickname="Idi")
    tab.press("Keep this")
    assert tab.driver.current_url.startswith(f"{club}?code=")
    tab.open(_way(club))
    assert tab.driver.current_url.startswith(f"{club}?code="), "it is known, or was left for later"


def test_no_page_of_these_hinders_anybody(eye: Eye, login, club):
    tab, mine = eye.tab, "jo@example.org"
    register(tab, login, mine)
    tab.open(_way(club))
    tab.press("Allow")
    eye.look("more")
    eye.open("/account/security/number")
    tab.fill(number="110")
    tab.press("Send a code by text")
    eye.look("number wrong")
    tab.fill(number="0151 12345677")
    tab.press("Send a code by text")
    eye.look("number code")
    tab.fill(code=login.code())
    tab.press("Continue")
    eye.open("/account/security?lang=de")
    tab.open("/account?lang=en")
    log_out(tab)
    log_in(tab, mine)
    eye.look("step unsent")
    tab.press("Send a code by text")
    eye.look("step sent")


def _way(back: str) -> str:
    asked = {
        "client_id": "club", "response_type": "code", "scope": "openid profile", "state": "s",
        "redirect_uri": back, "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
    }  # fmt: skip
    return f"/authorize?{urlencode(asked)}"
