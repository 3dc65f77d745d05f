"""Codes by text: added, used as a step, and attacked."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError

from idp_core.audit import log as audit
from idp_core.db.engine import reading, writing
from idp_core.login.factors.recoverycode import store as codes
from idp_core.login.factors.sms import limits, numbers, store
from idp_core.mail.texts import HttpTexter, TextFolder
from idp_core.site.config import ServeConfig, SmsSettings
from idp_core.site.letters import deliver
from tests.idp_core.people import letters, log_in, make_account
from tests.idp_core.web.browser import ORIGIN, Browser

ROOM = "/account/security/number"
NUMBER = "+4915112345678"
SMS = SmsSettings(enabled=True, countries=("DE", "AT"))


@pytest.fixture
def config():
    return ServeConfig(issuer=ORIGIN, sms=SMS)


@pytest.fixture
def ann(site):
    return make_account(site)


@pytest.fixture
def guarded(site, ann, clock):
    """Ann has a number."""
    with writing(site.engine) as conn:
        store.put(conn, site.sealer, ann.id, NUMBER, clock())
    return ann


def code_in(site, to=NUMBER):
    (text,) = [each for each in letters(site) if each.to.startswith("tel:")]
    assert text.to == f"tel:{to}"
    return text.text.partition(" ")[0]


def half_way(app, site, peer="91.1.2.3"):
    """A browser after the password and the sending of a code; the page, and the code."""
    browser = Browser(app, peer=peer)
    page = browser.follow(log_in(browser))
    assert "Send a code by text" in page.words
    page = browser.follow(browser.submit(page, form="/login/step/sms"))
    return browser, page, code_in(site)


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06}"


def test_a_number_is_added_by_its_code_and_asked_for_at_the_next_login(browser, app, site, ann):
    log_in(browser)
    page = browser.follow(browser.submit(browser.get(ROOM), form=ROOM, number="0151 12345678"))
    assert "… 78" in page.words
    got = browser.submit(page, form=f"{ROOM}/confirm", code=code_in(site))
    assert "recovery codes" in got.words.casefold()
    assert "… 78" in browser.get("/account/security").words
    other, page, code = half_way(app, site)
    assert "12345678" not in page.text
    assert other.submit(page, form="/login/step", code=code).location == "/account"
    assert other.get("/account").status == 200


def test_it_counts_as_a_second_factor_and_works_once(app, site, guarded):
    browser, page, code = half_way(app, site)
    assert browser.submit(page, form="/login/step", code=code).status == 303
    again, page, _ = half_way(app, site)
    assert again.submit(page, form="/login/step", code=code).status == 400
    assert again.get("/account").location.startswith("/login")


def test_the_code_of_one_browser_is_nothing_in_another(app, site, guarded):
    first, page, _ = half_way(app, site)
    _, _, code = half_way(app, site)
    assert first.submit(page, form="/login/step", code=code).status in (303, 400)
    assert first.get("/account").location.startswith("/login")


def test_five_wrong_codes_end_it(app, site, guarded):
    browser, page, code = half_way(app, site)
    for _ in range(5):
        assert browser.submit(page, form="/login/step", code=wrong(code)).status == 400
    browser.submit(page, form="/login/step", code=code)
    assert browser.get("/account").location.startswith("/login")


def test_it_is_too_old_after_ten_minutes(app, site, guarded, clock):
    browser, page, code = half_way(app, site)
    clock.wait(minutes=10)
    browser.submit(page, form="/login/step", code=code)
    assert browser.get("/account").location.startswith("/login")


def test_a_code_for_a_new_number_is_none_for_a_login_and_the_other_way_round(
    browser, app, site, guarded
):
    inside, page, code = half_way(app, site)
    inside.submit(page, form="/login/step", code=code)
    sent = inside.follow(inside.submit(inside.get(ROOM), form=ROOM, number="+4915187654321"))
    added = code_in(site, "+4915187654321")
    other, page, login_code = half_way(app, site)
    assert other.submit(page, form="/login/step", code=added).status == 400
    assert inside.submit(sent, form=f"{ROOM}/confirm", code=login_code).status == 400
    assert inside.submit(sent, form=f"{ROOM}/confirm", code=added).status in (200, 303)


def test_nobody_is_sent_a_text_before_the_first_step(app, site, guarded):
    browser = Browser(app)
    page = browser.get("/login")
    got = browser.post("/login/step/sms", {"csrf": page.forms[0].fields["csrf"]}, origin=ORIGIN)
    assert got.status == 400
    assert letters(site) == []


def test_a_changed_number_makes_a_code_under_way_worthless(app, site, guarded, clock):
    browser, page, code = half_way(app, site)
    with writing(site.engine) as conn:
        store.put(conn, site.sealer, guarded.id, "+4915187654321", clock())
    assert browser.submit(page, form="/login/step", code=code).status == 400


def test_texts_to_one_number_are_few(app, site, guarded):
    for peer in ("91.1.1.1", "91.1.1.1", "91.1.1.1", "91.2.2.2", "91.2.2.2"):
        half_way(app, site, peer)
    browser = Browser(app, peer="91.2.2.2")
    page = browser.follow(log_in(browser))
    page = browser.follow(browser.submit(page, form="/login/step/sms"))
    assert "too many texts" in page.words
    assert not [each for each in letters(site) if each.to.startswith("tel:")]
    with reading(site.engine) as conn:
        told = [(e.kind, e.outcome) for e in audit.of_account(conn, guarded.id)]
    assert ("sms", "limited") in told


@pytest.mark.parametrize("limit", ["per_range", "per_network", "per_hour"])
def test_neighbours_one_network_and_all_together_are_limited(site, browser, limit):
    """Toll fraud: many numbers that pay their owner, asked for from one place or many."""
    said = SMS.model_copy(update={limit: 3, "per_number": 100})
    object.__setattr__(site, "config", site.config.model_copy(update={"sms": said}))
    page = browser.get("/login")
    assert page.status == 200
    from idp_core.http.ask import Ask

    def sent(n):
        peer = "91.1.2.3" if limit == "per_network" else f"91.1.{n}.3"
        number = f"+49151123{n:05}" if limit == "per_range" else f"+4915{n}12345678"
        with writing(site.engine) as conn:
            return limits.may_prove(conn, Ask("POST", "/", peer=peer), site, number)

    assert [sent(n) for n in range(5)] == [True, True, True, False, False]


@pytest.mark.parametrize(
    "text", ["", "abc", "+1 212 555 0100", "030 901820", "0900 1234567", "+881 612345678", "110",
             "+49 151 12345678; DROP", "+44 7400 123456"],
)  # fmt: skip
def test_only_mobile_numbers_of_the_named_countries_get_texts(text):
    assert numbers.cleaned(text, SMS) is None


def test_numbers_are_written_in_one_way():
    assert numbers.cleaned("0151 123-456 78", SMS) == NUMBER
    assert numbers.cleaned("+43 664 1234567", SMS) == "+436641234567"


def test_taking_the_number_away_takes_its_step_and_its_codes(browser, app, site, ann, clock):
    log_in(browser)
    page = browser.follow(browser.submit(browser.get(ROOM), form=ROOM, number=NUMBER))
    browser.submit(page, form=f"{ROOM}/confirm", code=code_in(site))
    browser.submit(browser.get("/account/security"), form=f"{ROOM}/remove")
    assert log_in(Browser(app)).location == "/account"
    with reading(site.engine) as conn:
        assert not codes.left(conn, ann.id)
    assert [each.subject for each in letters(site) if "number for codes" in each.subject]


def test_where_it_is_off_there_is_no_such_page(site, browser, ann):
    off = site.config.model_copy(update={"sms": SmsSettings()})
    object.__setattr__(site, "config", off)
    log_in(browser)
    assert browser.get(ROOM).status == 404


@pytest.mark.parametrize(
    ("said", "mend"),
    [
        ({"enabled": True}, "name the countries"),
        ({"url": "http://sms.example/"}, "https"),
        ({"fields": {"to": "{number}"}}, "need"),
        ({"headers": {"X": "a\r\nb"}}, "headers"),
    ],
)
def test_settings_that_would_be_dangerous_are_refused(said, mend):
    with pytest.raises(ValidationError, match=mend):
        SmsSettings.model_validate(said)


class Provider(BaseHTTPRequestHandler):
    """Answers 200, or 302 to who asks for it, and keeps what it got."""

    got: list = []  # noqa: RUF012 (of the test)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.got.append((self.path, dict(self.headers), body))
        self.send_response(302 if "away" in self.path else 200)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def provider():
    Provider.got = []
    server = HTTPServer(("127.0.0.1", 0), Provider)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


FIELDS = {"to": "{number}", "body": "{text}", "key": "{secret}"}


def test_a_provider_is_sent_fields_and_headers_as_its_api_has_them(provider):
    text = 'code & {secret} "{number}"\n'
    headers = {"Authorization": "Bearer {secret}"}
    for as_json in (False, True):
        sender = HttpTexter(f"{provider}/v1?a=b", FIELDS, headers, as_json, True, lambda: "s3")
        sender.send_text(NUMBER, text)
        path, told, body = Provider.got[-1]
        said = json.loads(body) if as_json else {k: v[0] for k, v in parse_qs(body).items()}
        assert said == {"to": NUMBER, "body": text, "key": "s3"}
        assert (path, told["Authorization"]) == ("/v1?a=b", "Bearer s3")
    assert "s3" not in repr(sender)


def test_no_redirect_is_followed_and_no_private_network_is_reached(provider):
    with pytest.raises(OSError, match="302"):
        HttpTexter(f"{provider}/away", FIELDS, private=True).send_text(NUMBER, "x")
    assert len(Provider.got) == 1
    with pytest.raises(OSError, match="private network"):
        HttpTexter(provider, FIELDS).send_text(NUMBER, "x")
    assert len(Provider.got) == 1


def test_a_text_waits_when_the_provider_is_away_and_goes_out_later(site, guarded, tmp_path, app):
    browser = Browser(app)
    page = browser.follow(log_in(browser))
    with socket.socket() as taken:  # a port that nobody listens at
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        object.__setattr__(site, "texts", HttpTexter(address, FIELDS, private=True))
        browser.submit(page, form="/login/step/sms")
        assert deliver(site) == 0
    object.__setattr__(site, "texts", TextFolder(tmp_path / "sms"))
    site.clock.wait(minutes=5)
    assert deliver(site) == 1
    (file,) = (tmp_path / "sms").iterdir()
    assert file.read_text("utf-8").startswith(f"{NUMBER}\n")
    assert file.stat().st_mode & 0o77 == 0
