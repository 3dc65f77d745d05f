"""Requests of strangers that are refused: each kind is told of, and none fills the audit log.

The first few of a kind in an hour are entries of their own; those after them are counted here, at
no cost to the database, and `due` gives the sums for one entry each.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

FEW = 3
"""Entries of its own that a kind gets in a window."""
WINDOW = timedelta(hours=1)


@dataclass(slots=True)
class _Seen:
    began: datetime
    count: int = 0
    untold: int = 0


@dataclass(frozen=True, slots=True)
class Sum:
    """So many refusals that no entry tells of yet: what was asked for, and why it was refused."""

    what: str
    code: str
    count: int
    since: datetime


class Refusals:
    """The refusals of one process. `what` and `code` are words of ours, never of a request."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], _Seen] = {}
        self._lock = threading.Lock()

    def is_told(self, what: str, code: str, now: datetime) -> bool:
        """Count a refusal; True when it shall be an entry of its own."""
        with self._lock:
            seen = self._seen.setdefault((what, code), _Seen(now))
            if now - seen.began >= WINDOW:
                seen.began, seen.count = now, 0
            seen.count += 1
            if seen.count <= FEW:
                return True
            seen.untold += 1
            return False

    def due(self) -> Sequence[Sum]:
        """Take the sums that nobody was told of."""
        with self._lock:
            found = [
                Sum(what, code, seen.untold, seen.began)
                for (what, code), seen in self._seen.items()
                if seen.untold
            ]
            for each in found:
                self._seen[each.what, each.code].untold = 0
        return found

    def give_back(self, sums: Iterable[Sum]) -> None:
        """Count sums again that could not be told."""
        with self._lock:
            for each in sums:
                self._seen[each.what, each.code].untold += each.count
