"""Engines for both stores, and the two ways to hold a connection: `reading` and `writing`.

On SQLite a writing transaction begins with ``BEGIN IMMEDIATE``: two processes that write wait for
each other at the door, and never deadlock half-way. A reading one sees one snapshot and holds
nobody up (WAL). On PostgreSQL a reading transaction is read-only at REPEATABLE READ: one snapshot,
too. Errors of the database reach us without the values that caused them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from idp_core.errors import SettingsError

_READ = "isthmus_reading"
_OLDEST_SQLITE = (3, 35)  # upserts, UPDATE … FROM, RETURNING


def make_engine(url: str, *, pool_size: int = 8, wait_seconds: float = 60.0) -> sa.Engine:
    """Return an engine for ``sqlite:///path`` or ``postgresql://…``; makes the SQLite folder.

    `wait_seconds` is how long a writer waits for another one on SQLite. Raises SettingsError for
    a URL that is neither, and for a driver that is not installed.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        engine = _sqlite(parsed, wait_seconds)
    else:
        engine = _postgresql(parsed, pool_size)
    sa.event.listen(engine, "handle_error", _leave_out_values)
    return engine


_COMMON: dict[str, Any] = {"hide_parameters": True}


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection whose transaction commits at the end, or leaves no trace on an error."""
    with engine.begin() as conn:
        yield conn


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection that sees one snapshot, waits for no writer and cannot write."""
    options: dict[str, Any] = {_READ: True}
    if engine.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as conn:
        yield conn


def _parsed(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise SettingsError(
            "database_url: not a database URL; "
            "write sqlite:///path/to/file.db or postgresql://user@host/database"
        ) from None
    if parsed.drivername in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise SettingsError(
            f"database_url: {parsed.drivername!r} is not supported; use sqlite or postgresql"
        )
    return parsed


def _postgresql(url: sa.URL, pool_size: int) -> sa.Engine:
    try:
        return sa.create_engine(url, pool_size=pool_size, pool_pre_ping=True, **_COMMON)
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"database_url: PostgreSQL needs {error.name}, which is not installed; "
            "pip install 'isthmus[postgres]'"
        ) from None


def _sqlite(url: sa.URL, wait_seconds: float) -> sa.Engine:
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise SettingsError(
            f"this Python has SQLite {sqlite3.sqlite_version}; Isthmus needs 3.35 or later"
        )
    if url.database and url.database != ":memory:":
        _private_file(Path(url.database))
    engine = sa.create_engine(url, **_COMMON)
    milliseconds = int(wait_seconds * 1000)

    def on_connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions begin below, not in the driver
        for pragma in (
            f"busy_timeout = {milliseconds}",
            "journal_mode = WAL",
            # FULL: what the provisioning journal promised before sending must outlive a power
            # cut. It costs one fsync per commit, and we commit in groups.
            "synchronous = FULL",
            "foreign_keys = ON",
            "cache_size = -65536",
            "temp_store = MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    def on_begin(conn: sa.Connection) -> None:
        reads = conn.get_execution_options().get(_READ, False)
        driver: Any = conn.connection.driver_connection
        driver.execute(f"PRAGMA query_only = {'ON' if reads else 'OFF'}").close()
        conn.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    sa.event.listen(engine, "connect", on_connect)
    sa.event.listen(engine, "begin", on_begin)
    return engine


def _private_file(path: Path) -> None:
    """Make the file and its folder if need be, for our eyes only: it holds people's data."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600, exist_ok=True)


def _leave_out_values(context: sa.engine.ExceptionContext) -> None:
    """Keep the first line of PostgreSQL's errors: the DETAIL below it shows the row's values."""
    without_values(context.original_exception)
    wrapped = context.sqlalchemy_exception
    if wrapped is not None and hasattr(context.original_exception, "diag"):
        kind = type(context.original_exception)
        wrapped.args = (f"({kind.__module__}.{kind.__name__}) {context.original_exception}",)


def without_values(error: BaseException) -> None:
    """Shorten a psycopg error, in place, to the server's first line; others stay as they are."""
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    if primary:
        error.args = (primary,)
