"""PostgreSQL in bulk: ``COPY … TO STDOUT`` as CSV, which pyarrow reads without Python objects.

For columns of the usual types only; every other relation is read row by row. The statement, its
snapshot and its order are the same.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from pyarrow import csv as pacsv

from connectors.contract import RejectedRow
from connectors.errors import MisconfiguredError
from connectors.sql.relation import Relation

_BLOCK = 16 << 20
"""A row must fit into so many bytes."""
_AHEAD = 1 << 20


def can_copy(connection: sa.Connection, relation: Relation, names: Sequence[str]) -> bool:
    """Whether these columns of a relation can be read in bulk."""
    dialect = connection.dialect
    if (dialect.name, dialect.driver) != ("postgresql", "psycopg"):
        return False
    return all(_is_usual(relation, name) for name in names)


def _is_usual(relation: Relation, name: str) -> bool:
    arrow, kind = relation.arrow.get(name), relation.source.c[name].type
    if arrow is None or pa.types.is_time(arrow) or pa.types.is_binary(arrow):
        return False
    return not pa.types.is_string(arrow) or isinstance(kind, sa.String)


def copied(
    connection: sa.Connection, statement: sa.Select[Any], schema: pa.Schema, place: str
) -> Iterator[tuple[pa.RecordBatch, list[RejectedRow]]]:
    """Yield what a statement selects, in batches of `schema`.

    A row with a value that Arrow cannot hold (a timestamp of infinity) is rejected, named by
    `place` and its number.
    """
    plain = statement.with_only_columns(*map(_as_text, statement.selected_columns))
    compiled = plain.compile(dialect=connection.dialect)
    connection.exec_driver_sql("SET LOCAL datestyle TO ISO")
    driver: Any = connection.connection.driver_connection
    start = 1
    with driver.cursor() as cursor:
        text = f"COPY ({compiled}) TO STDOUT (FORMAT csv)"
        with cursor.copy(text, compiled.params) as copy:
            for batch in _parsed(copy, schema.names, place):
                yield _typed(batch, schema, place, start)
                start += batch.num_rows


def _as_text(column: Any) -> Any:
    """Times with a zone come in UTC, whatever the session's is."""
    if isinstance(column.type, sa.DateTime) and column.type.timezone:
        return sa.func.timezone("UTC", column).label(column.name)
    return column


def _parsed(copy: Any, names: list[str], place: str) -> Iterator[pa.RecordBatch]:
    stream = io.BufferedReader(_Blocks(copy), _AHEAD)
    try:
        reader = pacsv.open_csv(
            stream,
            pacsv.ReadOptions(column_names=names, block_size=_BLOCK, use_threads=False),
            pacsv.ParseOptions(newlines_in_values=True),
            pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
        yield from reader
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return
        raise MisconfiguredError(
            f"{place}: a row has more than {_BLOCK >> 20} MB; leave its large columns out"
        ) from None


class _Blocks(io.RawIOBase):
    """The blocks of a COPY as a stream."""

    def __init__(self, copy: Any) -> None:
        super().__init__()
        self._copy, self._left = copy, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer: the server sends each row by itself."""
        parts, held, read = [self._left], len(self._left), self._copy.read
        while held < len(buffer) and (block := read()):
            parts.append(block)
            held += len(block)
        data = b"".join(parts)
        size = min(len(buffer), held)
        buffer[:size], self._left = data[:size], data[size:]
        return size


def _typed(
    batch: pa.RecordBatch, schema: pa.Schema, place: str, start: int
) -> tuple[pa.RecordBatch, list[RejectedRow]]:
    try:
        return _cast(batch, schema), []
    except pa.ArrowInvalid:
        pass
    good: list[pa.RecordBatch] = []
    rejected: list[RejectedRow] = []
    for number in range(batch.num_rows):
        row = batch.slice(number, 1)
        try:
            good.append(_cast(row, schema))
        except pa.ArrowInvalid:
            (values,) = row.to_pylist()
            wrong = next(field for field in schema if not _fits(row.column(field.name), field.type))
            reason = f"{wrong.name} holds no {wrong.type}"
            place_of = f"{place} row {start + number}"
            rejected.append(RejectedRow(place_of, reason, json.dumps(values, ensure_ascii=False)))
    table = pa.Table.from_batches(good, schema).combine_chunks()
    return next(iter(table.to_batches()), pa.RecordBatch.from_pylist([], schema)), rejected


def _cast(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = [_column(batch.column(field.name), field.type) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _column(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind):
        return texts
    if pa.types.is_boolean(kind):
        return pc.equal(texts, "t")
    if pa.types.is_timestamp(kind):
        return texts.cast(pa.timestamp("us")).cast(kind)
    return texts.cast(kind)


def _fits(texts: pa.Array, kind: pa.DataType) -> bool:
    try:
        _column(texts, kind)
    except pa.ArrowInvalid:
        return False
    return True
