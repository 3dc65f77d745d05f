"""Counts for Prometheus: requests by route, method and status, and what slices count of their own.

No label holds anything a stranger can choose: paths are those of routes, never of requests.

Of several workers each counts into files of its own in the folder that PROMETHEUS_MULTIPROC_DIR
names (prometheus_client looks at it when it is imported); whichever is asked tells the sum.
"""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Metrics:
    """The counters of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "isthmus_http_requests", "Requests answered.", ("route", "method", "status"),
            registry=self.registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "isthmus_http_seconds", "Time to the answer.", ("route",), buckets=_BOUNDS,
            registry=self.registry,
        )  # fmt: skip
        self._happened = Counter(
            "isthmus_login_events", "What happened, by kind and outcome.", ("kind", "outcome"),
            registry=self.registry,
        )  # fmt: skip

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answer."""
        known = method if method in ("GET", "POST", "HEAD", "OPTIONS") else "other"
        self._requests.labels(route, known, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def happened(self, kind: str, outcome: str) -> None:
        """Count something of a slice: a login, a token, a refusal."""
        self._happened.labels(kind, outcome).inc()

    def text(self) -> bytes:
        """Return all of it in Prometheus' text format."""
        if FOLDER not in os.environ:
            return generate_latest(self.registry)
        every = CollectorRegistry()
        MultiProcessCollector(every)  # type: ignore[no-untyped-call]
        return generate_latest(every)
