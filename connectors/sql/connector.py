"""The SQL connector: tables and queries streamed in order of (cursor, key), tables written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pyarrow as pa
import sqlalchemy as sa
from pydantic import AfterValidator, Field, PositiveInt, ValidationInfo
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from connectors.contract import (
    Account,
    Change,
    Connector,
    Cursor,
    Health,
    ObjectSchema,
    Outcome,
    Page,
    Query,
)
from connectors.errors import MisconfiguredError
from connectors.fields import base_of, did_you_mean
from connectors.secrets import Secret
from connectors.sql.copying import can_copy, copied
from connectors.sql.failures import name_of, translated
from connectors.sql.relation import Relation, of_query, of_table
from connectors.sql.types import arrow_type_of, position, to_batch
from connectors.sql.writer import SqlTable, Writable, write

_TIMEOUT_DRIVERS = {"psycopg", "psycopg2", "pymysql", "mysqldb", "mariadb", "mysqlconnector"}


def _database(text: str, info: ValidationInfo) -> str:
    try:
        url = sa.make_url(text)
    except ArgumentError:
        raise ValueError(
            "is no SQLAlchemy URL: write dialect+driver://user@host/database"
        ) from None
    if url.password:
        raise ValueError("holds a password; put a reference to it under password")
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        url = url.set(database=str(base_of(info) / Path(str(url.database)).expanduser()))
    return url.render_as_string()


class Sql(Connector):
    """Reads tables, views and named queries as Arrow with the database's types; writes tables."""

    type: ClassVar[str] = "sql"

    url: Annotated[str, AfterValidator(_database)]
    """A SQLAlchemy URL without password; a SQLite file is relative to the project."""
    password: Secret | None = None
    """A reference to the password."""
    queries: Mapping[str, str] = Field(default_factory=dict)
    """SELECT statements by name, to be read like tables."""
    schema_name: str | None = Field(default=None, alias="schema")
    """The schema whose tables are meant; the database's default when left out."""
    connect_timeout: PositiveInt = 10
    """Seconds to wait for a connection."""
    tables: Mapping[str, SqlTable] = Field(default_factory=dict)
    """The tables that may be written to; without it nothing is."""

    def check(self) -> Health:
        """Log in and ask for the version."""
        with self._connected() as connection:
            version = ".".join(str(part) for part in connection.dialect.server_version_info or ())
        return Health(f"{name_of(connection.engine.url)}", {"version": version})

    def discover(self) -> tuple[ObjectSchema, ...]:
        """List tables, views and named queries with their columns, by name."""
        with self._connected() as connection:
            inspector = sa.inspect(connection)
            names = [
                *inspector.get_table_names(self.schema_name),
                *inspector.get_view_names(self.schema_name),
            ]
            found = [of_table(connection, name, self.schema_name).described() for name in names]
            found += [of_query(connection, n, text).described() for n, text in self.queries.items()]
        return tuple(sorted(found, key=lambda one: one.name))

    def read(self, query: Query) -> Iterator[Page]:
        """Yield pages from one read-only transaction, so all of them show the same moment.

        Rows whose cursor is NULL come first, and only when the whole object is read.
        Raises MisconfiguredError for an unknown object or column, TransientError when the
        connection is lost.
        """
        with self._connected() as connection:
            relation = self._relation(connection, query.object)
            names = relation.checked(query.fields)
            wanted = [*names, *(n for n in relation.order(query) if n not in names)]
            statement = relation.select(wanted, query)
            if can_copy(connection, relation, wanted):
                yield from _copied(connection, statement, relation, query, names, wanted)
                return
            result = connection.execution_options(
                stream_results=True, max_row_buffer=query.page_size
            ).execute(statement)
            with closing(result):  # PyMySQL wants an answer ended before the transaction is
                yield from self._pages(result, relation, query, names, wanted)

    def apply(self, changes: Iterable[Change]) -> Iterator[Outcome]:
        """Write rows of the tables named under `tables`, up to a hundred in one transaction."""
        with self._connected(read_only=False) as connection:
            tables = {name: self._writable(connection, name) for name in self.tables}
            yield from write(connection, tables, changes)

    def accounts(self, object: str) -> Iterator[Account]:  # noqa: A002 (the contract's word)
        """Yield every row of a table that may be written to."""
        with self._connected() as connection:
            yield from self._writable(connection, object).accounts(connection)

    def find(self, object: str, attribute: str, value: str) -> Sequence[Account]:  # noqa: A002
        """Return the rows whose column equals the value; ``externalId`` is the key's column."""
        with self._connected() as connection:
            return self._writable(connection, object).find(connection, attribute, value)

    def _writable(self, connection: sa.Connection, name: str) -> Writable:
        if name not in self.tables:
            raise MisconfiguredError(
                f"sql: {name!r} may not be written to; name it under tables"
                f"{did_you_mean(name, self.tables)}"
            )
        return Writable.of(connection, name, self.tables[name], self.schema_name)

    def _pages(
        self,
        result: sa.CursorResult[Any],
        relation: Relation,
        query: Query,
        names: list[str],
        wanted: list[str],
    ) -> Iterator[Page]:
        places = [wanted.index(name) for name in relation.order(query)]
        schema: pa.Schema | None = None
        start = 1
        for part in result.partitions(query.page_size):
            if schema is None:
                schema = pa.schema(
                    (name, relation.arrow.get(name) or arrow_type_of(row[i] for row in part))
                    for i, name in enumerate(names)
                )
            rows = [tuple(row)[: len(names)] for row in part]
            batch, rejected = to_batch(rows, schema, query.object, start)
            yield Page(batch, _cursor([part[-1][place] for place in places]), rejected)
            start += len(part)

    def _relation(self, connection: sa.Connection, name: str) -> Relation:
        if name in self.queries:
            return of_query(connection, name, self.queries[name])
        schema, _, table = name.rpartition(".")
        schema_name = schema or self.schema_name
        inspector = sa.inspect(connection)
        if not inspector.has_table(table, schema_name):
            known = [
                *inspector.get_table_names(schema_name),
                *inspector.get_view_names(schema_name),
            ]
            raise MisconfiguredError(
                f"{name_of(connection.engine.url)}: no table, view or query {name!r}"
                f"{did_you_mean(table, known)}"
            )
        return of_table(connection, table, schema_name)

    @contextmanager
    def _connected(self, *, read_only: bool = True) -> Iterator[sa.Connection]:
        """One connection, read-only unless it is said, closed whatever happens."""
        url = sa.make_url(self.url)
        if self.password:
            url = url.set(password=self.password.reveal())
        engine = self._engine(url)
        try:
            with translated(url), engine.connect() as connection:
                if read_only:
                    _read_only(connection)
                yield connection
        finally:
            engine.dispose()

    def _engine(self, url: sa.URL) -> sa.Engine:
        file = url.database if url.get_backend_name() == "sqlite" else None
        if file and file != ":memory:" and not Path(file).is_file():
            raise MisconfiguredError(f"sqlite: no such file: {file}; check url")
        timeout = url.drivername.partition("+")[2] in _TIMEOUT_DRIVERS
        arguments = {"connect_timeout": self.connect_timeout} if timeout else {}
        try:
            return sa.create_engine(
                url, poolclass=sa.NullPool, hide_parameters=True, connect_args=arguments
            )
        except NoSuchModuleError:
            raise MisconfiguredError(
                f"url: SQLAlchemy knows no {url.drivername!r}; install its dialect"
            ) from None
        except ModuleNotFoundError as error:
            raise MisconfiguredError(
                f"url: the driver {error.name} is not installed; pip install it"
            ) from None


def _copied(
    connection: sa.Connection,
    statement: sa.Select[Any],
    relation: Relation,
    query: Query,
    names: list[str],
    wanted: list[str],
) -> Iterator[Page]:
    schema = pa.schema((name, relation.arrow[name]) for name in wanted)
    order = relation.order(query)
    for whole, rejected in copied(connection, statement, schema, query.object):
        met = rejected
        for start in range(0, max(1, whole.num_rows), query.page_size):
            part = whole.slice(start, query.page_size)
            last = part.slice(part.num_rows - 1).to_pylist() if part.num_rows else []
            cursor = _cursor([last[0][name] for name in order]) if last else None
            yield Page(part.select(names), cursor, met)
            met = []


def _read_only(connection: sa.Connection) -> None:
    match connection.dialect.name:
        case "postgresql":
            connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        case "sqlite":
            connection.exec_driver_sql("PRAGMA query_only = ON")
        case "mysql" | "mariadb":
            connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
            connection.rollback()


def _cursor(values: list[Any]) -> Cursor | None:
    """The position of a row, None when nothing can be said to come after it."""
    if len(values) != 2 or None in values:
        return None
    return Cursor(position(values[0]), position(values[1]))
