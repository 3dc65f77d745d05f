"""The rows of an object: by REST pages where it is small, by a Bulk 2.0 job where it is large."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from connectors.contract import Page, Row
from connectors.errors import MisconfiguredError, TransientError
from connectors.salesforce.bulkreading import bulk_rows
from connectors.salesforce.client import Client
from connectors.salesforce.codes import LocatorGoneError
from connectors.salesforce.jobs import Patience
from connectors.salesforce.reading import Reading

_LONGEST_ADDRESS = 14_000
"""Salesforce takes addresses of 16,384 bytes; a longer query goes into a job's body."""


def read(client: Client, reading: Reading, *, bulk_from: int, patience: Patience) -> Iterator[Page]:
    """Yield the rows.

    A job reads them from `bulk_from` rows on (0: never) and where the query is too long for an
    address; but not compound fields, which jobs do not know.
    """
    long = len(quote(reading.statement())) > _LONGEST_ADDRESS
    bulk = not reading.compound and (
        long or bulk_from == 1 or (bulk_from > 1 and _count(client, reading) >= bulk_from)
    )
    parts = bulk_rows(client, reading, patience) if bulk else _rest_rows(client, reading)
    yield from _pages(reading, _in_order(reading, parts, bulk=bulk))


def _count(client: Client, reading: Reading) -> int:
    return int(client.query(reading.count(), deleted=reading.deleted)["totalSize"])


def _rest_rows(client: Client, reading: Reading) -> Iterator[list[Row]]:
    """Pages of rows. Where Salesforce has dropped the rest of a query, it is asked for anew."""
    left: Reading | None = reading
    last: Row | None = None
    while left is not None:
        page = client.query(left.statement(), deleted=left.deleted, page_size=left.page_size)
        left = None
        while True:
            rows = [_flat(record, reading) for record in page["records"]]
            last = rows[-1] if rows else last
            yield rows
            if page["done"]:
                return
            try:
                page = client.query_more(str(page["nextRecordsUrl"]), page_size=reading.page_size)
            except LocatorGoneError:
                left = reading.beyond(last) if last else None
                break
    raise TransientError(f"salesforce: {reading.object}: the query's pages were dropped; run again")


def _in_order(reading: Reading, parts: Iterable[list[Row]], *, bulk: bool) -> Iterator[list[Row]]:
    """Yield each page once the next one is known to go on behind it; a read may go on after it.

    What stood on the page before just so is left out. Raises MisconfiguredError for a job's rows
    that are out of order, which a person can do something about, else TransientError.
    """
    last: Row | None = None
    before: dict[Any, Row] = {}
    held: list[list[Row]] = []
    for rows in parts:
        fresh = [row for row in rows if before.get(row["Id"]) != row]
        for row in fresh:
            if last is not None and reading.comes_before(row, last):
                raise _disorder(reading, bulk=bulk)
            last = row
        before = {row["Id"]: row for row in rows}
        yield from held
        held = [fresh]
    yield from held


def _disorder(reading: Reading, *, bulk: bool) -> MisconfiguredError | TransientError:
    text = f"salesforce: {reading.object}: rows do not come in order"
    if bulk:
        return MisconfiguredError(f"{text} from the job; set bulk_reads: 0")
    return TransientError(f"{text}; run again")


def _pages(reading: Reading, parts: Iterable[list[Row]]) -> Iterator[Page]:
    for rows in parts:
        for start in range(0, len(rows), reading.page_size):
            part = rows[start : start + reading.page_size]
            position = reading.position(part[-1])
            yield Page([reading.chosen(row) for row in part], position)


def _flat(record: Mapping[str, Any], reading: Reading) -> Row:
    try:
        return {path: _value(record, path) for path in reading.fields}
    except KeyError as error:  # not null but not there: it was taken away while we read
        raise TransientError(
            f"salesforce: {reading.object}: {error.args[0]} is asked for and does not come; has "
            "the field been removed? Run again"
        ) from None


def _value(record: Mapping[str, Any], path: str) -> Any:
    first, *rest = path.split(".")
    held: Any = record[first]
    for name in rest:  # a record that refers to none, or to one of a type without the field
        held = held.get(name) if isinstance(held, Mapping) else None
    return held
