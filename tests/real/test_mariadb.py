"""A real MariaDB as a legacy source and as a target."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa

from connectors.contract import Query
from connectors.errors import UnauthorizedError
from connectors.kit import CANARY, SourceContract, TargetContract
from connectors.sql import Sql
from pipelines.sandbox.processes import free_port
from tests.connectors.test_sql import of, people, rows
from tests.connectors.test_sql_writing import TABLES, make
from tests.real.packages import debian
from tests.real.starting import public_folder

pytestmark = pytest.mark.real
PASSWORD = "app-7fJq"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server of our own on loopback; the URL of its user, without a database."""
    debian("mariadb-server", commands=["mariadbd", "mariadb-install-db", "mariadb-admin"])
    with public_folder("mariadb") as folder, _served(folder) as url:
        yield url


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    user = ["--user=mysql"] if os.geteuid() == 0 else []
    if user:
        shutil.chown(folder, "mysql")
    data, port = folder / "data", free_port()
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", *user, f"--datadir={data}",
         "--auth-root-authentication-method=normal", "--skip-test-db"],
        check=True, capture_output=True,
    )  # fmt: skip
    process = subprocess.Popen(
        ["/usr/sbin/mariadbd", "--no-defaults", *user, f"--datadir={data}", "--skip-name-resolve",
         "--bind-address=127.0.0.1", f"--port={port}", f"--socket={folder / 's'}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _await(folder / "s")
        statement = (
            f"CREATE USER app@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'; "
            "GRANT ALL ON *.* TO app@'127.0.0.1'"
        )
        _as_root(folder / "s", statement)
        yield f"mysql+pymysql://app:{PASSWORD}@127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _as_root(socket: Path, statement: str) -> None:
    command = ["mariadb", "--no-defaults", "-uroot", f"--socket={socket}", "-e", statement]
    subprocess.run(command, check=True, capture_output=True)


def _await(socket: Path) -> None:
    ping = ["mariadb-admin", "--no-defaults", "-uroot", f"--socket={socket}", "ping"]
    deadline = time.monotonic() + 60
    while subprocess.run(ping, check=False, capture_output=True).returncode != 0:
        if time.monotonic() > deadline:
            raise TimeoutError("MariaDB did not answer within a minute")
        time.sleep(0.1)


@pytest.fixture
def database(server, request) -> Iterator[str]:
    """A new empty database, gone afterwards."""
    engine = sa.create_engine(server)
    name = f"t_{abs(hash(request.node.nodeid))}"
    with engine.begin() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} CHARACTER SET utf8mb4"))
    yield f"{server}/{name}?charset=utf8mb4"
    with engine.begin() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name}"))
    engine.dispose()


class TestMariadbSource(SourceContract):
    @pytest.fixture
    def source(self, records, database, tmp_path) -> Sql:
        return legacy(database, tmp_path, records)

    @pytest.fixture
    def empty(self, database, tmp_path):
        return legacy(database, tmp_path, [])

    @pytest.fixture
    def unreachable(self, database, tmp_path):
        return of(sa.make_url(database).set(port=1).render_as_string(False), tmp_path)

    @pytest.fixture
    def refused(self, database, tmp_path):
        return of(sa.make_url(database).set(password=CANARY).render_as_string(False), tmp_path)


class TestMariadbTarget(TargetContract):
    name: ClassVar[str] = "accounts"
    unique: ClassVar[str] = "user_name"
    fixed: ClassVar[dict[str, Any]] = {"given_name": "Zoë"}
    edited: ClassVar[tuple[str, Any, Any]] = ("family_name", "Lee", "O'Brien-日本")

    @pytest.fixture
    def target(self, database, tmp_path):
        make(database)
        return of(database, tmp_path, tables=TABLES)


def legacy(url: str, folder: Path, records: list[dict[str, Any]]) -> Sql:
    return people(url, folder, records, key=sa.String(100, collation="utf8mb4_bin"))


def test_what_changes_and_goes_at_the_source_is_seen(database, tmp_path):
    records = [{"id": f"k{n}", "name": "Lee", "note": None, "big": n, "changed": f"2026-01-0{n}"}
               for n in range(1, 6)]  # fmt: skip
    source = legacy(database, tmp_path, records)
    query = Query("people", key="id", cursor="changed")
    *_, last = source.read(query)
    engine = sa.create_engine(database)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE people SET changed = '2026-02-01' WHERE id = 'k2'"))
        connection.execute(sa.text("DELETE FROM people WHERE id = 'k4'"))
    engine.dispose()
    changed = rows(
        list(source.read(Query("people", key="id", cursor="changed", after=last.cursor)))
    )
    assert [row["id"] for row in changed] == ["k2"]
    assert [row["id"] for row in rows(list(source.read(Query("people", key="id"))))] == [
        "k1", "k2", "k3", "k5",
    ]  # fmt: skip


def test_a_wrong_password_is_told(database, tmp_path):
    wrong = sa.make_url(database).set(password="no").render_as_string(False)
    with pytest.raises(UnauthorizedError, match="refuses us; check user, password"):
        of(wrong, tmp_path).check()
