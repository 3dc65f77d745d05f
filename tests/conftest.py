"""Fixtures that every package's tests may use: databases of both kinds, always empty.

- ``postgres_url``: a new empty database on a real PostgreSQL (URL text for SQLAlchemy).
- ``database_url``: the same test on SQLite and on PostgreSQL; a new empty database each time.
- ``engine``: an engine for such a database, upgraded to the newest schema.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy as sa
import structlog

from pipelines.sandbox import postgres
from tests.databases import new_engine
from tests.often import often

# No test depends on how fast the machine is. In CI the same commit gives the same answer; elsewhere
# each run looks at new examples.
_UNHURRIED = {
    "deadline": None,
    "max_examples": often(100),
    "suppress_health_check": [hypothesis.HealthCheck.too_slow],
}
hypothesis.settings.register_profile("here", **_UNHURRIED)
hypothesis.settings.register_profile("ci", derandomize=True, **_UNHURRIED)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")

_PREFIX = "isthmus-test-postgres-"


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (OSError, ValueError):
        return False
    return True


def _remove_what_killed_runs_left() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if not _alive(folder.name.removeprefix(_PREFIX)):
            postgres.stop(folder)
            shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave to ``make test-all`` the tests whose ids have what their module names in `SLOW`.

    As a rule ``postgresql``, in modules about whole runs: the statements beneath are tried on both
    databases elsewhere.
    """
    items.sort(key=lambda item: "real/test_spark" not in item.nodeid)  # the longest begins first
    for item in items:
        named = getattr(getattr(item, "module", None), "SLOW", ())
        if any(part in item.nodeid for part in named):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """Let no test leave its logs to the next: they may go to a stream that is closed by then."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Postgres]:
    """A PostgreSQL server of this test process alone; skips with the reason if there is none."""
    _remove_what_killed_runs_left()
    folder = Path(tempfile.gettempdir()) / f"{_PREFIX}{os.getpid()}"
    try:
        server = postgres.start(folder)
    except postgres.PostgresUnavailableError as reason:
        pytest.skip(str(reason))
    yield server
    postgres.stop(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: postgres.Postgres) -> Iterator[str]:
    """A new empty database on PostgreSQL, gone after the test whatever still uses it."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield postgres_server.create(name)
    postgres_server.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new empty database: the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """An engine on a new database with the core's tables: once SQLite, once PostgreSQL."""
    engine = new_engine(database_url)
    yield engine
    engine.dispose()
