"""Several pieces of work at once, whose results are taken as they come; many may be small."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")


class UnderWay(Generic[T]):
    """Tasks that were begun; use as an async context manager, which cancels what is left.

    `asyncio.wait` looks at every task each time one ends; here each tells of itself.
    """

    def __init__(self) -> None:
        self._running: set[asyncio.Task[T]] = set()
        self._ended: list[asyncio.Task[T]] = []
        self._some = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        left = [*self._running, *self._ended]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def __len__(self) -> int:
        """Return how many have begun and were not taken."""
        return len(self._running) + len(self._ended)

    def begin(self, work: Coroutine[Any, Any, T]) -> None:
        """Begin a piece of work."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._end)

    async def ended(self) -> Sequence[T]:
        """Return the results of those that have ended, waiting for one.

        Raises the error of the first that failed, once those that ended well before were taken.
        """
        if not self._ended:
            self._some.clear()
            await self._some.wait()
        good = []
        while self._ended and self._ended[0].exception() is None:
            good.append(self._ended.pop(0).result())
        return good or [self._ended.pop(0).result()]

    def _end(self, task: asyncio.Task[T]) -> None:
        self._running.discard(task)
        self._ended.append(task)
        self._some.set()
