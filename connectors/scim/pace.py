"""How fast requests go: what we allow ourselves, and what the provider is found to allow.

Each class of requests (reading, writing, bulk) has a limit of its own, found out by asking for too
much: a refusal (429) sets it a little below what was taken in the last two seconds, and it grows
steadily from there, in finer steps after each refusal. A `Retry-After` freezes its class.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

_WINDOW = 2.0
"""Seconds over which it is counted what a provider takes."""
_SHORTEST = 0.25
"""Seconds that are enough for a first count."""
_BELOW = 0.98
"""So much of what was taken is asked for after a refusal."""
_GRAIN = 0.001
"""Seconds in which what was taken is kept as one: a line for each request would be felt."""
_SLOWEST = 0.2
"""Requests a second that are always tried."""
_FIRST_GROWTH, _LEAST_GROWTH = 1.0, 0.001
"""By which share of itself a limit grows in a second, before and after many refusals."""
_CALM = 60.0
"""Seconds without a refusal after which a limit grows in larger steps again."""

_CATCH_UP = 0.05
"""Seconds by which a turn that came late is made good: sleeping is not exact."""


class Limit:
    """What a provider allows of one class of requests, a second; it knows none until refused."""

    def __init__(self) -> None:
        self.rate: float | None = None
        self.frozen = float("-inf")
        self._growth = _FIRST_GROWTH
        self._taken: deque[list[float]] = deque()
        self._grown = 0.0

    def accepted(self, now: float, weight: int = 1) -> None:
        """Note a request that the provider took; `weight` is how many operations it carried."""
        if self._taken and now - self._taken[-1][0] < _GRAIN:
            self._taken[-1][1] += weight
        else:
            self._taken.append([now, weight])
            while self._taken[0][0] < now - _WINDOW:
                self._taken.popleft()
        if self.rate is None:
            return
        passed = min(now - self._grown, _WINDOW)
        self.rate *= 1.0 + self._growth * max(passed, 0.0)
        if now - max(self.frozen, self._grown) > _CALM:
            self._growth = min(self._growth * 2, _FIRST_GROWTH)
        self._grown = now

    def refused(self, now: float, wait: float) -> None:
        """Note a refusal and the wait it asks for; those under way with it say nothing new."""
        if now >= self.frozen:
            begun = max(now - _WINDOW, self.frozen)
            taken = sum(weight for moment, weight in self._taken if moment >= begun)
            seen = taken / min(max(now - begun, _SHORTEST), _WINDOW)
            self.rate = max(_SLOWEST, _BELOW * min(seen, self.rate or seen))
            self._growth = max(self._growth / 4, _LEAST_GROWTH)
        self.frozen = max(self.frozen, now + wait)
        self._grown = self.frozen


class Pace:
    """Gives each request its turn: `rate` requests a second at most, None for no limit of ours."""

    def __init__(
        self,
        rate: float | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._gap = 1.0 / rate if rate else 0.0
        self._next = 0.0
        self._turns: dict[str, float] = {}
        self._limits: dict[str, Limit] = {}
        self._clock, self._sleep = clock, sleep

    def limit(self, kind: str) -> Limit:
        """Return what is known of one class of requests."""
        limit = self._limits.get(kind)
        if limit is None:
            limit = self._limits[kind] = Limit()
        return limit

    def free(self, kind: str) -> bool:
        """Whether requests of this class need no turn: none was ever refused, none is limited."""
        limit = self._limits.get(kind)
        return limit is not None and limit.rate is None and not self._gap

    async def turn(self, kind: str, weight: int = 1) -> None:
        """Wait for a request's turn; one that carries many operations counts as so many.

        Who waited looks again: a freeze may have come meanwhile.
        """
        limit = self.limit(kind)
        while True:
            now = self._clock()
            start = max(now, self._next, self._turns.get(kind, 0.0), limit.frozen)
            if start <= now:
                break
            await self._sleep(start - now)
        late = now - _CATCH_UP  # who slept too long must not make all after it later
        self._next = max(self._next, late) + self._gap * weight
        due = max(self._turns.get(kind, 0.0), limit.frozen, late)
        self._turns[kind] = due + (weight / limit.rate if limit.rate else 0.0)

    def accepted(self, kind: str, weight: int = 1) -> None:
        """Note a request that the provider did not refuse for its number."""
        limit = self._limits.get(kind) or self.limit(kind)
        limit.accepted(self._clock(), weight)

    def refused(self, kind: str, wait: float) -> None:
        """Let no request of this class have a turn for so many seconds, and slow down."""
        self.limit(kind).refused(self._clock(), wait)
