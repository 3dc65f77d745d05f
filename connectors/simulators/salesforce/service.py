"""The whole API as one function from request to answer."""

from __future__ import annotations

import re
import threading
from collections import Counter
from dataclasses import dataclass, field

from connectors.simulators.salesforce import collections, composite, records
from connectors.simulators.salesforce.access import Access
from connectors.simulators.salesforce.bulk import Bulk
from connectors.simulators.salesforce.errors import ApiError, not_found
from connectors.simulators.salesforce.faults import Fault
from connectors.simulators.salesforce.org import Org
from connectors.simulators.salesforce.queries import Queries
from connectors.simulators.salesforce.wire import Request, Response

VERSIONS = tuple(f"{number}.0" for number in range(50, 66))
_VERSION = re.compile(r"v(\d+\.0)")


@dataclass(slots=True)
class Service:
    """An org with everything around it. Requests come in one at a time.

    `calls` counts what was asked for by ``METHOD /resource``; `used` are the calls of the day that
    count against `daily`.
    """

    org: Org
    access: Access
    daily: int = 15_000
    used: int = 0
    faults: list[Fault] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    queries: Queries = field(init=False)
    bulk: Bulk = field(init=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def __post_init__(self) -> None:
        self.queries = Queries(self.org)
        self.bulk = Bulk(self.org, self.queries)

    def fault(self, request: Request) -> Fault | None:
        """The fault that is due."""
        with self._lock:
            return next((each for each in self.faults if each.fits(request)), None)

    def handle(self, request: Request, base: str) -> Response:
        """Answer a request; `base` is the address that it came to."""
        with self._lock:
            try:
                return self._route(request, base)
            except ApiError as error:
                return Response.refusing(error)
            finally:
                self.org.commit()

    def _route(self, request: Request, base: str) -> Response:
        match request.segments:
            case ("services", "oauth2", "token") if request.method == "POST":
                return self.access.token(request, base)
            case ("services", "oauth2", "revoke"):
                return self.access.revoke(request)
            case ("services", "oauth2", "userinfo") | ("id", _, _):
                self.access.require(request)
                return Response.of(self.access.identity(base))
            case ("services", "Soap", "u" | "c", version, *_) if request.method == "POST":
                return self.access.soap(request, base, version)
            case ("services", "data"):
                return Response.of([_version(each) for each in VERSIONS])
            case ("services", "data", named, *parts):
                return self._counted(request, named, tuple(parts))
        raise not_found()

    def _counted(self, request: Request, named: str, parts: tuple[str, ...]) -> Response:
        """A call of the REST API: it needs a session and counts."""
        self.access.require(request)
        found = _VERSION.fullmatch(named)
        if found is None or found[1] not in VERSIONS:
            raise not_found()
        if self.used >= self.daily:
            raise ApiError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
        self.used += 1
        self.calls[f"{request.method} /{'/'.join(parts[:2])}"] += 1
        try:
            answer = self._resource(request, found[1], parts)
        except ApiError as error:
            answer = Response.refusing(error)
        headers = {**answer.headers, "Sforce-Limit-Info": f"api-usage={self.used}/{self.daily}"}
        return Response(answer.status, answer.body, headers)

    def _resource(  # noqa: PLR0911 (one line a resource)
        self, request: Request, version: str, parts: tuple[str, ...]
    ) -> Response:
        options = request.headers.get("sforce-query-options", "")
        match parts:
            case ():
                return Response.of({n: f"/services/data/v{version}/{n}" for n in _RESOURCES})
            case ("limits",):
                return Response.of(self._limits())
            case (("query" | "queryAll") as name,) if "q" in request.query:
                deleted, text = name == "queryAll", request.query["q"]
                return Response.of(self.queries.first(text, version, options, deleted=deleted))
            case (("query" | "queryAll"), locator):
                return Response.of(self.queries.more(locator, version, options))
            case ("sobjects", *rest):
                return records.serve(self.org, request, tuple(rest), version)
            case ("composite", "sobjects", *rest):
                return collections.serve(self.org, request, tuple(rest), version)
            case ("composite", "batch") if request.method == "POST":
                return composite.batch(request, self._inner)
            case ("composite",) if request.method == "POST":
                return composite.composite(request, self._inner)
            case ("jobs", *rest):
                return self.bulk.serve(request, tuple(rest), version, self.org.user_id)
        raise not_found()

    def _inner(self, request: Request) -> Response:
        """A request within a request: it does not count."""
        match request.segments:
            case ("services", "data", named, *parts) if found := _VERSION.fullmatch(named):
                try:
                    return self._resource(request, found[1], tuple(parts))
                except ApiError as error:
                    return Response.refusing(error)
        return Response.refusing(not_found())

    def _limits(self) -> dict[str, dict[str, int]]:
        jobs = len(self.bulk.jobs)
        return {
            "DailyApiRequests": {"Max": self.daily, "Remaining": self.daily - self.used},
            "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000 - jobs},
            "DailyBulkApiBatches": {"Max": 15_000, "Remaining": 15_000},
            "DataStorageMB": {"Max": 1024, "Remaining": 1000},
        }


_RESOURCES = ("sobjects", "query", "queryAll", "limits", "composite", "jobs")


def _version(number: str) -> dict[str, str]:
    return {"version": number, "label": f"v{number}", "url": f"/services/data/v{number}"}
