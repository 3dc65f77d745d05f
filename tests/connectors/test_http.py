from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
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
from connectors.http import Auth, HttpOptions, HttpSession, segment
from connectors.http.limit import TokenBucket
from connectors.http.retry import back_off, retry_after
from connectors.kit import CANARY

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def auth(**settings: Any) -> Any:
    return TypeAdapter(Auth).validate_python(settings)


def session(url: str, clock: Clock | None = None, given: Any = None, **options: Any) -> HttpSession:
    clock = clock or Clock()
    made = HttpOptions.model_validate(options)
    return HttpSession(url, given, made, clock=clock, sleep=clock.sleep, random=lambda: 1.0)


def script(*answers: Any) -> Any:
    """Answer with these in turn, the last one for ever."""
    left = list(answers)
    return lambda *_: left.pop(0) if len(left) > 1 else left[0]


def test_a_call_is_repeated_until_it_passes_waiting_longer_each_time(api):
    clock = Clock()
    bad = (503, {}, {})
    with session(api(script(bad, bad, bad, [1])), clock) as http:
        assert http.get("a").json() == [1]
    assert clock.waits == [0.5, 1.0, 2.0]


def test_the_system_is_given_the_patience_it_asks_for(api):
    clock = Clock()
    with session(api(script((429, {"Retry-After": "7"}, {}), [1])), clock) as http:
        http.get()
    assert clock.waits == [7.0]


def test_attempts_and_total_time_are_bounded(api):
    clock = Clock()
    url = api(script((500, {}, {})))
    with session(url, clock, attempts=3) as http, pytest.raises(TransientError):
        http.get()
    assert len(clock.waits) == 2
    clock = Clock()
    url = api(script((429, {"Retry-After": "600"}, {})))
    with session(url, clock) as http, pytest.raises(ThrottledError) as caught:
        http.get()
    assert (clock.waits, caught.value.retry_after) == ([], 600.0)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, RejectedError),
        (401, UnauthorizedError),
        (403, UnauthorizedError),
        (404, NotFoundError),
        (405, MisconfiguredError),
        (409, ConflictError),
        (410, NotFoundError),
        (429, ThrottledError),
        (500, TransientError),
        (503, TransientError),
    ],
)
def test_an_answer_means_one_of_our_errors_and_names_the_call_without_values(api, status, error):
    url = api(script((status, {}, {"detail": CANARY})))
    with session(url, attempts=1) as http, pytest.raises(error) as caught:
        http.get("things", params={"name": CANARY})
    assert str(caught.value).startswith(f"GET /things: {status}")
    assert CANARY not in str(caught.value)


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes a call and says nothing."""
    stop = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            stop.wait(5)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    stop.set()
    server.shutdown()
    server.server_close()


def test_a_lost_answer_of_a_writing_call_is_uncertain_and_not_sent_again(silent):
    clock = Clock()
    with session(silent, clock, read_timeout=0.1) as http:
        with pytest.raises(UncertainError, match="may or may not have happened"):
            http.post("a", json={})
        assert clock.waits == []
        with pytest.raises(TransientError) as caught:
            http.get("a")
    assert not isinstance(caught.value, UncertainError)
    assert len(clock.waits) == 4


def test_where_nothing_listens_nothing_was_sent(api):
    with session("http://127.0.0.1:1", attempts=1) as http, pytest.raises(TransientError) as caught:
        http.post("a", json={})
    assert not isinstance(caught.value, UncertainError)


def test_repeating_is_logged_without_values(api):
    with capture_logs() as logs, session(api(script((503, {}, {}), [1]))) as http:
        http.get("a", params={"q": CANARY})
    assert [entry["event"] for entry in logs] == ["http.again"]
    assert CANARY not in str(logs)


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({"type": "none"}, None),
        ({"type": "basic", "user": "ann", "password": "env:SECRET"}, "Basic YW5uOnMzY3JldA=="),
        ({"type": "bearer", "token": "env:SECRET"}, "Bearer s3cret"),
        ({"type": "api_key", "header": "Authorization", "key": "env:SECRET"}, "s3cret"),
    ],
)
def test_credentials_are_sent_as_the_settings_say(api, monkeypatch, settings, header):
    monkeypatch.setenv("SECRET", "s3cret")
    asked: list[Any] = []

    def answer(_: str, given: dict[str, Any]) -> Any:
        asked.append(given["$auth"])
        return []

    with session(api(answer), given=auth(**settings)) as http:
        http.get()
    assert asked == [header]


def test_a_changed_secret_is_looked_up_again_when_the_old_one_is_refused(api, monkeypatch):
    monkeypatch.setenv("SECRET", "old")

    def answer(_: str, given: dict[str, Any]) -> Any:
        if given["$auth"] == "Bearer new":
            return [1]
        monkeypatch.setenv("SECRET", "new")
        return (401, {}, {})

    with session(api(answer), given=auth(type="bearer", token="env:SECRET")) as http:
        assert http.get().json() == [1]


def test_credentials_do_not_follow_to_another_host(api):
    with session(api(script((302, {"Location": "http://localhost:1/"}, {})))) as http:
        with pytest.raises(MisconfiguredError, match="set url to where it should go"):
            http.get()
        with pytest.raises(MisconfiguredError, match="leads to another host"):
            http.get("https://elsewhere.example/a")


def test_a_redirect_on_the_same_host_is_followed_and_endless_ones_are_not(api):
    with session(api(script((302, {"Location": "/b"}, {}), [1]))) as http:
        assert http.get("a").json() == [1]
    with (
        session(api(script((302, {"Location": "/a"}, {})))) as http,
        pytest.raises(MisconfiguredError, match="redirects without end"),
    ):
        http.get("a")


def test_an_answer_that_is_too_large_or_no_json_is_refused(api):
    with (
        session(api(script(["x" * 5000])), max_answer_mb=0.001) as http,
        pytest.raises(MisconfiguredError, match=r"larger than 0\.001 MB"),
    ):
        http.get()
    html = (200, {"Content-Type": "text/html"}, b"<html>")
    with session(api(script(html))) as http, pytest.raises(MisconfiguredError, match="text/html"):
        http.get().json()


def test_private_addresses_can_be_forbidden(api):
    with (
        session(api(script([])), public_only=True) as http,
        pytest.raises(MisconfiguredError, match="leads into a private network"),
    ):
        http.get()


@pytest.fixture
def tls(tmp_path):
    """A server with a certificate of an authority of ours: its address and that authority."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"[]")

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            pass

    server = Quiet(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}", tmp_path / "ca.pem"
    server.shutdown()
    server.server_close()


