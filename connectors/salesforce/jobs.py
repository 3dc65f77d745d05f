"""Bulk 2.0 jobs: waited for with patience, and removed with what they hold."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from connectors.errors import ConnectorError
from connectors.salesforce.client import Client

_ENDED = frozenset({"JobComplete", "Failed", "Aborted"})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a job may take, and the longest wait between two looks at it, in seconds."""

    seconds: float
    poll: float
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def waits(self) -> Iterator[float]:
        """Waits that double, until the time is up."""
        ends = self.clock() + self.seconds
        wait = min(0.2, self.poll)
        while self.clock() < ends:
            yield wait
            wait = min(self.poll, wait * 2)


def await_end(jobs: Any, job_id: str, patience: Patience, *, reads: bool) -> dict[str, Any] | None:
    """The job when it has come to an end; None when it takes too long."""
    for wait in patience.waits():
        job: dict[str, Any] = jobs.get_job(job_id, reads)
        if job["state"] in _ENDED:
            return job
        patience.sleep(wait)
    return None


def why(job: dict[str, Any] | None) -> str:
    """What a job says of its end: the first word of its message, which holds no values."""
    word = str((job or {}).get("errorMessage") or "").partition(":")[0].strip()
    return word if word.isalpha() else "no reason given"


def remove(client: Client, job: str) -> None:
    """Remove a job by its path, for its results are customers' data.

    What is still at work is stopped. Salesforce removes jobs by itself after a week, so a failure
    here is not told.
    """
    with suppress(ConnectorError):
        if client.send("GET", job)["state"] not in _ENDED:
            client.send("PATCH", job, {"state": "Aborted"})
        client.send("DELETE", job)
