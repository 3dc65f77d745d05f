from __future__ import annotations

import gzip
import json
import logging
from urllib.parse import unquote

import pytest
from structlog.testing import capture_logs

from connectors.errors import (
    ConflictError,
    MisconfiguredError,
    NotFoundError,
    RejectedError,
    ThrottledError,
    TransientError,
    UnauthorizedError,
    UncertainError,
)
from connectors.http import HttpOptions, HttpSession, segment

OK = (200, {}, {"ok": True})
FAILED = (503, {}, b"")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RejectedError),
        (401, UnauthorizedError),
        (403, UnauthorizedError),
        (404, NotFoundError),
        (405, MisconfiguredError),
        (409, ConflictError),
        (410, NotFoundError),
        (412, RejectedError),
        (422, RejectedError),
        (429, ThrottledError),
        (500, TransientError),
        (501, MisconfiguredError),
        (503, TransientError),
        (599, TransientError),
    ],
)
def test_a_status_becomes_the_error_that_says_what_to_do(serve, session, status, kind):
    server = serve((status, {}, {"detail": "ann@example.com"}))
    with pytest.raises(kind) as caught:
        session(server.url, attempts=1).get("users/7", params={"q": "ann@example.com"})
    assert type(caught.value) is kind
    assert str(caught.value).startswith(f"GET /users/7: {status} ")
    assert "ann" not in str(caught.value)


def test_a_status_that_the_caller_expects_is_returned(serve, session):
    server = serve((409, {"X-Why": "twice"}, {"scimType": "uniqueness"}))
    answer = session(server.url).post("Users", json={}, allow=(409,))
    assert (answer.status, answer.headers["x-why"]) == (409, "twice")
    assert answer.json() == {"scimType": "uniqueness"}
    assert "uniqueness" not in repr(answer)


def test_a_reading_call_is_repeated_with_growing_waits(serve, session, clock):
    server = serve(FAILED, FAILED, "cut", OK)
    assert session(server.url, backoff_seconds=0.5).get("x").json() == {"ok": True}
    assert clock.slept == [0.5, 1.0, 2.0]


def test_attempts_are_bounded(serve, session, clock):
    server = serve(FAILED)
    with pytest.raises(TransientError):
        session(server.url, attempts=3).get("x")
    assert len(server.got) == 3
    assert len(clock.slept) == 2


def test_the_total_time_is_bounded(serve, session, clock):
    server = serve(FAILED)
    with pytest.raises(TransientError):
        session(server.url, attempts=100, total_seconds=10, max_backoff_seconds=4).get("x")
    assert sum(clock.slept) <= 10
    assert len(server.got) == len(clock.slept) + 1


def test_retry_after_is_respected_even_for_a_write_that_was_turned_away(serve, session, clock):
    server = serve((429, {"Retry-After": "7"}, b""), (503, {"Retry-After": "3"}, b""), OK)
    session(server.url).post("x", json={})
    assert clock.slept == [7.0, 3.0]


def test_a_wait_that_is_longer_than_we_have_is_handed_to_the_caller(serve, session, clock):
    server = serve((429, {"Retry-After": "3600"}, b""))
    with pytest.raises(ThrottledError) as caught:
        session(server.url, total_seconds=60).get("x")
    assert caught.value.retry_after == 3600
    assert clock.slept == []


@pytest.mark.parametrize(
    "entry", [FAILED, (500, {}, b""), (408, {}, b""), "cut", "short", "chunks short", "hang"]
)
def test_a_write_whose_fate_is_unknown_is_uncertain_and_not_repeated(serve, session, entry):
    server = serve(entry)
    with pytest.raises(UncertainError, match="POST /users"):
        session(server.url, read_timeout=0.2).post("users", json={})
    assert len(server.got) == 1


def test_a_write_is_repeated_when_the_caller_says_it_may_be(serve, session):
    server = serve(FAILED, "cut", OK)
    assert session(server.url).post("users", json={}, idempotent=True).status == 200
    server = serve("cut")
    with pytest.raises(UncertainError):
        session(server.url).put("users/1", json={}, idempotent=False)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_call_that_was_never_sent_is_transient_whatever_its_method(session, closed_port, method):
    with pytest.raises(TransientError, match="no connection; check url") as caught:
        session(f"http://127.0.0.1:{closed_port}", attempts=2).request(method, "x")
    assert not isinstance(caught.value, UncertainError)


