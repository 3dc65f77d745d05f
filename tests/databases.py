"""Databases at the newest schema, made without running each migration anew: tests want hundreds."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import sqlalchemy as sa

from idp_core.db import schema
from idp_core.db.engine import make_engine


def new_engine(url: str | sa.URL) -> sa.Engine:
    """Return an engine on an empty database of this URL, which gets the tables of the core."""
    engine = make_engine(url)
    if engine.dialect.name == "sqlite":
        Path(str(engine.url.database)).write_bytes(_file())
        return engine
    connection = engine.raw_connection()
    try:
        connection.driver_connection.autocommit = True  # type: ignore[union-attr]
        connection.driver_connection.execute(_script())  # type: ignore[union-attr]
        connection.driver_connection.autocommit = False  # type: ignore[union-attr]
    finally:
        connection.close()
    return engine


@cache
def _script() -> str:
    return schema.statements("postgresql")


@cache
def _file() -> bytes:
    """Return a database of SQLite, as bytes."""
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite:///{folder}/new.db")
        schema.upgrade(engine)
        engine.dispose()
        return (Path(folder) / "new.db").read_bytes()
