"""``isthmus mapping``: what the author of a mapping asks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipelines.cli.options import Folder, Json
from pipelines.cli.output import complain, give, tell
from pipelines.errors import JobError, ProjectError, RemoteError

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


@app.command()
def preview(
    source: Annotated[str, typer.Argument(help="The source whose rows are shown.")],
    project: Folder = Path(),
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many rows.")] = 5,
    key: Annotated[str | None, typer.Option(help="Only the row with this key.")] = None,
    landed: Annotated[
        bool, typer.Option("--landed", help="Rows that landed in earlier runs; ask no source.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show rows of a source beside what becomes of them, and what would be quarantined and why.

    It shows customers' values, and writes nothing.
    """
    from datetime import UTC, datetime

    from idp_core.db.jsontext import storable
    from pipelines.authoring import preview as authoring
    from pipelines.authoring.held import require_held
    from pipelines.bus import open_bus, open_workspace
    from pipelines.cli import previewtext
    from pipelines.cli.watch import watching
    from pipelines.project import load_project
    from pipelines.suites import suite_of

    said = load_project(project)
    workspace = open_workspace(said)
    mapping = workspace.mapping(source)
    wish = authoring.Wish(limit, datetime.now(UTC).date(), None if key is None else storable(key))
    suite = suite_of(workspace, source, mapping, today=wish.today)
    if landed:
        with open_bus(said) as bus:
            sample = require_held(bus, source, mapping).sample
        found = authoring.preview_held(source, mapping, suite, sample, wish)
    else:
        with watching(Console(stderr=True)) as watch:
            told = watch(f"read {source}")
            found = authoring.preview(workspace, source, mapping, suite, wish, progress=told)
    document = previewtext.preview_document(source, found)
    give(document, *previewtext.preview_parts(found), as_json=as_json)


@app.command()
def coverage(
    sources: Annotated[
        list[str] | None, typer.Argument(help="All of the project when none is named.")
    ] = None,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """Tell which columns of sources are read, ignored or forgotten; column by column for one."""
    from pipelines.authoring.covering import covered
    from pipelines.bus import open_workspace
    from pipelines.cli import previewtext
    from pipelines.project import load_project

    workspace = open_workspace(load_project(project))
    found, problems = [], []
    for name in sources or workspace.project.sources:
        try:
            found.append(covered(workspace, name))
        except JobError as error:
            problems.append(error)
    document = previewtext.coverage_document(found) | {"problems": list(map(str, problems))}
    give(document, *previewtext.coverage_parts(found), as_json=as_json)
    for problem in problems:
        complain(problem)
    if problems:
        raise typer.Exit(problems[0].exit_code)


@app.command()
def diff(
    source: Annotated[str, typer.Argument(help="The source whose mapping was edited.")],
    project: Folder = Path(),
    against: Annotated[
        Path | None, typer.Option(help="The mapping before the edit, in another file.")
    ] = None,
    git: Annotated[
        str | None, typer.Option(help="The mapping before the edit, at a revision such as HEAD.")
    ] = None,
    read: Annotated[
        bool, typer.Option("--read", help="Read the whole source instead of what we hold.")
    ] = False,
    values: Annotated[bool, typer.Option("--values", help="Show customers' values.")] = False,
    as_json: Json = False,
) -> None:
    """Tell what an edit of a mapping would change on the data we hold; nothing is written.

    Without --against and --git the edit is what differs from the mapping that the last run used.
    """
    from datetime import UTC, datetime

    from pipelines.authoring.earlier import earlier
    from pipelines.authoring.editing import Edit, on_held, on_source
    from pipelines.bus import open_bus, open_workspace
    from pipelines.cli import difftext
    from pipelines.cli.watch import watching
    from pipelines.project import load_project

    said = load_project(project)
    workspace = open_workspace(said)
    before = earlier(workspace, source, against=against, revision=git)
    today = datetime.now(UTC).date()
    edit = Edit(source, before.document, workspace.mapping(source), today)
    effect = None
    if edit.differences and read:
        with watching(Console(stderr=True)) as watch:
            effect = on_source(workspace, edit, progress=watch(f"read {source}"))
    elif edit.differences:
        with open_bus(said) as bus:
            effect = on_held(bus, edit)
    told = (before.said, edit.differences, effect)
    parts = difftext.diff_parts(*told, values=values)
    give(difftext.diff_document(*told, values=values), *parts, as_json=as_json)
