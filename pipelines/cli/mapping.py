"""``isthmus mapping``: what the author of a mapping asks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import Folder, Json
from pipelines.cli.output import give, tell
from pipelines.errors import ProjectError, RemoteError

app = typer.Typer(help="Check, try and compare mapping and push files.", no_args_is_help=True)

Files = Annotated[
    list[str] | None,
    typer.Argument(help="Sources, targets or files; all of the project when none is named."),
]


@app.command()
def check(
    files: Files = None,
    project: Folder = Path(),
    live: Annotated[
        bool, typer.Option("--live", help="Hold mappings against the columns sources have now.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Tell everything that is wrong with mapping and push files, with its place and its mend."""
    from pipelines.authoring.checking import check as check_files
    from pipelines.authoring.files import choose
    from pipelines.bus import open_workspace
    from pipelines.cli import mappingtext
    from pipelines.project import load_project

    workspace = open_workspace(load_project(project))
    found = check_files(workspace, choose(workspace, files or []), live=live)
    lines = (line for each in found for line in mappingtext.checked_lines(each))
    give(mappingtext.checked_document(found), *lines, as_json=as_json)
    tell(mappingtext.checked_summary(found))
    if any(each.problems or each.failures for each in found):
        raise typer.Exit(ProjectError.exit_code)
    if any(each.unreachable for each in found):
        raise typer.Exit(RemoteError.exit_code)


@app.command("test")
def run_tests(files: Files = None, project: Folder = Path(), as_json: Json = False) -> None:
    """Run the examples that stand in mapping and push files; exit code 1 when one fails."""
    from datetime import UTC, datetime

    from pipelines.authoring.checking import run_examples
    from pipelines.authoring.files import choose
    from pipelines.bus import open_workspace
    from pipelines.cli import mappingtext
    from pipelines.project import load_project

    workspace = open_workspace(load_project(project))
    today = datetime.now(UTC).date()
    found = run_examples(workspace, choose(workspace, files or []), today=today)
    lines = (line for each in found for line in mappingtext.tested_lines(each))
    give(mappingtext.tested_document(found), *lines, as_json=as_json)
    if not all(each.checked.right for each in found):
        raise typer.Exit(ProjectError.exit_code)
    if any(each.failed for each in found):
        raise typer.Exit(1)
