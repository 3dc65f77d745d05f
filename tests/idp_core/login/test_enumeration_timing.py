"""Enumeration by time, as somebody with a stopwatch would try it: many requests, compared by rank.

The time of the processor is taken, not of the clock on the wall, and known and unknown addresses
take turns: what else the machine does falls on both alike.
"""

from __future__ import annotations

import random
import time
from bisect import bisect_left, bisect_right

import pytest

from idp_core.site.config import LoginSettings, ServeConfig
from tests.idp_core.people import make_account
from tests.idp_core.web.browser import ORIGIN, Browser

ROUNDS = 80
FAR = 0.25
"""How far from one half the ranks may be. With 80 a side one standard deviation of chance is 0.05.
A hash or a mail that is left out makes it 0.5; `test_enumeration` finds single statements."""


@pytest.fixture
def config():
    return ServeConfig(issuer=ORIGIN, login=LoginSettings(first=("password", "mailcode")))


WAYS = {
    "login": ("/login", {"password": "wrong"}),
    "recovery": ("/recover", {}),
    "registration": ("/register", {}),
    "code by mail": ("/login/mail", {}),
}


def seconds(app, way, address, n):
    """The processor time of one form, sent from a browser of its own."""
    browser = Browser(app, peer=f"91.{n // 200 + 7}.{n % 200}.9")
    path, fields = WAYS[way]
    page = browser.get(path)
    begun = time.process_time()
    got = browser.submit(page, email=address, **fields)
    taken = time.process_time() - begun
    return taken, got.status


def share(ones, others):
    """How often one of `ones` is more than one of `others`, ties by half (Mann and Whitney)."""
    ranked = sorted(others)
    more = sum(bisect_left(ranked, each) + bisect_right(ranked, each) for each in ones)
    return more / (2 * len(ones) * len(others))


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_the_time_of_an_answer_does_not_tell_whether_there_is_an_account(app, site, way):
    hashed = site.hasher.hash("a phrase")
    for n in range(ROUNDS):
        make_account(site, f"person{n:03}@example.org", hashed=hashed)
    tries = [
        (f"{who}{n:03}@example.org", who) for n in range(ROUNDS) for who in ("person", "nobody")
    ]
    random.Random(7).shuffle(tries)
    taken, statuses = {"person": [], "nobody": []}, set()
    seconds(app, way, "warm@example.org", 999)
    for n, (address, who) in enumerate(tries):
        spent, status = seconds(app, way, address, n)
        taken[who].append(spent)
        statuses.add(status)
    assert len(statuses) == 1
    assert abs(share(taken["person"], taken["nobody"]) - 0.5) < FAR


def test_ranks_tell_what_is_slower_and_nothing_of_what_is_not():
    assert share([2, 3], [0, 1]) == 1
    assert share([0, 1], [2, 3]) == 0
    assert share([1, 2, 3], [3, 2, 1]) == 0.5
