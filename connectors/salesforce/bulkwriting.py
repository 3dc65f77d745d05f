"""Bulk 2.0 ingest jobs: a CSV in, and out of three files one outcome for each record."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from connectors.contract import Outcome
from connectors.errors import (
    ConnectorError,
    MisconfiguredError,
    TransientError,
    UncertainError,
)
from connectors.salesforce.client import Client
from connectors.salesforce.jobs import Patience, await_end, remove, why
from connectors.salesforce.records import Said, Write
from connectors.salesforce.values import to_cell

_ERROR = re.compile(r"([A-Z_]+):.*:([\w., ]*?)\s*--\s*", re.DOTALL)
_REFUSED = frozenset({"InvalidBatch", "InvalidJob", "ClientInputError"})


def bulk_outcomes(
    client: Client, group: Sequence[Write], external_id: str | None, patience: Patience
) -> Iterator[Outcome]:
    """Write a group of one object and kind by one job.

    What fails before the job is closed has not happened; after that, whatever the results do not
    tell of is uncertain. Raises MisconfiguredError only.
    """
    job = _Job(client, group, external_id)
    try:
        job.upload()
    except MisconfiguredError:
        job.forget()
        raise
    except ConnectorError as error:
        job.forget()
        nothing = TransientError(f"bulk job: not started: {error}")
        yield from (write.failed(nothing) for write in group)
        return
    try:
        ended = job.close(patience)
        yield from job.outcomes(ended)
    except MisconfiguredError:
        raise
    except ConnectorError as error:
        lost = UncertainError(f"bulk job: what became of it is not known: {error}")
        yield from (write.failed(lost) for write in job.open)
    finally:
        job.forget()


class _Job:
    """One job. `open` are the writes that no outcome was told of yet."""

    def __init__(self, client: Client, group: Sequence[Write], external_id: str | None) -> None:
        first = group[0]
        self._client = client
        self._kind = first.kind
        self._jobs = client.jobs(first.sobject)
        self._key = (external_id or "") if first.kind == "upsert" else "Id"
        self._id = ""
        self._told: set[int] = set()
        self._group = group
        self._by_key = {str(write.values.get(self._key)): write for write in group}

    @property
    def open(self) -> list[Write]:
        """What is not told of."""
        return [write for write in self._group if write.change.number not in self._told]

    def upload(self) -> None:
        """Make the job and give it its data; it does nothing before it is closed."""
        named = self._key if self._kind == "upsert" else None
        made = self._jobs.create_job(self._kind, external_id_field=named)
        self._id = made["id"]
        self._jobs.upload_job_data(self._id, _csv(self._group))

    def close(self, patience: Patience) -> dict[str, Any]:
        """Let it work and wait for its end. One that takes too long is stopped."""
        try:
            self._jobs.close_job(self._id)
        except ConnectorError:  # lost or doubled: the job itself tells
            if self._jobs.get_job(self._id, False)["state"] == "Open":  # noqa: FBT003
                raise
        ended = await_end(self._jobs, self._id, patience, reads=False)
        if ended is not None:
            return ended
        with suppress(ConnectorError):
            self._jobs.abort_job(self._id, False)  # noqa: FBT003
        stopped: dict[str, Any] = self._jobs.get_job(self._id, False)  # noqa: FBT003
        return stopped

    def outcomes(self, ended: dict[str, Any]) -> Iterator[Outcome]:
        """The outcome of each record, from the result files."""
        for row in self._results("successfulResults"):
            if (write := self._of(row)) is not None:
                yield write.done(row["sf__Id"])
        for row in self._results("failedResults"):
            if (write := self._of(row)) is not None:
                found = _ERROR.match(row["sf__Error"])
                code, fields = found.groups() if found else ("", "")
                names = [each.strip() for each in fields.split(",")]
                yield write.refused(code, names, self._said(write, row["sf__Error"]))
        left = TransientError(f"bulk job: ended ({why(ended)}) before this record")
        for row in self._results("unprocessedRecords"):
            if (write := self._of(row)) is not None:
                yield write.failed(left)
        yield from self._untold(ended)

    def forget(self) -> None:
        """Remove the job, for its results are customers' data."""
        if self._id:
            remove(self._client, f"jobs/ingest/{self._id}")

    def _untold(self, ended: dict[str, Any]) -> Iterator[Outcome]:
        """What no file tells of: refused as a whole, or not known."""
        nothing = ended["state"] == "Failed" and not ended.get("numberRecordsProcessed")
        if nothing and why(ended) in _REFUSED:
            raise MisconfiguredError(f"bulk job: refused ({why(ended)}); set bulk_writes: 0")
        kind = TransientError if nothing else UncertainError
        error = kind(f"bulk job: ended ({why(ended)}) and does not tell of this record")
        for write in self.open:
            yield write.failed(error)

    def _results(self, what: str) -> Iterator[dict[str, str]]:
        text = self._jobs.get_ingest_results(self._id, what)
        return iter(csv.DictReader(io.StringIO(text, newline="")))

    def _said(self, write: Write, answered: str) -> Said:
        path = self._client.path(f"jobs/ingest/{self._id}/batches")
        return Said("PUT", path, _csv([write]), answered)

    def _of(self, row: dict[str, str]) -> Write | None:
        """The write that a row of results is about."""
        write = self._by_key.get(row.get(self._key, ""))
        if write is None or write.change.number in self._told:
            return None
        self._told.add(write.change.number)
        return write


def _csv(group: Sequence[Write]) -> str:
    """All columns that any record sets; what a record does not set is an empty cell."""
    names = list(dict.fromkeys(name for write in group for name in write.values))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(names)
    for write in group:
        writer.writerow(
            to_cell(write.values[name]) if name in write.values else "" for name in names
        )
    return text.getvalue()
