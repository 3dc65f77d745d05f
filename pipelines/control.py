"""The word of another shell on a run that is under way: that it pauses, goes on, or ends.

It stands in the ledger. The run looks there between steps, and while it writes to a target every
half second; what is under way then is finished first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import sqlalchemy as sa

from idp_core.db.engine import reading
from idp_core.ledger import store as ledger
from pipelines.errors import CancelledError

_EVERY = 0.5


@dataclass(slots=True)
class Control:
    """Knows whether one run is halted."""

    engine: sa.Engine
    run: str
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    _next: float = field(default=float("-inf"), init=False)
    _halt: ledger.Halt | None = field(default=None, init=False)

    def halted(self) -> bool:
        """Whether nothing new is to be begun now."""
        now = self.clock()
        if now >= self._next:
            self._next = now + _EVERY
            with reading(self.engine) as conn:
                self._halt = ledger.read_halt(conn, self.run)
        return self._halt is not None

    def wait(self) -> None:
        """Wait while the run is paused. Raises CancelledError when it is to end."""
        while self.halted():
            if self._halt is not None and self._halt.kind is ledger.HaltKind.CANCEL:
                raise CancelledError(_told(self._halt))
            self.sleep(_EVERY)

    def rest(self, seconds: float) -> None:
        """Sleep that long, but hear a word meanwhile. Raises CancelledError."""
        until = self.clock() + seconds
        while (left := until - self.clock()) > 0:
            self.wait()
            self.sleep(min(left, _EVERY))


def _told(halt: ledger.Halt) -> str:
    why = f" ({halt.why})" if halt.why else ""
    return (
        f"cancelled by {halt.who}{why}; what was done is kept, and the next run goes on from there"
    )


class Halting(Protocol):
    """Whether work is to begin nothing new; `Control` asks the ledger."""

    def halted(self) -> bool:
        """Whether nothing new is to be begun now."""

    def wait(self) -> None:
        """Wait while the work is paused. Raises CancelledError when it is to end."""

    def rest(self, seconds: float) -> None:
        """Sleep that long. Raises CancelledError."""


class Unhalted:
    """For work that nobody can halt."""

    def halted(self) -> bool:
        """Go on."""
        return False

    def wait(self) -> None:
        """Go on."""

    def rest(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)
