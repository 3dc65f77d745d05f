"""``isthmus sources``: what a project reads and writes, and how it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import Folder, Json
from pipelines.cli.output import give
from pipelines.errors import RemoteError

app = typer.Typer(help="Sources and targets: how they stand, what columns they have.")


@app.callback(invoke_without_command=True)
def sources(
    ctx: typer.Context,
    project: Folder = Path(),
    check: Annotated[
        bool, typer.Option("--check", help="Ask each system who it is; exit code 4 if one fails.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List sources and targets: how each is read or written, its last run, what is left open."""
    if ctx.invoked_subcommand is not None:
        return
    from pipelines.bus import open_bus
    from pipelines.cli import sourcestext
    from pipelines.overview import ask, standing
    from pipelines.project import load_project

    said = load_project(project)
    with open_bus(said) as bus:
        found = standing(bus)
        answers = ask(bus, list(said.sources), list(said.targets)) if check else {}
    document = sourcestext.standing_document(*found, answers)
    give(document, *sourcestext.standing_parts(*found, answers), as_json=as_json)
    if any(answer.reached is False for answer in answers.values()):
        raise typer.Exit(RemoteError.exit_code)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A source or target.")],
    project: Folder = Path(),
    every: Annotated[
        bool, typer.Option("--all", help="The columns of all objects, not only of the one in use.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Ask a system for its objects and their columns, in its own words."""
    from pipelines.bus import open_workspace
    from pipelines.cli import sourcestext
    from pipelines.overview import describe, object_in_use
    from pipelines.project import load_project

    workspace = open_workspace(load_project(project))
    objects = describe(workspace, name)
    used = object_in_use(workspace, name, objects)
    document = sourcestext.objects_document(name, objects, used)
    give(document, *sourcestext.objects_parts(objects, used, every=every), as_json=as_json)
