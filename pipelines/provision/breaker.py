"""The breaker: a target that refuses too much is left alone early, with its reason."""

from __future__ import annotations

import re
from collections import Counter, deque

from connectors.errors import ConnectorError, ThrottledError
from pipelines.provision.errors import QuarantinedError

IN_A_ROW = 20
WINDOW = 50
SHARE = 0.20
PROBES = 3
"""So many changes are sent first to a target in quarantine."""
_ID = re.compile(r"(?<=\w/)[^/\s:?]+(?=[:?\s])")
"""The last part of an address that names one account: reasons are counted without it."""


def kind(reason: str) -> str:
    """Return a reason without the account; its address ends at the first colon."""
    call, colon, rest = reason.partition(": ")
    return _ID.sub("…", call + colon) + rest


class Breaker:
    """Counts outcomes; raises QuarantinedError at 20 failures in a row or over 20 % of 50.

    Being throttled is no failure: the connector waits and goes on. With `probes`, that many
    failures in a row are enough until one change passed.
    """

    def __init__(self, target: str, probes: int = 0) -> None:
        self._target = target
        self._probes = probes
        self._row = 0
        self._window: deque[bool] = deque(maxlen=WINDOW)
        self._reasons: Counter[str] = Counter()

    def record(self, error: ConnectorError | None, told: str = "") -> None:
        """Take one outcome into account; `told` says more than the error does."""
        if error is None:
            self._window.append(False)
            self._row = self._probes = 0
            return
        if isinstance(error, ThrottledError):
            return
        self._window.append(True)
        self._row += 1
        self._reasons[kind(told or str(error))] += 1
        failed = sum(self._window)
        if self._probes and self._row >= self._probes:
            self._trip("it is in quarantine, and the first changes failed again")
        if self._row >= IN_A_ROW:
            self._trip(f"{self._row} changes in a row failed")
        if len(self._window) == WINDOW and failed > SHARE * WINDOW:
            self._trip(f"{failed} of the last {WINDOW} changes failed")

    def _trip(self, what: str) -> None:
        reason, _ = self._reasons.most_common(1)[0]
        raise QuarantinedError(
            f"{self._target}: {what}. Nothing more is sent, what was done is kept; mend the cause "
            f"and run again: the next run tries a few changes first. Most often it was: {reason}",
            reason=reason,
        )
