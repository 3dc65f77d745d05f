"""The database of a project: where it is, how it is opened, and in which line it fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from connectors.errors import MisconfiguredError
from connectors.secrets import Secret
from idp_core.audit.log import any_entry
from idp_core.db.engine import make_engine, reading
from idp_core.db.failures import reason_of
from idp_core.errors import CoreError
from idp_core.settings import Settings
from idp_core.settings import load as load_settings
from idp_core.vault import master
from idp_core.vault.master import Master
from pipelines.errors import ProjectError, RemoteError
from pipelines.project import Project

_DATABASE = "isthmus.db"
_MASTER_FILE = "master.key"


def database_url(project: Project, settings: Settings) -> str:
    """Return where a project's database is: what the environment says, the project, the default.

    It may hold a password. Raises ProjectError when a reference to a secret leads nowhere.
    """
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    said = project.database
    if said is None:
        return f"sqlite:///{project.data_folder / _DATABASE}"
    if said.split(":", 1)[0] in {"env", "file", "keyring"}:
        try:
            said = Secret(said, project.folder).reveal()
        except MisconfiguredError as error:
            raise ProjectError(f"database: {error}") from None
    return _from_folder(said, project.folder)


def is_shared(project: Project) -> bool:
    """Whether a project's database is a server's, which several hosts may share, and no file.

    Raises ProjectError for what a person has to mend.
    """
    try:
        return not database_url(project, load_settings()).startswith("sqlite")
    except CoreError as error:
        raise ProjectError(str(error)) from None


def _from_folder(url: str, folder: Path) -> str:
    """Find a SQLite file from the project's folder, wherever a command or a scheduler starts."""
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        return url  # told, without its text, when the engine is made
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return url
    file = folder.absolute() / str(parsed.database)
    return parsed.set(database=str(file)).render_as_string(hide_password=False)


@contextmanager
def open_database(project: Project, settings: Settings | None = None) -> Iterator[sa.Engine]:
    """Give an engine on a project's database, whatever version it is at; makes the data folder.

    Raises ProjectError for what a person has to mend.
    """
    try:
        said = settings or load_settings()
        project.data_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        engine = make_engine(
            database_url(project, said),
            pool_size=said.database_pool,
            wait_seconds=said.database_wait_seconds,
        )
    except CoreError as error:
        raise ProjectError(str(error)) from None
    except OSError as error:
        raise ProjectError(
            f"{error.filename}: cannot be made or written ({error.strerror}); mend its rights, or "
            "name another place under data: or database:"
        ) from None
    try:
        yield engine
    finally:
        engine.dispose()


def master_secret(project: Project, settings: Settings | None = None) -> Master:
    """Return the master secret: what the environment says, or the data folder's, made if need be.

    Raises SettingsError when what is there is none, or others than its owner may read it.
    """
    said = (settings or load_settings()).master_key
    if said is not None:
        return master.parse(said.get_secret_value(), "ISTHMUS_MASTER_KEY")
    return master.read_or_make(project.data_folder / _MASTER_FILE)


def audit_key(project: Project, engine: sa.Engine) -> bytes:
    """Return the key that the audit log of a project is chained with.

    Raises ProjectError where there is a log and the secret it was written with is not here: what
    another secret appends cannot be verified.
    """
    try:
        file = project.data_folder / _MASTER_FILE
        if load_settings().master_key is None and not file.exists():
            with reading(engine) as conn:
                begun = any_entry(conn)
            if begun:
                raise ProjectError(
                    f"{file}: the audit log of this database was written with a master secret that "
                    "is not here; put the file back, or copy it from the host that began the log"
                )
        return master_secret(project).key("audit")
    except CoreError as error:
        raise ProjectError(str(error)) from None


@contextmanager
def used(engine: sa.Engine) -> Iterator[None]:
    """Tell in one line with the mend that the database cannot be used; a bug passes as it is."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        reason = reason_of(error, engine.url)
        if reason is None:
            raise
        raise RemoteError(f"the database cannot be used: {_named(engine.url)}: {reason}") from None


@contextmanager
def reached(engine: sa.Engine) -> Iterator[None]:
    """Tell the same, or that the database is at another version."""
    try:
        with used(engine):
            yield
    except CoreError as error:
        raise ProjectError(str(error)) from None


def _named(url: sa.URL) -> str:
    """Return how a database is named in messages: its file, or its URL without the password."""
    if url.get_backend_name() == "sqlite" and url.database:
        return url.database
    return url.render_as_string(hide_password=True)
