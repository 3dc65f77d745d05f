"""What a system tells of the calls it still allows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import ThrottledError
from connectors.http.budget import Allowance
from connectors.http.options import Budget, HttpOptions

LEFT = "X-RateLimit-Remaining"
RESET = "X-RateLimit-Reset"


def test_with_no_call_left_we_wait_until_there_are_more(serve, session, clock):
    server = serve((200, {LEFT: "1", RESET: "9"}, {}), (200, {LEFT: "0", RESET: "7"}, {}),
                   (200, {}, {}))  # fmt: skip
    http = session(server.url, budget={})
    for _ in range(3):
        http.get("x")
    assert clock.slept == [7.0]


def test_some_calls_are_left_for_others(serve, session, clock):
    http = session(serve((200, {LEFT: "5", RESET: "3"}, {})).url, budget={"keep": 5})
    http.get("x")
    http.get("x")
    assert clock.slept == [3.0]


def test_a_reset_too_far_away_is_an_error_and_no_night_of_waiting(serve, session):
    http = session(serve((200, {LEFT: "0", RESET: "3600"}, {})).url, budget={})
    http.get("x")
    with pytest.raises(ThrottledError) as caught:
        http.get("x")
    assert caught.value.retry_after == pytest.approx(3600, abs=1)


def test_where_retry_after_is_missing_the_reset_counts(serve, session, clock):
    http = session(serve((429, {RESET: "4"}, {}), (200, {}, {})).url, budget={})
    http.get("x")
    assert clock.slept == [4.0]


@pytest.mark.parametrize("form", ["seconds", "epoch", "epoch_ms", "iso"])
def test_the_reset_is_read_as_it_is_written(clock, form):
    moment = datetime.now(UTC) + timedelta(seconds=60)
    said = {
        "seconds": "60",
        "epoch": str(moment.timestamp()),
        "epoch_ms": str(moment.timestamp() * 1000),
        "iso": moment.isoformat(),
    }
    allowance = Allowance(Budget(reset_as=form), clock, clock.sleep)
    assert allowance.reset_in({RESET: said[form]}) == pytest.approx(60, abs=30)


@pytest.mark.parametrize("said", ["soon", "", "inf", "nan"])
def test_nonsense_is_no_reset(clock, said):
    allowance = Allowance(Budget(), clock, clock.sleep)
    allowance.note({LEFT: "0", RESET: said})
    allowance.wait(10)
    assert clock.slept == []


def test_calls_by_the_minute_are_calls_by_the_second():
    assert HttpOptions(per_minute=30).per_second == 0.5
    with pytest.raises(ValueError, match="rate and per_minute say the same"):
        HttpOptions(rate=1, per_minute=60)
