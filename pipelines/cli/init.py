"""``isthmus init``."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from pipelines.cli.options import Folder, Json
from pipelines.cli.output import give

_NEXT = ("isthmus mapping check", "isthmus mapping test", "isthmus sync")


def init(
    folder: Annotated[
        Path | None, typer.Argument(help="Where to make it; otherwise the --project folder.")
    ] = None,
    project: Folder = Path(),
    from_: Annotated[
        str | None,
        typer.Option("--from", help="Also start a source of this type, such as sql; commented."),
    ] = None,
    schemas: Annotated[
        bool,
        typer.Option("--schemas", help="Only write the editors' schemas of this project anew."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a project that works at once: a source, its mapping with tests, a few rows."""
    from pipelines.bus import open_workspace
    from pipelines.project import load_project
    from pipelines.starter.schemas import write_schemas
    from pipelines.starter.write import Made, make_project

    where = folder or project
    if schemas:
        made = Made(tuple(write_schemas(where, open_workspace(load_project(where)).schema)))
        steps: list[str] = []
    else:
        made = make_project(where, connector=from_)
        steps = [*([] if where == Path() else [f"cd {quote(str(where))}"]), *_NEXT]
    lines = [*(f"wrote {file}" for file in made.files), *made.left]
    lines += ["next:", *(f"  {step}" for step in steps)] if steps else []
    files = [str(file) for file in made.files]
    document = {"folder": where, "files": files, "left": list(made.left), "next": steps}
    give(document, *lines, as_json=as_json)
