"""``isthmus db``, on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from idp_core.db import schema
from idp_core.db.engine import make_engine
from tests.pipelines.cli.conftest import document


@pytest.fixture
def at(project, database_url):
    """The project on a new empty database."""
    text = (project / "isthmus.yaml").read_text()
    (project / "isthmus.yaml").write_text(f"{text}database: {database_url}\n")
    return project


def test_upgrade_makes_the_tables_once(run, at):
    assert run("db", "check", "--project", at).exit_code == 2
    first = document(run("db", "upgrade", "--json", "--project", at))
    assert (first["before"], first["now"]) == (None, schema.head())
    again = run("db", "upgrade", "--project", at)
    assert again.stdout.endswith(f"already at version {schema.head()}\n")
    assert document(run("db", "check", "--json", "--project", at))["now"] == schema.head()


def test_sql_makes_the_same_tables_when_somebody_else_runs_it(run, at, database_url):
    text = document(run("db", "upgrade", "--sql", "--json", "--project", at))["sql"]
    engine = make_engine(database_url)
    with engine.connect() as conn:
        driver = conn.connection.driver_connection
        assert driver is not None
        driver.executescript(text) if hasattr(driver, "executescript") else driver.execute(text)
    schema.require_head(engine)
    named = set(sa.inspect(engine).get_table_names())
    engine.dispose()
    assert {"profile", "run", "journal"} <= named
    assert run("db", "upgrade", "--sql", "--project", at).stdout == "-- nothing to do\n"


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("postgresql://me:hidden@127.0.0.1:1/x", 4, "cannot be used"),
        ("mysql://me:hidden@h/x", 2, "is not supported"),
        ("env:ISTHMUS_NO_SUCH", 2, "not set"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_line(run, project, url, code, said):
    text = (project / "isthmus.yaml").read_text()
    (project / "isthmus.yaml").write_text(f"{text}database: {url}\n")
    for command in (["db", "check"], ["db", "upgrade"], ["sync"]):
        result = run(*command, "--project", project)
        assert result.exit_code == code
        assert len(result.stderr.splitlines()) == 1
        assert said in result.stderr
        assert "hidden" not in result.stderr


def test_a_file_that_is_no_database_is_one_line(run, project):
    (project / "data").mkdir()
    (project / "data" / "isthmus.db").write_text("this is no database, it is a text\n" * 100)
    result = run("db", "check", "--project", project)
    assert result.exit_code == 4
    assert "isthmus.db: it is no database, or damaged" in result.stderr
