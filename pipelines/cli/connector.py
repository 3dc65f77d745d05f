"""``isthmus connector``: descriptions of systems, and whether a system keeps to its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import Folder, Json
from pipelines.cli.output import give, tell
from pipelines.errors import RemoteError

if TYPE_CHECKING:
    from connectors.trial import Finding

app = typer.Typer(help="Systems to connect to, and their descriptions.", no_args_is_help=True)


@app.command()
def schema() -> None:
    """Print the JSON Schema of files that describe a system, for completion in editors."""
    from connectors.rest.jsonschema import json_schema

    give(json_schema(), as_json=True)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="What it is called, such as billing.")],
    folder: Annotated[
        Path | None, typer.Argument(help="Where its files go; otherwise the --project folder.")
    ] = None,
    project: Folder = Path(),
    python: Annotated[
        bool, typer.Option("--python", help="A Python package instead of a description.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the files of a new connector, with a test that holds it to the rules."""
    from pipelines.starter.connectors import make_connector

    made = make_connector(folder or project, name, python=python)
    test = next(str(file) for file in made if file.name.startswith("test_"))
    install = ["pip install -e ."] if python else []
    steps = [*install, f"pytest {test}", f"isthmus connector test {name if python else made[0]}"]
    lines = [*(f"wrote {file}" for file in made), "next:", *(f"  {step}" for step in steps)]
    document = {"name": name, "files": [str(file) for file in made], "next": steps}
    give(document, *lines, as_json=as_json)


Pairs = list[str] | None


@app.command("test")
def try_it(  # noqa: PLR0913, PLR0917 (options of a command)
    name: Annotated[str, typer.Argument(help="A source, a target, or a file that describes one.")],
    project: Folder = Path(),
    settings: Annotated[
        Pairs, typer.Option("--set", help="A setting of the file, NAME=VALUE; may be given again.")
    ] = None,
    object_: Annotated[
        str | None, typer.Option("--object", help="Only this object of a file.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="The column that tells rows apart.")] = None,
    cursor: Annotated[
        str | None, typer.Option(help="The column that grows with each change.")
    ] = None,
    rows: Annotated[int, typer.Option(min=1, help="About so many rows are read.")] = 1000,
    write: Annotated[
        bool, typer.Option("--write", help="Write a canary account, read it back, delete it.")
    ] = False,
    attributes: Annotated[
        Pairs, typer.Option("--with", help="What the canary holds, NAME=VALUE; may be given again.")
    ] = None,
    edits: Annotated[
        Pairs,
        typer.Option("--edit", help="What its update writes, NAME=VALUE."),
    ] = None,
    canary_key: Annotated[
        str | None, typer.Option("--canary", help="The canary's key.", show_default="a new one")
    ] = None,
    as_json: Json = False,
) -> None:
    """Try a connector on its live system; nothing is written without --write.

    Exit code 1 when a rule does not hold, 4 when the system cannot be used.
    """
    from pipelines.trial import Reading, choose, made_canary, tried

    subject = choose(name, project, settings or [])
    canary = made_canary(subject, canary_key, attributes or [], edits or []) if write else None
    found = []
    for where, each in tried(subject, Reading(object_, key, cursor, rows), canary):
        found.append((where, each))
        if not as_json:
            give(None, _line(where, each), as_json=False)
    failed = [each for _, each in found if each.verdict == "fail"]
    if as_json:
        give(_document(name, found), as_json=True)
    tell(f"{len(found)} rules, {len(failed)} of them not held" if failed else f"{len(found)} rules")
    if failed:
        raise typer.Exit(RemoteError.exit_code if failed[0].rule == "identity" else 1)


def _line(where: str, each: Finding) -> str:
    mend = f"; {each.mend}" if each.mend and each.verdict != "ok" else ""
    return f"{each.verdict.value:<5}{where}{': ' if where else ''}{each.rule}: {each.seen}{mend}"


def _document(name: str, found: Sequence[tuple[str, Finding]]) -> dict[str, object]:
    return {
        "name": name,
        "ok": not any(each.verdict == "fail" for _, each in found),
        "findings": [{"object": where or None, **asdict(each)} for where, each in found],
    }
