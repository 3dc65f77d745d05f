"""The breaker: a target that refuses too much is left alone early, with its reason."""

from __future__ import annotations

from collections import Counter, deque

from connectors.errors import ConnectorError, ThrottledError
from pipelines.provision.errors import QuarantinedError

IN_A_ROW = 20
WINDOW = 50
SHARE = 0.20


class Breaker:
    """Counts outcomes; raises QuarantinedError at 20 failures in a row or over 20 % of 50.

    Being throttled is no failure: the connector waits and goes on.
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self._row = 0
        self._window: deque[bool] = deque(maxlen=WINDOW)
        self._reasons: Counter[str] = Counter()

    def record(self, error: ConnectorError | None) -> None:
        """Take one outcome into account."""
        if isinstance(error, ThrottledError):
            return
        self._window.append(error is not None)
        if error is None:
            self._row = 0
            return
        self._row += 1
        self._reasons[str(error)] += 1
        failed = sum(self._window)
        if self._row >= IN_A_ROW:
            self._trip(f"{self._row} changes in a row failed")
        if len(self._window) == WINDOW and failed > SHARE * WINDOW:
            self._trip(f"{failed} of the last {WINDOW} changes failed")

    def _trip(self, what: str) -> None:
        reason, _ = self._reasons.most_common(1)[0]
        raise QuarantinedError(
            f"{self._target}: {what}. Nothing more is sent, what was done is kept; mend the cause "
            f"and run again. Most often it was: {reason}"
        )
