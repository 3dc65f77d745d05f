"""What was said about a refused write is kept short, without secrets, and shown to nobody."""

from __future__ import annotations

import pickle

from connectors.errors import RejectedError
from connectors.exchange import MOST, Exchange, kept, secrets


def test_a_long_body_is_cut_and_says_so():
    assert kept("x" * MOST) == "x" * MOST
    text = kept(b"x" * (MOST + 1))
    assert text.startswith("x" * MOST + "… (cut: the first 8,192 of 8,193")
    assert (kept(None), kept(b""), kept(b"\xff")) == ("", "", "\ufffd")


def test_what_proved_who_we_are_is_not_kept_where_an_answer_repeats_it():
    headers = {"Authorization": "Bearer hush/hush", "X-Key": "sesame", "Accept": "text/plain"}
    hidden = [*secrets(headers, {"key": "in-the-query", "v": "2"})]
    said = "Bearer hush/hush, hush\\/hush, sesame, in-the-query, v=2, text/plain"
    left = "Bearer (secret), (secret), (secret), (secret), v=2, text/plain"
    assert kept(said, hidden) == left


def test_a_secret_is_not_kept_in_part_where_the_text_is_cut():
    text = "x" * (MOST - 4) + "hushhush"
    assert "hush" not in kept(text, ["hushhush"])


def test_neither_an_exchange_nor_its_error_shows_a_body():
    error = RejectedError("POST /Users: HTTP 400").after(
        Exchange("POST", "/Users", 400, "invalidValue", "sent-canary", "answered-canary")
    )
    shown = f"{error} {error!r} {error.exchange} {error.exchange!r} {error.args}"
    assert "canary" not in shown
    assert "invalidValue" in shown
    again = pickle.loads(pickle.dumps(error))
    assert again.exchange == error.exchange
    assert RejectedError("another").exchange is None
