"""Many rows at once, the fast way of each store behind one name.

SQLite: ``executemany`` of one prepared statement. PostgreSQL: ``COPY``, for upserts through a
temporary table. Rows are tuples of what the driver stores as it is: str, int, bool, None; moments
as `idp_core.db.types.utc_text`, dates as ISO text, JSON as text.

To give SQLite a value costs as much as to store it. So what all rows have in a column is said once,
in the statement: nothing (null), or a word. `words` names the columns that hold words of ours, and
never a customer's values, since an error may show its statement.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import sqlalchemy as sa

from idp_core.db.engine import without_values
from mappings.values import quote

Row = tuple[Any, ...]


def insert(
    conn: sa.Connection,
    table: sa.Table,
    columns: Sequence[str],
    rows: Iterable[Row],
    *,
    words: Collection[str] = (),
) -> None:
    """Insert the rows; they must be new."""
    if conn.dialect.name == "postgresql":
        _copy(conn, _name(conn, table), columns, rows)
        return
    told = _told(columns, rows, words)
    _many(conn, f"{_insert_into(conn, table, columns)} VALUES ({told.values})", told)


def upsert(
    conn: sa.Connection,
    table: sa.Table,
    columns: Sequence[str],
    rows: Iterable[Row],
    *,
    guard: str | None = None,
    words: Collection[str] = (),
) -> None:
    """Insert the rows, or set all their columns where the table's primary key has them.

    Keys must not come twice. With `guard`, rows whose column of that name (never null) is equal
    stay as they are.
    """
    clause = _on_conflict(conn, table, columns, guard)
    into = _insert_into(conn, table, columns)
    if conn.dialect.name != "postgresql":
        told = _told(columns, rows, words)
        _many(conn, f"{into} VALUES ({told.values}) {clause}", told)
        return
    staged, names = _staged(conn, table, columns, rows), _names(conn, columns)
    conn.exec_driver_sql(f"{into} SELECT {names} FROM {staged} {clause}")
    conn.exec_driver_sql(f"DROP TABLE {staged}")


def update(
    conn: sa.Connection,
    table: sa.Table,
    columns: Sequence[str],
    rows: Iterable[Row],
) -> None:
    """Set `columns` of rows that are there; a row begins with the table's primary key.

    Keys must not come twice. Cheaper than `upsert`: what is not named is left alone, and so are
    its indexes.
    """
    keys = [column.name for column in table.primary_key]
    whole = _name(conn, table)
    if conn.dialect.name != "postgresql":
        told = _told([*keys, *columns], rows, ())
        sets = ", ".join(told.equations(conn, columns))
        match = " AND ".join(told.equations(conn, keys))
        _many(conn, f"UPDATE {whole} SET {sets} WHERE {match}", told)
        return
    staged = _staged(conn, table, [*keys, *columns], rows)
    sets = ", ".join(f"{_quote(conn, n)} = {staged}.{_quote(conn, n)}" for n in columns)
    match = " AND ".join(f"{whole}.{_quote(conn, n)} = {staged}.{_quote(conn, n)}" for n in keys)
    conn.exec_driver_sql(f"UPDATE {whole} SET {sets} FROM {staged} WHERE {match}")
    conn.exec_driver_sql(f"DROP TABLE {staged}")


def update_same(
    conn: sa.Connection,
    table: sa.Table,
    columns: Sequence[str],
    rows: Collection[Row],
    same: str,
    *,
    words: Collection[str] = (),
) -> bool:
    """Set the columns of rows that are there and have what is in `same`; whether all were so.

    It spares SQLite the index of that column, which an upsert writes anew though nothing of it
    changed. PostgreSQL sees that by itself, and nothing is done there.
    """
    if conn.dialect.name == "postgresql":
        return False
    if not rows:
        return True
    told, keys = _told(columns, rows, words), [column.name for column in table.primary_key]
    rest = [name for name in columns if name not in (*keys, same)]
    sets = ", ".join(told.equations(conn, rest))
    match = " AND ".join(told.equations(conn, (*keys, same)))
    statement = f"UPDATE {_name(conn, table)} SET {sets} WHERE {match}"
    return conn.exec_driver_sql(statement, told.rows).rowcount == len(rows)


def among(
    conn: sa.Connection, column: sa.Column[Any], values: Collection[Any]
) -> sa.ColumnElement[bool]:
    """Return ``column in values`` as one parameter, however many values there are."""
    if conn.dialect.name == "postgresql":
        listed = sa.bindparam(None, list(values), type_=sa.ARRAY(column.type))
        return column == sa.any_(listed)
    each = sa.func.json_each(json.dumps(list(values))).table_valued("value")
    return column.in_(sa.select(each.c.value))


@dataclass(frozen=True, slots=True)
class _Told:
    """Rows as SQLite is told them: what stands for each column, and what is left to give."""

    marks: Mapping[str, str]
    rows: list[Row] = field(repr=False)

    @property
    def values(self) -> str:
        """What stands for the columns in their order."""
        return ", ".join(self.marks.values())

    def equations(self, conn: sa.Connection, columns: Iterable[str]) -> list[str]:
        """Return ``name = mark`` of these columns."""
        return [f"{_quote(conn, name)} = {self.marks[name]}" for name in columns]


FEW = 100
"""Rows that are given whole: another statement for them costs more than it spares."""


def _told(columns: Sequence[str], rows: Iterable[Row], words: Collection[str]) -> _Told:
    listed = rows if isinstance(rows, list) else list(rows)
    once: dict[str, str] = {}
    if len(listed) > FEW:
        by_column = dict(zip(columns, zip(*listed, strict=True), strict=True))
        once = {
            name: _literal(values[0])
            for name, values in by_column.items()
            if (values[0] is None or name in words) and values.count(values[0]) == len(values)
        }
        if len(once) == len(columns):
            once = {}  # rows without a key, all the same: there must be something to give
        if once:
            listed = list(zip(*(by_column[n] for n in columns if n not in once), strict=True))
    given = (f"?{at}" for at in count(1))
    return _Told({name: once.get(name) or next(given) for name in columns}, listed)


def _literal(word: str | int | None) -> str:
    """Return a word as it stands in a statement of SQLite, which escapes nothing but the quote."""
    match word:
        case None:
            return "NULL"
        case int():
            return str(int(word))
    return quote(word)


def _many(conn: sa.Connection, statement: str, told: _Told) -> None:
    if told.rows:
        conn.exec_driver_sql(statement, told.rows)


def _staged(
    conn: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Iterable[Row]
) -> str:
    """Copy rows into a temporary table of PostgreSQL; return its name."""
    staged = _quote(conn, f"staged_{table.name}")
    conn.exec_driver_sql(
        f"CREATE TEMPORARY TABLE {staged} ON COMMIT DROP AS "
        f"SELECT {_names(conn, columns)} FROM {_name(conn, table)} LIMIT 0"
    )
    _copy(conn, staged, columns, rows)
    return staged


def _copy(conn: sa.Connection, target: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    cursor = conn.connection.cursor()
    statement = f"COPY {target} ({_names(conn, columns)}) FROM STDIN"
    driver = conn.dialect.loaded_dbapi.Error
    try:
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except driver as error:
        without_values(error)
        raise sa.exc.DBAPIError.instance(
            statement, None, error, driver, hide_parameters=True, dialect=conn.dialect
        ) from error
    finally:
        cursor.close()


def _on_conflict(
    conn: sa.Connection, table: sa.Table, columns: Sequence[str], guard: str | None
) -> str:
    keys = [column.name for column in table.primary_key]
    rest = [name for name in columns if name not in keys]
    sets = ", ".join(f"{_quote(conn, n)} = excluded.{_quote(conn, n)}" for n in rest)
    clause = f"ON CONFLICT ({_names(conn, keys)}) DO UPDATE SET {sets}"
    if guard is not None:
        name = _quote(conn, guard)
        clause += f" WHERE {_name(conn, table)}.{name} <> excluded.{name}"
    return clause


def _insert_into(conn: sa.Connection, table: sa.Table, columns: Sequence[str]) -> str:
    return f"INSERT INTO {_name(conn, table)} ({_names(conn, columns)})"


def _names(conn: sa.Connection, columns: Iterable[str]) -> str:
    return ", ".join(_quote(conn, name) for name in columns)


def _name(conn: sa.Connection, table: sa.Table) -> str:
    return conn.dialect.identifier_preparer.format_table(table)


def _quote(conn: sa.Connection, name: str) -> str:
    return conn.dialect.identifier_preparer.quote(name)
