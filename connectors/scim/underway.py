"""Several pieces of work at once, whose results are taken as they come; many may be small."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")

_LONGEST = 0.02
"""Seconds for which a result waits for others: whoever takes them is woken seldom."""


class UnderWay(Generic[T]):
    """Draws pieces of work and does so many of them at once; use as an async context manager.

    A task for each piece would cost as much as a small piece itself; here each of `lanes` tasks
    draws its next piece when one is done. Results are given several at a time: as soon as there
    are `together`, or one that is `urgent`, or one has waited. While twice as many wait nothing is
    drawn. At the end the rest is cancelled.
    """

    def __init__(
        self,
        works: Iterator[Coroutine[Any, Any, T]],
        lanes: int,
        *,
        together: int = 1,
        urgent: Callable[[T], bool] = lambda _: False,
    ) -> None:
        self._works = works
        self._lanes = lanes
        self._together, self._urgent = together, urgent
        self._tasks: list[asyncio.Task[None]] = []
        self._left = lanes
        self._ended: list[T] = []
        self._errors: list[Exception] = []
        self._some, self._room = asyncio.Event(), asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._lane(loop)) for _ in range(self._lanes)]
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._timer:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def ended(self) -> Sequence[T]:
        """Return the results of those that have ended, waiting for some; none when all have.

        Raises the error of the first that failed, once those that ended well were taken; after an
        error nothing more is drawn.
        """
        if not self._ended and not self._errors and self._left:
            await self._some.wait()
        self._some.clear()
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._ended:
            good, self._ended = self._ended, []
            self._room.set()
            return good
        if self._errors:
            raise self._errors.pop(0)
        return ()

    async def _lane(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            while not self._errors:
                while len(self._ended) >= 2 * self._together:
                    self._room.clear()
                    await self._room.wait()
                work = next(self._works, None)
                if work is None:
                    break
                result = await work
                self._ended.append(result)
                if len(self._ended) >= self._together or self._urgent(result):
                    self._some.set()
                elif self._timer is None:
                    self._timer = loop.call_later(_LONGEST, self._some.set)
        except Exception as error:  # noqa: BLE001 (it is the taker's, who waits elsewhere)
            self._errors.append(error)
        finally:
            self._left -= 1
            if self._errors or not self._left:
                self._some.set()