def test_a_certificate_is_verified_always(tls):
    url, authority = tls
    with session(url, attempts=1) as http, pytest.raises(MisconfiguredError, match="ca_file"):
        http.get()
    with session(url, ca_file=authority) as http:
        assert http.get().json() == []
    with pytest.raises(MisconfiguredError, match=r"http\.ca_file: no such file"):
        session(url, ca_file="gone.pem")


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_key": "a"},
        {"proxy_user": "a"},
        {"proxy": "http://p", "public_only": True},
        {"verify": False},
        {"read_timeout": 0},
    ],
)
def test_settings_that_do_not_fit_are_refused(wrong):
    with pytest.raises(ValidationError):
        HttpOptions.model_validate(wrong)


def test_the_rate_is_kept_after_the_burst():
    clock = Clock()
    bucket = TokenBucket(2, 3, clock=clock, sleep=clock.sleep)
    for _ in range(7):
        bucket.take()
    assert clock.now == 2.0
    clock.now += 100
    before = len(clock.waits)
    for _ in range(3):
        bucket.take()
    assert len(clock.waits) == before


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("soon", None),
        ("-5", 0.0),
        ("1.5", 1.5),
        ("inf", None),
        (format_datetime(NOW.replace(minute=1), usegmt=True), 60.0),
        (format_datetime(NOW.replace(hour=11), usegmt=True), 0.0),
    ],
)
def test_retry_after_is_understood_in_both_forms(header, seconds):
    assert retry_after(header, NOW) == seconds


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_no_wait_is_longer_than_the_limit(attempt, luck):
    options = HttpOptions()
    assert 0 <= back_off(attempt, options, lambda: luck) <= options.max_backoff_seconds


@given(st.text(min_size=1))
def test_an_id_is_one_path_segment(text):
    if text in {".", ".."}:
        with pytest.raises(RejectedError):
            segment(text)
    else:
        assert not set(segment(text)) & set("/?#")


class Tokens:
    """A token server that counts, and an API that takes the newest token only."""

    def __init__(self, lifetime: int = 3600) -> None:
        self.made = 0
        self.lifetime = lifetime
        tokens = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                ok = self.headers["Authorization"] == "Basic Y2xpZW50OnMzY3JldA=="
                tokens.made += ok
                body = (
                    f'{{"access_token": "t{tokens.made}", "token_type": "Bearer",'
                    f' "expires_in": {tokens.lifetime}}}'
                    if ok
                    else '{"error": "invalid_client"}'
                )
                self._answer(200 if ok else 401, body)

            def do_GET(self) -> None:
                ok = self.headers["Authorization"] == f"Bearer t{tokens.made}"
                self._answer(200 if ok else 401, "[]")

            def _answer(self, status: int, body: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def auth(self) -> Any:
        return auth(
            type="oauth",
            token_url=f"{self.url}/token",
            client_id="client",
            client_secret="env:SECRET",
        )


@pytest.fixture
def tokens() -> Iterator[Tokens]:
    made = Tokens()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_token_is_asked_for_once_and_again_when_it_is_refused(tokens, monkeypatch):
    monkeypatch.setenv("SECRET", "s3cret")
    with session(tokens.url, given=tokens.auth()) as http:
        http.get("a")
        http.get("a")
        assert tokens.made == 1
        tokens.made += 1  # the API takes another token from now on
        http.get("a")
        assert tokens.made == 3


def test_a_token_is_renewed_before_it_ends(tokens, monkeypatch):
    monkeypatch.setenv("SECRET", "s3cret")
    tokens.lifetime = 1
    with session(tokens.url, given=tokens.auth()) as http:
        http.get("a")
        time.sleep(0.6)
        http.get("a")
    assert tokens.made == 2


def test_refused_client_credentials_are_named_without_the_secret(tokens, monkeypatch):
    monkeypatch.setenv("SECRET", CANARY)
    with (
        session(tokens.url, given=tokens.auth()) as http,
        pytest.raises(UnauthorizedError, match=r"check auth\.client_id") as caught,
    ):
        http.get("a")
    assert CANARY not in repr(caught.value)
