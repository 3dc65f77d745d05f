"""What drivers say, in our words; the accidents of SQLite files are among the bad inputs."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from idp_core.db import failures, schema
from idp_core.db.engine import make_engine, reading, writing
from idp_core.db.failures import reason_of


def reason(url: sa.URL, *statements: str) -> str | None:
    """Why these statements cannot be run."""
    engine = make_engine(url.render_as_string(hide_password=False))
    try:
        with writing(engine) as conn:
            for statement in statements:
                conn.exec_driver_sql(statement)
    except sa.exc.DBAPIError as error:
        return reason_of(error, engine.url)
    finally:
        engine.dispose()
    return "it can be used"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"port": 1}, "nobody answers at this address; is it running?"),
        ({"host": "no-such-host.invalid"}, "the host name is not known"),
        ({"password": "wrong"}, "it refuses us; check user and password"),
        ({"username": "nobody"}, "it refuses us; check user and password"),
        ({"database": "nothing"}, "there is no database of this name; make it"),
        ({"query": {"sslmode": "verify-full"}}, "no TLS could be agreed on|is not trusted"),
    ],
    ids=str,
)
def test_a_postgresql_that_cannot_be_reached_is_told_with_the_mend(postgres_url, wrong, said):
    found = reason(sa.make_url(postgres_url).set(**wrong), "SELECT 1")
    assert found is not None
    assert re.match(said, found)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("SELECT 1 FROM no_such_table", "it lacks a table or a column"),
        ("SET TRANSACTION READ ONLY; CREATE TABLE t (a int)", "it may only be read"),
        ("SELECT pg_terminate_backend(pg_backend_pid())", "it is starting, stopping or ended our"),
        ("SET ROLE pg_monitor; CREATE TABLE t (a int)", "we lack a right; grant it"),
    ],
)
def test_a_postgresql_that_does_not_let_us_is_told_with_the_mend(postgres_url, statement, said):
    found = reason(sa.make_url(postgres_url), *statement.split("; "))
    assert found is not None
    assert found.startswith(said)


@pytest.mark.parametrize("statement", ["SELEC 1", "INSERT INTO t VALUES (1)"])
def test_what_is_a_bug_of_ours_has_no_mend(database_url, statement):
    table = "CREATE TABLE t (a int PRIMARY KEY)"
    wrong = [table, "INSERT INTO t VALUES (1)", statement]
    assert reason(sa.make_url(database_url), *wrong) is None


def test_a_database_of_a_newer_isthmus_is_left_alone(engine):
    with writing(engine) as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(schema.SchemaError, match="at version 9999, newer than this code"):
        schema.upgrade(engine)
    with reading(engine) as conn:
        version = conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    assert version == "9999"


def test_each_line_is_in_the_reference():
    page = (Path(__file__).parents[2] / "docs/reference/troubleshooting.md").read_text("utf-8")
    lines = {*failures._SQLITE.values(), *failures._POSTGRESQL.values(), *failures._SAID.values()}
    said = {re.split("[;({?]", line)[0].strip() for line in lines | {failures._LOST}}
    assert {line for line in said if line.partition(";")[0] not in page} == set()


@pytest.mark.parametrize(
    ("free", "said"),
    [(20_000, "the disk is full (0.0 MB free)"), (9e9, "it cannot be read or written (9,000.0 MB")],
)
def test_a_file_that_cannot_grow_is_a_full_disk_only_where_nothing_is_free(
    tmp_path, monkeypatch, free, said
):
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR_SHMSIZE"
    monkeypatch.setattr(failures.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    wrapped = sa.exc.OperationalError("SELECT", {}, error)
    found = reason_of(wrapped, sa.make_url(f"sqlite:///{tmp_path}/a.db"))
    assert found is not None
    assert found.startswith(said)
