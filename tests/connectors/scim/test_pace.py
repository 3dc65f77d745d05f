"""How requests are paced, against providers that allow so many; time is counted, not waited for."""

import asyncio
import heapq

import pytest

from connectors.scim.pace import Limit, Pace


class World:
    """A clock that only waiting moves, and a provider with a bucket of `burst` tokens."""

    def __init__(self, rate, burst, delay=0.02, retry_after=1.0):
        self.now, self.rate, self.burst = 0.0, rate, burst
        self.tokens, self.at, self.delay, self.retry_after = float(burst), 0.0, delay, retry_after
        self.waiting, self.taken, self.refused = [], [], []

    async def sleep(self, seconds):
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self.waiting, (self.now + seconds, id(woken), woken))
        await woken

    def take(self):
        self.tokens = min(self.burst, self.tokens + (self.now - self.at) * self.rate)
        self.at = self.now
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True

    async def client(self, pace, until):
        while self.now < until:
            await pace.turn("write")
            taken = self.take()
            await self.sleep(self.delay)
            if taken:
                self.taken.append(self.now)
                pace.accepted("write")
            else:
                self.refused.append(self.now)
                pace.refused("write", self.retry_after)

    async def live(self, pace, until, lanes=8):
        clients = [asyncio.ensure_future(self.client(pace, until)) for _ in range(lanes)]
        while not all(each.done() for each in clients):
            for _ in range(4):
                await asyncio.sleep(0)
            if self.waiting:
                self.now, _, woken = heapq.heappop(self.waiting)
                woken.set_result(None)
        for each in clients:
            each.result()


def lived(rate, burst, until=300.0, own=None):
    world = World(rate, burst)
    pace = Pace(own, clock=lambda: world.now, sleep=world.sleep)
    asyncio.run(world.live(pace, until))
    return world


@pytest.mark.parametrize(("rate", "burst"), [(20, 1), (20, 20), (100, 5), (100, 100), (200, 20)])
def test_a_limited_provider_is_used_almost_fully_and_hardly_ever_refuses(rate, burst):
    world = lived(rate, burst)
    late = [moment for moment in world.taken if moment >= 60.0]
    refused = [moment for moment in world.refused if moment >= 60.0]
    assert len(late) >= 0.95 * rate * 240.0
    assert len(refused) < 0.01 * len(late)


def test_what_we_allow_ourselves_is_kept_without_any_refusal():
    world = lived(100, 5, until=60.0, own=40.0)
    assert world.refused == []
    assert 0.97 * 40 * 60 <= len(world.taken) <= 40 * 60 + 8


def test_a_provider_without_a_limit_is_not_slowed_down():
    world = lived(1e9, 1e9, until=2.0)
    assert len(world.taken) >= 8 * 2.0 / 0.02 - 8


def test_a_refusal_of_writes_holds_no_reading_up():
    pace = Pace(None, clock=lambda: 5.0)
    pace.refused("write", 30.0)
    assert (pace.limit("write").frozen, pace.limit("read").frozen) == (35.0, float("-inf"))


def test_turns_that_come_late_are_made_good_but_a_long_rest_is_no_credit():
    now = [0.0]

    async def oversleep(seconds):
        now[0] += seconds + 0.004  # as a busy machine wakes a sleeper

    pace = Pace(100.0, clock=lambda: now[0], sleep=oversleep)

    async def turns(count):
        begun = now[0]
        for _ in range(count):
            await pace.turn("write")
        return now[0] - begun

    assert asyncio.run(turns(101)) == pytest.approx(1.0, abs=0.02)
    now[0] += 60.0
    assert asyncio.run(turns(101)) >= 0.93


def test_what_was_taken_within_one_moment_counts_each():
    limit = Limit()
    for n in range(4_000):
        limit.accepted(n / 4_000)  # four a millisecond, for a second
        limit.accepted(n / 4_000, weight=9)
    limit.refused(1.0, wait=0.0)
    assert limit.rate == pytest.approx(0.98 * 40_000 / 2)
    limit.refused(2.5, wait=0.0)
    assert limit.rate == pytest.approx(0.2)  # nothing was taken since the first refusal
