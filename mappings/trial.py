"""Maps single rows by the batch engine, in a DuckDB of its own that reads no file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

from mappings.batch import compile_batch
from mappings.record import FieldProblem, MappedRecord
from mappings.tree import Document, OnError

_ROW = "_row"

Trial = Callable[[Mapping[str, Any], date | None], tuple[MappedRecord | None, dict[str, str]]]
"""Maps a row on a day; gives the record, None when `where` leaves it out, and the row's columns by
DuckDB type. Raises ValueError for values that no column can hold, MappingError for today() without
a day."""


@contextmanager
def batch_trial(document: Document) -> Iterator[Trial]:
    """Open a DuckDB for a document and close it in the end."""
    import duckdb

    plan = compile_batch(document)
    with duckdb.connect(config={"enable_external_access": "false"}) as con:
        plan.prepare(con)

        def run(
            row: Mapping[str, Any], today: date | None
        ) -> tuple[MappedRecord | None, dict[str, str]]:
            con.register("given", _table(row))
            columns = {name: kind for name, kind, *_ in con.execute("DESCRIBE given").fetchall()}
            columns.pop(_ROW)
            cursor = con.execute(plan.select("given", columns, today=today))
            names = [item[0] for item in cursor.description or ()]
            rows = cursor.fetchall()
            record = _record(dict(zip(names, rows[0], strict=True))) if rows else None
            return record, columns

        yield run


def _table(row: Mapping[str, Any]) -> Any:  # a pyarrow table, which has no types
    import pyarrow as pa

    columns = {_ROW: pa.array([1])}
    for name, value in row.items():
        try:
            columns[name] = pa.array([value])
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            raise ValueError(f"given.{name}: no column can hold this value") from None
    return pa.table(columns)


def _record(values: dict[str, Any]) -> MappedRecord:
    problems = tuple(
        FieldProblem(p["field"], p["step"], p["reason"], OnError(p["severity"]))
        for p in values.pop("_problems")
    )
    values.pop(_ROW)
    key, cursor = values.pop("_key"), values.pop("_cursor")
    deleted, erased = values.pop("_deleted"), values.pop("_erased")
    return MappedRecord(key, cursor, deleted, values, problems, erased)
