"""One record a request: the sobjects resources."""

from __future__ import annotations

from typing import Any

from connectors.simulators.salesforce.errors import ApiError, not_found
from connectors.simulators.salesforce.org import Org
from connectors.simulators.salesforce.queries import attributes
from connectors.simulators.salesforce.schema import Field, Record
from connectors.simulators.salesforce.values import read_moment, show
from connectors.simulators.salesforce.wire import EMPTY, Request, Response


def serve(  # noqa: PLR0911 (one line a resource)
    org: Org, request: Request, parts: tuple[str, ...], version: str
) -> Response:
    """``/sobjects/...``, its parts after that word."""
    match request.method, parts:
        case "GET", ():
            listed = [each.summary(version) for each in org.objects]
            return Response.of({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed})
        case "GET", (name,):
            summary = org.sobject(name).summary(version)
            return Response.of({"objectDescribe": summary, "recentItems": []})
        case "POST", (name,):
            made = org.create(name, request.mapping(), allow_duplicates=allows_duplicates(request))
            return Response.of({"id": made, "success": True, "errors": []}, 201)
        case "GET", (name, "describe"):
            return Response.of(org.sobject(name).described(version))
        case "GET", (name, ("updated" | "deleted") as what):
            return _changes(org, request, name, deleted=what == "deleted")
        case _, (name, record_id):
            return _by_id(org, request, name, record_id, version)
        case _, (name, field_name, value):
            return _by_external_id(org, request, name, field_name, value, version)
    raise not_found()


def allows_duplicates(request: Request) -> bool:
    """Whether the caller overrides duplicate rules."""
    header = request.headers.get("sforce-duplicate-rule-header", "")
    return "allowsave=true" in header.replace(" ", "").lower()


def whole(org: Org, name: str, record: Record, version: str, fields: str = "") -> dict[str, Any]:
    """A record with all its fields, or with those named."""
    sobject = org.sobject(name)
    every = list(sobject.fields.values())
    chosen = [sobject.field(each.strip()) for each in fields.split(",")] if fields else every
    found: dict[str, Any] = {"attributes": attributes(sobject.name, str(record["Id"]), version)}
    return found | {each.name: show(_value(each, record)) for each in chosen}


def _value(wanted: Field, record: Record) -> Any:
    return wanted.compute(record) if wanted.compute else record.get(wanted.name)


def _by_id(org: Org, request: Request, name: str, record_id: str, version: str) -> Response:
    org.sobject(name)
    record = org.get(name, record_id)
    match request.method:
        case "GET":
            return Response.of(whole(org, name, record, version, request.query.get("fields", "")))
        case "PATCH":
            allow = allows_duplicates(request)
            org.update(name, record["Id"], request.mapping(), allow_duplicates=allow)
            return EMPTY
        case "DELETE":
            org.delete(name, record["Id"])
            return EMPTY
    raise _wrong_method(request)


def _by_external_id(
    org: Org, request: Request, name: str, field_name: str, value: str, version: str
) -> Response:
    if request.method == "PATCH":
        record_id, created = org.upsert(
            name, field_name, value, request.mapping(), allow_duplicates=allows_duplicates(request)
        )
        found = {"id": record_id, "success": True, "errors": [], "created": created}
        return Response.of(found, 201 if created else 200)
    record = org.by_external_id(name, field_name, value)
    if record is None:
        raise not_found()
    if request.method == "GET":
        return Response.of(whole(org, name, record, version, request.query.get("fields", "")))
    if request.method == "DELETE":
        org.delete(name, record["Id"])
        return EMPTY
    raise _wrong_method(request)


def _changes(org: Org, request: Request, name: str, *, deleted: bool) -> Response:
    start, end = (read_moment(request.query.get(each, "")) for each in ("start", "end"))
    if start is None or end is None or end <= start:
        raise ApiError("INVALID_REPLICATION_DATE", "start and end are needed, start before end")
    found = [
        record
        for record in org.records(name)
        if start <= record["SystemModstamp"] < end and bool(record.get("IsDeleted")) == deleted
    ]
    if not deleted:
        ids = [record["Id"] for record in found]
        return Response.of({"ids": ids, "latestDateCovered": show(end)})
    gone = [{"id": r["Id"], "deletedDate": show(r["SystemModstamp"])} for r in found]
    covered = {"earliestDateAvailable": show(start), "latestDateCovered": show(end)}
    return Response.of({"deletedRecords": gone, **covered})


def _wrong_method(request: Request) -> ApiError:
    return ApiError(
        "METHOD_NOT_ALLOWED", f"HTTP Method '{request.method}' not allowed.", status=405
    )
