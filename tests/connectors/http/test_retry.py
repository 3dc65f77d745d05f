from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.http import HttpOptions
from connectors.http.limit import TokenBucket
from connectors.http.retry import back_off, retry_after

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("soon", None),
        ("inf", None),
        ("nan", None),
        ("0", 0.0),
        ("-5", 0.0),
        (" 120 ", 120.0),
        ("1.5", 1.5),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 0.0),
        ("Fri, 02 Jan 2026 03:04:15 -0000", 10.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header, seconds):
    assert retry_after(header, NOW) == seconds


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_a_wait_is_never_negative_nor_longer_than_the_longest(attempt, chance):
    options = HttpOptions(backoff_seconds=0.5, max_backoff_seconds=30)
    assert 0 <= back_off(attempt, options, lambda: chance) <= min(30, 0.5 * 2.0 ** min(attempt, 60))


@given(
    st.floats(0.5, 50),
    st.integers(1, 5),
    st.lists(st.floats(0, 3), min_size=1, max_size=40),
)
def test_a_bucket_never_lets_more_through_than_rate_and_burst(rate, burst, pauses):
    now = [0.0]
    taken: list[float] = []

    def sleep(seconds: float) -> None:
        now[0] += seconds

    bucket = TokenBucket(rate, burst, clock=lambda: now[0], sleep=sleep)
    for pause in pauses:
        now[0] += pause
        bucket.take()
        taken.append(now[0])
    for i, start in enumerate(taken):
        for j in range(i, len(taken)):
            assert j - i + 1 <= burst + (taken[j] - start) * rate + 1e-6
