"""How much of what a limited SCIM provider allows is used, in real time: reading, writing, bulk.

``python -m benchmarks pacing [--seconds N]``. The provider is a process of its own with a token
bucket for each class of requests; who asks too much gets 429 with ``Retry-After``.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Iterator

import aiohttp

from benchmarks._scim import Bucket, served
from connectors.contract import Action, Change
from connectors.scim import Scim
from connectors.scim.quirks import Quirks

RATES = {"write": (150.0, 30.0), "bulk": (1_000.0, 1_000.0), "read": (60.0, 10.0)}
"""By class: operations a second, and how many at once."""


def changes(seconds: float) -> Iterator[Change]:
    """Yield creations for so many seconds."""
    until, number = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        number += 1
        key = f"k{number}"
        yield Change(number, "User", Action.CREATE, key, after={"userName": key})


def _asking(url: str, seconds: float) -> None:
    target, until = Scim(url=url), time.monotonic() + seconds
    while time.monotonic() < until:
        target.find("User", "userName", "nobody")


def _writing(url: str, seconds: float, quirks: Quirks | None = None) -> None:
    for outcome in Scim(url=url, quirks=quirks).apply(changes(seconds)):
        assert outcome.error is None


def main(argv: list[str] | None = None) -> int:
    """Measure and print; 1 when a goal is missed once the first minute is over."""
    parser = argparse.ArgumentParser(prog="benchmarks pacing", description=__doc__)
    parser.add_argument("--seconds", type=float, default=180.0)
    seconds = parser.parse_args(argv).seconds
    print(
        f"{platform.machine()}, Python {platform.python_version()}, aiohttp {aiohttp.__version__}"
    )
    print(f"{'class':<8}{'allowed/s':>10}{'used':>8}{'429':>8}   after a minute: used, 429")
    with served(RATES) as server:
        _writing(server.url, seconds)
        _writing(server.url, seconds, Quirks(bulk=100))
        _asking(server.url, seconds)
        good = [_told(kind, bucket) for kind, bucket in server.buckets().items()]
    print(f"goals: 95% used with less than 1% of 429: {'met' if all(good) else 'MISSED'}")
    return 0 if all(good) else 1


def _told(kind: str, bucket: Bucket) -> bool:
    """Print what came of a class; whether its goals hold after a minute."""
    begun = min(moment for moment, _ in bucket.taken)
    whole, late = _shares(bucket, begun), _shares(bucket, begun + 60.0)
    said = f"{whole[0]:>8.1%}{whole[1]:>8.2%}{late[0]:>23.1%}{late[1]:>8.2%}"
    print(f"{kind:<8}{bucket.rate:>10,.0f}{said}")
    return late[0] >= 0.95 and late[1] < 0.01


def _shares(bucket: Bucket, since: float) -> tuple[float, float]:
    """Return the share of the allowed operations that was used, and that of refused requests."""
    taken = [(moment, weight) for moment, weight in bucket.taken if moment >= since]
    if len(taken) < 2:
        return 0.0, 0.0
    used = sum(weight for _, weight in taken[:-1])
    refused = sum(moment >= since for moment in bucket.refused)
    allowed = bucket.rate * (taken[-1][0] - taken[0][0])
    return used / allowed, refused / (refused + len(taken))


if __name__ == "__main__":
    sys.exit(main())
