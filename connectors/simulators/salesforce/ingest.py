"""The work of one ingest job."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.simulators.salesforce.errors import ApiError
from connectors.simulators.salesforce.jobs import Job, Results
from connectors.simulators.salesforce.org import Org
from connectors.simulators.salesforce.values import show_csv

_NULL = "#N/A"
"""What empties a field; an empty cell leaves it alone."""


def ingest(org: Org, job: Job, *, share: float = 1) -> Results:
    """Write the records of a job, or the first ones of them when it ends before."""
    results = Results()
    try:
        results.names, rows = job.dialect.read(job.data or b"")
        _check_header(org, job, results.names)
    except ApiError as error:
        results.refused = error.message
        return results
    stop = int(len(rows) * share)
    for row in rows[:stop]:
        try:
            record_id, created = _write(org, job, dict(zip(results.names, row, strict=False)))
        except ApiError as error:
            results.failed.append(["", error.of_csv(), *row])
        else:
            results.successful.append([record_id, show_csv(created), *row])
    results.unprocessed = rows[stop:]
    return results


def _check_header(org: Org, job: Job, names: list[str]) -> None:
    sobject = org.sobject(job.object)
    if job.operation in {"delete", "hardDelete"} and [n.lower() for n in names] != ["id"]:
        raise ApiError("INVALIDBATCH", "InvalidBatch : The 'delete' batch must contain only ids")
    for name in names:
        if name.lower() not in sobject.fields:
            raise ApiError("INVALIDBATCH", f"InvalidBatch : Field name not found : {name}")


def _write(org: Org, job: Job, cells: Mapping[str, str]) -> tuple[str, bool]:
    ids = [value for name, value in cells.items() if name.lower() == "id"]
    values = {
        name: None if value == _NULL else value
        for name, value in cells.items()
        if value != "" and name.lower() != "id"
    }
    match job.operation:
        case "insert":
            return org.create(job.object, values), True
        case "upsert" if job.external_id:
            wanted = org.sobject(job.object).external_id(job.external_id)
            named = next((v for n, v in cells.items() if n.lower() == wanted.name.lower()), None)
            return org.upsert(job.object, wanted.name, named or None, values)
    if not ids or not ids[0]:
        raise ApiError("MISSING_ARGUMENT", "Id not specified", fields=("Id",))
    if job.operation == "update":
        org.update(job.object, ids[0], values)
    else:
        org.delete(job.object, ids[0])
    return ids[0], False
