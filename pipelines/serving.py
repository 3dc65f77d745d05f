"""The login of a project: opened, and served by Granian.

A worker is a process of its own that opens the folder again; it is told which one, and nothing
secret, by its environment.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from idp_core.errors import CoreError
from idp_core.settings import Settings
from idp_core.settings import load as load_settings
from pipelines.database import database_url, master_secret, used
from pipelines.errors import JobError, ProjectError
from pipelines.project import FILE, Project, load_project

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from idp_core.claims.book import Book
    from idp_core.site.site import Site
    from idp_core.web.tracing import Traces

_FOLDER = "ISTHMUS_PROJECT"
_PATIENCE = 5.0
"""Seconds that a request waits for a long writer on SQLite before it answers 503."""
_STOP_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Served:
    """What is about to be served, for a person to read."""

    issuer: str
    listen: str
    config: Path
    made: bool


def project_of(folder: Path) -> Project:
    """Return the project in a folder; one that only logs people in needs no ``isthmus.yaml``."""
    if (folder / FILE).exists():
        return load_project(folder)
    return Project(project="login", data=folder / "data")


@contextmanager
def opened(folder: Path) -> Iterator[Site]:
    """Open a folder's login for as long as a command takes. Raises as `open_site`."""
    site = open_site(folder)
    try:
        yield site
    finally:
        site.engine.dispose()


def open_site(folder: Path, settings: Settings | None = None) -> Site:
    """Open a folder's login: its configuration, database (upgraded) and master secret.

    Raises ProjectError for what a person has to mend.
    """
    try:
        from idp_core.db.engine import make_engine
        from idp_core.db.newest import is_newest
        from idp_core.site import config as configs
        from idp_core.site.site import Around, make_site
    except ModuleNotFoundError as error:
        raise _not_installed(error) from None
    said = settings or load_settings()
    try:
        project = project_of(folder)
        config, _ = configs.read_or_make(folder / configs.FILE)
        found = master_secret(project, said)
        engine = make_engine(
            database_url(project, said),
            pool_size=said.database_pool,
            wait_seconds=min(said.database_wait_seconds, _PATIENCE),
        )
        with used(engine):
            if not is_newest(engine):
                from idp_core.db import schema

                schema.upgrade(engine)
        password, sms, events = said.smtp_password, said.sms_secret, said.events_secret
        around = Around(
            folder,
            project.data_folder / "mail",
            _claims(folder, project),
            lambda: password.get_secret_value() if password else None,
            project.data_folder / "sms",
            lambda: sms.get_secret_value() if sms else None,
            lambda: events.get_secret_value() if events else None,
        )
        site = make_site(config, engine, found, around)
        site.keys.ring()
    except CoreError as error:
        raise ProjectError(str(error)) from None
    return site


def _claims(folder: Path, project: Project) -> Book:
    """Read the folder's own claims, in the project's vocabulary; without a file, import nothing."""
    from idp_core.claims.book import Book

    file = folder / "claims.yaml"
    if not file.exists():
        return Book()
    from idp_core.claims.file import load
    from mappings.schema import CUSTOMER

    schema = CUSTOMER
    if project.attributes is not None:
        from pipelines.bus import open_workspace

        schema = open_workspace(project).schema
    return load(file, lambda: datetime.now(UTC).date(), schema)


def application() -> ASGIApp:
    """Return the application of the folder that the environment names; Granian calls it."""
    from idp_core.logs import configure
    from idp_core.web.app import make_app

    _end_with_the_server()
    settings = load_settings()
    configure(settings.log_level, settings.log_format)
    folder = Path(os.environ.get(_FOLDER, "."))
    site, project = open_site(folder, settings), project_of(folder)
    made = make_app(site, traces=_traces(site))
    if not project.pushed:
        return made  # connectors take longer to import than all of the login
    from pipelines.hooks import hooked, receivers

    return hooked(made, receivers(project, site.engine))


def _end_with_the_server() -> None:
    """Let this worker stop when the process that began it is gone, killed for example.

    It would go on to answer at the port, beside the next server's workers, by what was configured.
    """
    server = multiprocessing.parent_process()
    if server is None:
        return

    def wait() -> None:
        server.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="server", daemon=True).start()


def _traces(site: Site) -> Traces | None:
    """Return where traces go. Raises ProjectError when the extra for them is missing."""
    if site.config.traces.otlp is None:
        return None
    try:
        from idp_core.web.tracing import to_collector
    except ModuleNotFoundError as error:
        raise ProjectError(
            f"traces.otlp needs {error.name}, which is not installed; pip install 'isthmus[otel]'"
        ) from None
    return to_collector(site.config.traces, version("isthmus"))


def prepare(folder: Path) -> Served:
    """Make what is missing (configuration, secret, database, keys) and tell what is served."""
    from idp_core.site import config as configs

    file = folder / configs.FILE
    made = not file.exists()
    site = open_site(folder)
    site.engine.dispose()
    traces = _traces(site)  # a worker that cannot take them would only die and be begun again
    if traces is not None:
        traces.stop()
    return Served(site.config.issuer, site.config.listen, file, made)


def serve(folder: Path, workers: int | None = None) -> None:
    """Serve a folder's login until it is told to stop."""
    try:
        from granian import Granian
        from granian.constants import Interfaces
        from granian.http import HTTP1Settings
    except ModuleNotFoundError as error:
        raise _not_installed(error) from None
    from idp_core.site import config as configs

    config, _ = configs.read_or_make(folder / configs.FILE)
    host, _, port = config.listen.rpartition(":")
    os.environ[_FOLDER] = str(folder.absolute())
    many = workers or config.workers
    try:
        with _counting_together(many):
            Granian(
                "pipelines.serving:application",
                address=host.strip("[]"),
                port=int(port),
                interface=Interfaces.ASGI,
                workers=many,
                factory=True,
                websockets=False,
                log_enabled=False,
                respawn_failed_workers=True,
                workers_kill_timeout=_STOP_SECONDS,
                http1_settings=HTTP1Settings(header_read_timeout=10_000),
            ).serve()
    except OSError as error:
        raise JobError(
            f"{config.listen} cannot be listened at ({error.strerror}); name another in "
            f"{folder / configs.FILE}"
        ) from None


@contextmanager
def _counting_together(workers: int) -> Iterator[None]:
    """Give several workers a folder to count in, so that each can tell the sum of all.

    They begin as new processes, not as copies of this one: a copy would have its counters, which
    know nothing of the folder, and its connections.
    """
    if workers == 1:
        yield
        return
    from idp_core.site.metrics import FOLDER as COUNTED

    with TemporaryDirectory(prefix="isthmus-metrics-") as counted:
        os.environ[COUNTED] = counted
        multiprocessing.set_start_method("spawn", force=True)
        try:
            yield
        finally:
            del os.environ[COUNTED]


def _not_installed(error: ModuleNotFoundError) -> ProjectError:
    return ProjectError(
        f"the login needs {error.name}, which is not installed; pip install 'isthmus[serve]'"
    )
