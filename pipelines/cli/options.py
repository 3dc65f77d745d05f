"""Options that many commands share.

A command's module imports only what is light: the jobs, with their databases and engines, are
imported inside its functions, so that help and completion of the shell answer at once.
"""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from pipelines.errors import JobError


@dataclass(slots=True)
class Wishes:
    """What was asked for before and after the command's name; the later word wins."""

    project: Path = Path()
    json: bool = False


def _project(ctx: typer.Context, param: typer.CallbackParam, value: Path) -> Path:
    wishes = ctx.ensure_object(Wishes)
    if _is_given(ctx, param):
        wishes.project = value
    return wishes.project


def _json(ctx: typer.Context, param: typer.CallbackParam, value: bool) -> bool:
    wishes = ctx.ensure_object(Wishes)
    if _is_given(ctx, param):
        wishes.json = value
    return wishes.json


def _is_given(ctx: typer.Context, param: typer.CallbackParam) -> bool:
    source = ctx.get_parameter_source(param.name or "")
    return source is not None and source.name in {"COMMANDLINE", "ENVIRONMENT"}


ENVIRONMENT = "ISTHMUS_PROJECT"
Project = Annotated[
    Path,
    typer.Option(
        "--project",
        envvar=ENVIRONMENT,
        callback=_project,
        help="The project's folder, for any command.",
        show_default="the working directory",
        file_okay=False,
    ),
]
Folder = Annotated[
    Path,
    typer.Option(
        "--project",
        callback=_project,
        help="The project's folder; also before the command or as $ISTHMUS_PROJECT.",
        show_default=False,
        file_okay=False,
    ),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json", callback=_json, help="Answer with one JSON document on standard output."
    ),
]
Names = Annotated[list[str] | None, typer.Option(help="Only these; may be given again.")]
Values = Annotated[bool, typer.Option("--values", help="Show customers' values, too.")]
Picture = Annotated[
    Path | None,
    typer.Option(
        help="Draw it into this file: .svg, .html (one page, asks no other host) or .png. "
        "Needs the extra `pictures`.",
        dir_okay=False,
    ),
]
Who = Annotated[
    str | None,
    typer.Option(help="Whose word this is.", show_default="the user of this machine"),
]


def who_says(said: str | None) -> str:
    """Return whose word it is: the one named, or the user of this machine."""
    if said is not None and said.strip():
        return said.strip()
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise JobError("nobody knows whose word this is: name them by --who") from None
