"""Where the database of a project is."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from connectors.errors import MisconfiguredError
from connectors.secrets import Secret
from idp_core.settings import Settings
from pipelines.errors import ProjectError
from pipelines.project import Project

_DATABASE = "isthmus.db"


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
