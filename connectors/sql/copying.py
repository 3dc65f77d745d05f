"""PostgreSQL in bulk: binary ``COPY`` by the ADBC driver, from the server to Arrow without Python.

For columns of the usual types only; every other relation is read row by row. The statement and its
order are the same; it is one statement, so all of it shows one moment.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from connectors.contract import RejectedRow
from connectors.sql.relation import Relation

_BATCH_BYTES = 16 << 20
_PLAIN_TEXT = (sa.Text, sa.VARCHAR, sa.CHAR)
_FIRST, _LAST = "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999"
"""Between them Arrow, and what reads it, knows every moment."""


def can_copy(connection: sa.Connection, relation: Relation, names: Sequence[str]) -> bool:
    """Whether these columns of a relation can be read in bulk."""
    dialect = connection.dialect
    if (dialect.name, dialect.driver) != ("postgresql", "psycopg"):
        return False
    if find_spec("adbc_driver_postgresql") is None:
        return False
    driver: Any = connection.connection.driver_connection
    # The wheel's libpq knows no Kerberos; text of a database without an encoding can be anything.
    if driver.pgconn.used_gssapi or driver.info.parameter_status("server_encoding") == "SQL_ASCII":
        return False
    return all(_is_usual(relation, name) and _beside(name) not in names for name in names)


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
    `place` and its number. Raises sqlalchemy's DBAPIError for whatever the driver reports.
    """
    driver: Any = connection.connection.driver_connection
    text = _text(connection, statement)
    login = _login(driver)
    connection.rollback()
    start = 1
    for batch in _batches(login, text):
        yield _typed(batch, schema, place, start)
        start += batch.num_rows


def _text(connection: sa.Connection, statement: sa.Select[Any]) -> str:
    """The statement with its values in it: COPY takes no parameters. psycopg writes them."""
    from psycopg import ClientCursor

    columns = [each for column in statement.selected_columns for each in _selected(column)]
    compiled = statement.with_only_columns(*columns).compile(dialect=connection.dialect)
    driver: Any = connection.connection.driver_connection
    return str(ClientCursor(driver).mogrify(str(compiled), compiled.params))


def _selected(column: Any) -> list[Any]:
    """A column as it is asked for, with its text beside it where Arrow cannot hold the value."""
    kind, name = column.type, column.name
    if isinstance(kind, sa.String) and type(kind) not in _PLAIN_TEXT:
        return [sa.cast(column, sa.Text).label(name)]
    if isinstance(kind, sa.REAL):  # as it is written: 0.1, not 0.10000000149011612
        return [sa.cast(sa.cast(column, sa.Text), sa.Double).label(name)]
    odd = _odd(column)
    if odd is None:
        return [column]
    return [column, sa.case((odd, sa.cast(column, sa.Text))).label(_beside(name))]


def _odd(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool] | None:
    """Whether a value is none for Arrow: infinite, before our era, of five digits, no number."""
    kind = column.type
    if isinstance(kind, sa.Numeric) and not isinstance(kind, sa.Float):
        return column.in_([_literal("numeric", "NaN")])
    if not isinstance(kind, sa.Date | sa.DateTime):
        return None
    aware = isinstance(kind, sa.DateTime) and kind.timezone
    name, zone = ("timestamptz", "+00") if aware else ("timestamp", "")
    return sa.not_(column.between(_literal(name, _FIRST + zone), _literal(name, _LAST + zone)))


def _literal(kind: str, text: str) -> sa.ColumnElement[Any]:
    return sa.literal_column(f"{kind} '{text}'")


def _beside(name: str) -> str:
    return f"{name} as text"


def _login(driver: Any) -> str:
    """What psycopg logged in with, read-only from the first statement on."""
    from psycopg.conninfo import make_conninfo

    given = driver.info.get_parameters()
    options = f"{given.pop('options', '')} -c default_transaction_read_only=on".strip()
    password = driver.info.password or None
    given |= {"options": options, "client_encoding": "UTF8", "password": password}
    return make_conninfo("", **given)


def _batches(login: str, text: str) -> Iterator[pa.RecordBatch]:
    from adbc_driver_manager import Error
    from adbc_driver_postgresql import StatementOptions, dbapi

    size = {StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(_BATCH_BYTES)}
    try:
        with dbapi.connect(login) as connection, connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**size)
            cursor.execute(text)
            yield from cursor.fetch_record_batch()
    # The last two are what pyarrow makes of the driver's errors while it reads.
    except (Error, OSError, pa.ArrowException) as error:
        raise sa.exc.DBAPIError(None, None, error) from None


def _typed(
    batch: pa.RecordBatch, schema: pa.Schema, place: str, start: int
) -> tuple[pa.RecordBatch, list[RejectedRow]]:
    beside = {
        name: batch.column(_beside(name)) for name in schema.names
        if _beside(name) in batch.schema.names
    }  # fmt: skip
    odd = [name for name, texts in beside.items() if texts.null_count < len(texts)]
    if not odd:
        return _cast(batch, schema), []
    wrong = pc.is_valid(beside[odd[0]])
    for name in odd[1:]:
        wrong = pc.or_(wrong, pc.is_valid(beside[name]))
    rejected = []
    for number in pc.indices_nonzero(wrong).to_pylist():
        texts = {name: beside[name][number].as_py() for name in odd}
        first = next(name for name in schema.names if texts.get(name) is not None)
        values = {
            name: texts.get(name) or _plain(batch.column(name))[number].as_py()
            for name in schema.names
        }
        reason = f"{first} holds no {schema.field(first).type}"
        raw = json.dumps(values, ensure_ascii=False, default=str)
        rejected.append(RejectedRow(f"{place} row {start + number}", reason, raw))
    return _cast(batch.filter(pc.invert(wrong)), schema), rejected


def _cast(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = [_plain(batch.column(field.name)).cast(field.type) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _plain(column: pa.Array) -> pa.Array:
    """The texts of decimals, which the driver marks as a type of PostgreSQL's own."""
    return column.storage if isinstance(column, pa.ExtensionArray) else column
