"""Ends what takes too long, by one timer for all of it.

A timer for each request costs a tenth of a small one: it is set, kept in order among the others and
taken back. Here what is under way is looked through now and then; so it is ended at its time or a
little later.
"""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Self

_PARTS = 8
"""It is looked so many times in the seconds that are allowed: one part of them is the latest."""


class Overdue:
    """Ends with TimeoutError what is under way longer than `seconds`; ``with overdue:`` marks it.

    One task may mark one thing at a time. `close` it where it is no longer needed.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._begun: dict[asyncio.Task[object], float] = {}
        self._ended: set[asyncio.Task[object]] = set()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        task = asyncio.current_task(self._loop)
        if task is None:
            raise RuntimeError("only a task can be ended")
        self._begun[task] = time.monotonic()
        if self._timer is None:
            self._timer = self._loop.call_later(self._seconds / _PARTS, self._look)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        task = asyncio.current_task(self._loop)
        if task is None:
            return
        del self._begun[task]
        if self._ended and task in self._ended:
            self._ended.discard(task)
            if task.uncancel() == 0 and kind is asyncio.CancelledError:
                raise TimeoutError from error

    def close(self) -> None:
        """Look no more."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        oldest = time.monotonic() - self._seconds
        for task, begun in self._begun.items():
            if begun <= oldest and task not in self._ended:
                self._ended.add(task)
                task.cancel()
        if self._begun:
            self._timer = self._loop.call_later(self._seconds / _PARTS, self._look)
