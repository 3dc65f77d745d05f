"""``isthmus db``: the version of the project's database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import Folder, Json
from pipelines.cli.output import give

if TYPE_CHECKING:
    import sqlalchemy as sa

app = typer.Typer(help="The project's database: which version it is at.", no_args_is_help=True)


@app.command()
def upgrade(
    project: Folder = Path(),
    sql: Annotated[
        bool, typer.Option("--sql", help="Print the statements and change nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring the database to the version this code needs, making it if need be.

    Every run does this by itself; it is a command of its own for those who prepare the database
    with other rights than the job has.
    """
    from idp_core.db import schema
    from pipelines.database import open_database, reached
    from pipelines.project import load_project

    with open_database(load_project(project)) as engine, reached(engine):
        before, needed = schema.current(engine), schema.head()
        if sql:
            text = schema.statements(engine.dialect.name, before)
            give({"sql": text}, text or "-- nothing to do", as_json=as_json)
            return
        schema.upgrade(engine)
        schema.require_head(engine)
    document = {"database": _shown(engine), "before": before, "now": needed}
    told = f"{document['database']}: already at version {needed}"
    if before != needed:
        told = f"{document['database']}: brought from version {before or 'none'} to {needed}"
    give(document, told, as_json=as_json)


@app.command()
def check(project: Folder = Path(), as_json: Json = False) -> None:
    """Tell which version the database is at; exit code 2 when it is not the one needed."""
    from idp_core.db import schema
    from pipelines.database import open_database, reached
    from pipelines.project import load_project

    with open_database(load_project(project)) as engine, reached(engine):
        now, needed = schema.current(engine), schema.head()
        if now == needed:
            document = {"database": _shown(engine), "now": now, "needed": needed}
            give(document, f"{document['database']}: at version {now}", as_json=as_json)
        schema.require_head(engine)


def _shown(engine: sa.Engine) -> str:
    return engine.url.render_as_string(hide_password=True)