def test_an_unknown_host_is_named_as_such(session):
    with pytest.raises(TransientError, match="host name is not known"):
        session("http://nobody.invalid", attempts=1).get("x")


def test_an_answer_that_drips_forever_is_cut_off_by_the_total_time(serve):
    server = serve("drip")

    options = HttpOptions(total_seconds=0.3, attempts=1)
    with (
        HttpSession(server.url, None, options) as http,
        pytest.raises(TransientError, match="no answer in time"),
    ):
        http.get("x")


def test_an_answer_that_is_too_large_is_refused_even_when_packed(serve, session):
    packed = gzip.compress(b"0" * 3_000_000)
    server = serve((200, {"Content-Encoding": "gzip"}, packed))
    with pytest.raises(MisconfiguredError, match=r"larger than 1 MB.*max_answer_mb"):
        session(server.url, max_answer_mb=1).get("x")


def test_a_body_in_chunks_is_read_to_its_end(serve, session):
    assert session(serve("chunks").url).get("x").json() == {"ok": [1]}


def test_html_where_json_was_expected_says_to_check_the_url(serve, session):
    server = serve((200, {"Content-Type": "text/html; charset=utf-8"}, b"<p>Log in"))
    with pytest.raises(MisconfiguredError, match="text/html where JSON was expected"):
        session(server.url).get("x").json()


def test_json_that_is_cut_off_may_be_asked_for_again(serve, session):
    server = serve((200, {"Content-Type": "application/scim+json"}, b'{"a": '))
    with pytest.raises(TransientError, match="not valid JSON"):
        session(server.url).get("x").json()


def test_a_body_is_sent_as_utf8_json_and_headers_of_the_caller_win(serve, session):
    server = serve()
    session(server.url).post("x", json={"n": "Zoë"}, headers={"Content-Type": "application/x+json"})
    (got,) = server.got
    assert json.loads(got.body) == {"n": "Zoë"}
    assert got.headers["Content-Type"] == "application/x+json"
    assert got.headers["Accept"] == "application/json"


def test_cookies_are_neither_kept_nor_sent(serve, session):
    server = serve((200, {"Set-Cookie": "sid=1"}, {}))
    http = session(server.url)
    http.get("x")
    http.get("x")
    assert "Cookie" not in server.got[1].headers


def test_the_rate_is_held(serve, session, clock):
    server = serve()
    http = session(server.url, rate=2, burst=1)
    for _ in range(3):
        http.get("x")
    assert sum(clock.slept) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("path", "whole"),
    [
        ("", "http://h/v2"),
        ("Users", "http://h/v2/Users"),
        ("/Users?a=http://x", "http://h/v2/Users?a=http://x"),
        ("http://h:80/other", "http://h:80/other"),
    ],
)
def test_paths_are_below_the_url(session, path, whole):
    assert session("http://h/v2").address(path) == whole


def test_an_address_on_another_host_is_refused(session):
    with pytest.raises(MisconfiguredError, match="leads to another host"):
        session("https://api.example/v2").get("https://evil.example/v2/Users")


def test_any_id_is_one_segment_and_none_climbs():
    assert segment("a/b?c#d%e é+") == "a%2Fb%3Fc%23d%25e%20%C3%A9%2B"
    for bad in ("", ".", ".."):
        with pytest.raises(RejectedError):
            segment(bad)


@pytest.mark.parametrize("value", ["a/b", "a?b", "a#b", "a%2Fb", "a b", "a+b", "é", "a%b", "..a"])
def test_a_segment_arrives_as_it_was(serve, session, value):
    server = serve()
    session(server.url).get(f"users/{segment(value)}")
    (got,) = server.got
    assert got.path.count("/") == 2
    assert unquote(got.path.rpartition("/")[2]) == value


def test_no_value_of_a_call_is_logged(serve, session, caplog):
    caplog.set_level(logging.INFO)
    server = serve(FAILED, OK)
    with capture_logs() as logs:
        session(server.url).get("users", params={"mail": "ann@example.com"})
    (event,) = logs
    assert event["event"] == "http.again"
    assert event["call"] == "GET /users"
    assert "ann@" not in repr(logs) + caplog.text
