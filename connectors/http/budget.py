"""How many calls a system still allows, by what its answers tell; and pauses it asks for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import structlog

from connectors.errors import ThrottledError
from connectors.http.options import Budget

log = structlog.get_logger(__name__)


class Allowance:
    """Waits before a call where the system said so; safe to share between threads."""

    def __init__(
        self,
        budget: Budget | None,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._budget, self._clock, self._sleep = budget, clock, sleep
        self._lock = threading.Lock()
        self._not_before = 0.0

    def pause(self, seconds: float) -> None:
        """Let no call go out for this long."""
        with self._lock:
            self._not_before = max(self._not_before, self._clock() + seconds)

    def note(self, headers: Mapping[str, str]) -> None:
        """Read what an answer tells: with too few calls left, there is a pause until the reset."""
        left = _number(headers.get(self._budget.remaining)) if self._budget else None
        wait = self.reset_in(headers)
        if self._budget and left is not None and wait is not None and left <= self._budget.keep:
            self.pause(wait)

    def wait(self, longest: float) -> None:
        """Wait for the end of a pause; ThrottledError when that is more than `longest` seconds."""
        left = self._not_before - self._clock()
        if left <= 0:
            return
        if left > longest:
            raise ThrottledError("the system allows no more calls for now", left)
        log.info("http.pause", wait=round(left, 3))
        self._sleep(left)

    def reset_in(self, headers: Mapping[str, str]) -> float | None:
        """Return the seconds until the system allows more calls; None when it does not tell."""
        said = headers.get(self._budget.reset) if self._budget else None
        if said is None or self._budget is None:
            return None
        now = datetime.now(UTC)
        try:
            match self._budget.reset_as:
                case "seconds":
                    wait = float(said)
                case "epoch":
                    wait = float(said) - now.timestamp()
                case "epoch_ms":
                    wait = float(said) / 1000 - now.timestamp()
                case _:
                    moment = datetime.fromisoformat(said)
                    wait = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
                    wait -= now.timestamp()
        except ValueError:
            return None
        return max(0.0, wait) if wait < float("inf") else None


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
