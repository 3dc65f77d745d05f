"""The whole examination, from the installation to remote systems; one failure hides no other."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from idp_core.db import schema
from idp_core.settings import load as load_settings
from pipelines.bus import Bus, Workspace, open_workspace
from pipelines.database import database_url, open_database, reached
from pipelines.doctor import installation, project, storage, work
from pipelines.doctor.findings import Finding, fail, looked, ok, warn
from pipelines.errors import JobError
from pipelines.overview import Answer, ask
from pipelines.project import load_project


def examine(folder: Path) -> Iterator[Finding]:
    """Look at everything that the project in this folder needs."""
    yield from installation.look()
    try:
        workspace = open_workspace(load_project(folder))
    except JobError as error:
        yield from (fail("project", line) for line in str(error).splitlines())
        return
    yield from project.look(workspace)
    yield from looked("data folder", partial(storage.look_at_folder, workspace))
    yield from looked("database", partial(_database, workspace))
    yield from _remotes(workspace)


def _database(workspace: Workspace) -> Iterator[Finding]:
    file = _file_of(workspace)
    if file is not None and not file.exists():
        yield ok("database", f"{file}: the first run makes it")
        return
    with open_database(workspace.project) as engine:
        yield from storage.look_at_database(engine)
        with reached(engine):
            if schema.current(engine) == schema.head():
                bus = Bus(project=workspace.project, schema=workspace.schema, engine=engine)
                yield from work.look(bus)


def _file_of(workspace: Workspace) -> Path | None:
    """Return the file of a SQLite database: opening it would make it."""
    try:
        url = sa.make_url(database_url(workspace.project, load_settings()))
    except sa.exc.ArgumentError:
        return None
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _remotes(workspace: Workspace) -> Iterator[Finding]:
    names = workspace.project
    for where, answer in ask(workspace, list(names.sources), list(names.targets)).items():
        yield from _answered(where, answer)


def _answered(where: str, answer: Answer) -> Iterator[Finding]:
    if answer.reached is None:
        yield warn(where, answer.said)
    elif answer.reached:
        yield ok(where, answer.said)
    else:
        yield from (fail(where, line) for line in answer.said.splitlines())
