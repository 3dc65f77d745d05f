"""Bulk API 2.0: jobs that read or write many records as CSV.

A job moves on each time it is looked at: UploadComplete, InProgress, JobComplete. So a test needs
no waiting, and a client that does not look sees nothing done.
"""

from __future__ import annotations

from typing import Any

from connectors.simulators.salesforce.csvtext import Dialect
from connectors.simulators.salesforce.errors import ApiError, not_found
from connectors.simulators.salesforce.ids import make_id
from connectors.simulators.salesforce.ingest import ingest
from connectors.simulators.salesforce.jobs import Job
from connectors.simulators.salesforce.org import Org
from connectors.simulators.salesforce.queries import Queries
from connectors.simulators.salesforce.values import show, show_csv
from connectors.simulators.salesforce.wire import EMPTY, Request, Response

_QUERIES = ("query", "queryAll")
_WRITES = ("insert", "update", "upsert", "delete", "hardDelete")
_MOST_BYTES = 150_000_000


class Bulk:
    """All jobs of an org."""

    def __init__(self, org: Org, queries: Queries) -> None:
        self.org = org
        self.jobs: dict[str, Job] = {}
        self.fail_next: str | None = None
        """The message with which the next job fails, half of its records done."""
        self.looks_needed = 1
        """How many looks find a job still at work."""
        self._queries = queries

    def serve(  # noqa: PLR0911 (one line a resource)
        self, request: Request, parts: tuple[str, ...], version: str, user: str
    ) -> Response:
        """``/jobs/...``, its parts after that word."""
        match request.method, parts:
            case "POST", ("query",):
                return Response.of(self._described(self._new_query(request, version), user))
            case "POST", ("ingest",):
                return Response.of(self._described(self._new_ingest(request, version), user))
            case "GET", (("query" | "ingest") as kind,):
                jobs = [self._described(j, user) for j in self.jobs.values() if j.kind == kind]
                return Response.of({"done": True, "records": jobs, "nextRecordsUrl": None})
            case method, (("query" | "ingest") as kind, job_id):
                return self._one(request, method, self._job(kind, job_id), user)
            case "PUT", ("ingest", job_id, "batches"):
                return self._upload(request, self._job("ingest", job_id))
            case "GET", ("query", job_id, "results"):
                return self._query_results(request, self._job("query", job_id))
            case "GET", ("ingest", job_id, what):
                return self._ingest_results(self._job("ingest", job_id), what)
        raise not_found()

    def _new_query(self, request: Request, version: str) -> Job:
        body = request.mapping()
        job = self._make(body, "query", version, _QUERIES)
        job.plan = self._queries.plan(str(body.get("query") or ""))
        if job.plan.select.count or job.plan.select.offset:
            raise ApiError(
                "API_ERROR", "Aggregate functions and OFFSET are not supported in Bulk Query"
            )
        if any(column.wanted.type == "address" for column in job.plan.columns):
            raise ApiError("API_ERROR", "Selecting compound data not supported in Bulk Query")
        job.object, job.state = job.plan.sobject.name, "UploadComplete"
        self.jobs[job.id] = job
        return job

    def _new_ingest(self, request: Request, version: str) -> Job:
        body = request.mapping()
        job = self._make(body, "ingest", version, _WRITES)
        try:
            sobject = self.org.sobject(str(body.get("object") or ""))
        except ApiError:
            raise ApiError("INVALIDENTITY", f"Unknown object {body.get('object')}") from None
        job.object, job.external_id = sobject.name, body.get("externalIdFieldName")
        if job.operation == "upsert":
            if not job.external_id:
                raise ApiError("INVALIDJOB", "Upsert operation must include externalIdFieldName")
            try:
                sobject.external_id(job.external_id)
            except ApiError:
                raise ApiError(
                    "INVALIDJOB",
                    f"InvalidJob : Field name not found or not an external id: {job.external_id}",
                ) from None
        self.jobs[job.id] = job
        return job

    def _make(
        self, body: dict[str, Any], kind: str, version: str, operations: tuple[str, ...]
    ) -> Job:
        operation = body.get("operation")
        if operation not in operations:
            raise ApiError("INVALIDJOB", f"Unknown operation: {operation}")
        if body.get("contentType", "CSV") != "CSV":
            raise ApiError("INVALIDJOB", "Content type must be CSV")
        dialect = Dialect.of(
            str(body.get("columnDelimiter") or "COMMA"), str(body.get("lineEnding") or "LF")
        )
        created = show(self.org.clock())
        return Job(make_id("750", len(self.jobs) + 1), kind, operation, created, dialect, version)

    def _job(self, kind: str, job_id: str) -> Job:
        job = self.jobs.get(job_id)
        if job is None or job.kind != kind:
            raise not_found("The requested resource does not exist")
        return job

    def _one(self, request: Request, method: str, job: Job, user: str) -> Response:
        match method:
            case "GET":
                self._advance(job)
                return Response.of(self._described(job, user) | self._counts(job))
            case "PATCH":
                self._set_state(job, str(request.mapping().get("state")))
                return Response.of(self._described(job, user))
            case "DELETE":
                if job.state in {"UploadComplete", "InProgress"}:
                    raise ApiError("API_ERROR", "Only jobs that are at their end can be deleted")
                del self.jobs[job.id]
                return EMPTY
        raise ApiError("METHOD_NOT_ALLOWED", "HTTP method not allowed", status=405)

    def _set_state(self, job: Job, state: str) -> None:
        if state == "UploadComplete" and job.kind == "ingest" and job.state == "Open":
            job.state = "UploadComplete"
            return
        if state == "Aborted" and job.state in {"Open", "UploadComplete", "InProgress"}:
            job.state = "Aborted"
            if job.data is not None:
                job.results = ingest(self.org, job, share=0)
            return
        raise ApiError("INVALIDJOBSTATE", f"Job in state {job.state} cannot be {state}")

    def _upload(self, request: Request, job: Job) -> Response:
        if job.state != "Open":
            raise ApiError("INVALIDJOBSTATE", f"Job is in state {job.state} and takes no data")
        if job.data is not None:
            raise ApiError(
                "INVALIDJOB",
                f"Found multiple contents for job: <{job.id}>, please 'Close' / 'Abort' / 'Delete' "
                "the current Job then create a new Job and make sure you only do 'PUT' once on a "
                "given Job.",
            )
        if not request.headers.get("content-type", "").lower().startswith("text/csv"):
            raise ApiError("INVALIDCONTENTTYPE", "Content type must be text/csv", status=415)
        if len(request.body) > _MOST_BYTES:
            raise ApiError("EXCEEDED_MAX_SIZE_REQUEST", "The data is too large", status=413)
        job.data = request.body
        return Response(201)

    def _advance(self, job: Job) -> None:
        if job.state not in {"UploadComplete", "InProgress"}:
            return
        job.looks += 1
        job.state = "InProgress"
        if job.looks > self.looks_needed:
            self._work(job)

    def _work(self, job: Job) -> None:
        job.state = "JobComplete"
        failing, self.fail_next = self.fail_next, None
        if job.plan is not None:
            if failing is None:
                job.found = job.plan.records(deleted=job.operation == "queryAll")
        else:
            job.results = ingest(self.org, job, share=1 if failing is None else 0.5)
            failing = failing or job.results.refused
        if failing is not None:
            job.state, job.error = "Failed", failing

    def _query_results(self, request: Request, job: Job) -> Response:
        if job.state != "JobComplete" or job.plan is None:
            raise ApiError("INVALIDJOBSTATE", f"Job is in state {job.state} and has no results yet")
        most = int(request.query.get("maxRecords") or 50_000)
        start = int(request.query.get("locator") or 0)
        part = job.found[start : start + most]
        end = start + len(part)
        names = [".".join(column.path) for column in job.plan.columns]
        rows = ([show_csv(c.get(record)) for c in job.plan.columns] for record in part)
        headers = {
            "Content-Type": "text/csv",
            "Sforce-NumberOfRecords": str(len(part)),
            "Sforce-Locator": str(end) if end < len(job.found) else "null",
        }
        return Response(200, job.dialect.write(names, rows), headers)

    def _ingest_results(self, job: Job, what: str) -> Response:
        if job.state not in {"JobComplete", "Failed", "Aborted"}:
            raise ApiError("INVALIDJOBSTATE", f"Job is in state {job.state} and has no results yet")
        text = job.results.text(what, job.dialect)
        return Response(200, text, {"Content-Type": "text/csv"})

    def _described(self, job: Job, user: str) -> dict[str, Any]:
        found: dict[str, Any] = {
            "id": job.id,
            "operation": job.operation,
            "object": job.object,
            "createdById": user,
            "createdDate": job.created,
            "systemModstamp": job.created,
            "state": job.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(job.version),
            "lineEnding": job.dialect.line_name,
            "columnDelimiter": job.dialect.name,
        }
        if job.kind == "ingest":
            found["contentUrl"] = f"services/data/v{job.version}/jobs/ingest/{job.id}/batches"
            if job.external_id:
                found["externalIdFieldName"] = job.external_id
        return found

    def _counts(self, job: Job) -> dict[str, Any]:
        done = job.results.processed if job.kind == "ingest" else len(job.found)
        counts = {
            "jobType": "V2Ingest" if job.kind == "ingest" else "V2Query",
            "numberRecordsProcessed": done,
            "retries": 0,
            "totalProcessingTime": 0,
        }
        if job.kind == "ingest":
            counts["numberRecordsFailed"] = len(job.results.failed)
        return counts | ({"errorMessage": job.error} if job.error else {})
