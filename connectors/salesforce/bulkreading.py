"""Bulk 2.0 query jobs: made, waited for, read by locator."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from connectors.contract import Row
from connectors.errors import TransientError
from connectors.salesforce.client import Client
from connectors.salesforce.jobs import Patience, await_end, remove, why
from connectors.salesforce.reading import Reading

_MOST_ROWS = 50_000


def bulk_rows(client: Client, reading: Reading, patience: Patience) -> Iterator[list[Row]]:
    """Yield rows by the page, as the REST API would give them."""
    jobs = client.jobs(reading.object)
    operation = "queryAll" if reading.deleted else "query"
    made = jobs.create_job(operation, reading.statement(ordered=reading.cursor is not None))
    try:
        job = await_end(jobs, made["id"], patience, reads=True)
        if job is None or job["state"] != "JobComplete":
            raise TransientError(
                f"salesforce: {reading.object}: the bulk query "
                + (
                    f"took longer than {patience.seconds:g} s"
                    if job is None
                    else f"ended: {why(job)}"
                )
            )
        yield from _results(jobs, made["id"], reading)
    finally:
        remove(client, f"jobs/query/{made['id']}")


def _results(jobs: Any, job_id: str, reading: Reading) -> Iterator[list[Row]]:
    locator, most = "", min(reading.page_size, _MOST_ROWS)
    while True:
        try:
            found = jobs.get_query_results(job_id, locator, most)
        except (KeyError, ValueError):
            raise _no_results(reading) from None
        rows = _rows(str(found["records"]), reading)
        if len(rows) != found["number_of_records"]:
            raise _no_results(reading)
        yield rows
        locator = str(found["locator"])
        if not locator:
            return


def _no_results(reading: Reading) -> TransientError:
    return TransientError(f"salesforce: {reading.object}: what came are not the results of the job")


def _rows(text: str, reading: Reading) -> list[Row]:
    table = csv.reader(io.StringIO(text, newline=""))
    names = {name.lower(): place for place, name in enumerate(next(table, []))}
    try:
        columns = [(p, names[p.lower()], f.from_csv) for p, f in reading.fields.items()]
    except KeyError:
        raise _no_results(reading) from None
    return [{path: read(row[place]) for path, place, read in columns} for row in table]
