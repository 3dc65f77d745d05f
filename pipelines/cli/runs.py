"""``isthmus runs``: what was run and what came of it."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.group import Implied
from pipelines.cli.options import Folder, Json, Who, who_says
from pipelines.cli.output import give, tell
from pipelines.errors import JobError

if TYPE_CHECKING:
    from idp_core.ledger.store import Run

app = typer.Typer(cls=Implied, help="What was run, and what came of it. Without a command: list.")


Going = Annotated[
    str | None, typer.Argument(help="The run's id, or the end of it; the one that goes on if none.")
]
Why = Annotated[str | None, typer.Option(help="Why; it is kept.")]


class Status(StrEnum):
    """How a run ended, or has not."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"


@app.command("list")
def list_runs(
    job: Annotated[
        str | None,
        typer.Option(help="Only runs of this job: sync, unify, plan, apply, replay, erase."),
    ] = None,
    status: Annotated[Status | None, typer.Option(help="Only runs that stand so.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, the latest first.")] = 20,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """List runs, the latest first."""
    from idp_core.ledger.store import RunStatus
    from pipelines import runs
    from pipelines.bus import open_bus
    from pipelines.cli import runtext
    from pipelines.project import load_project

    wanted = RunStatus(status.value) if status else None
    with open_bus(load_project(project)) as bus:
        found = runs.list_runs(bus, job=job, status=wanted, limit=limit)
    give([runtext.document(each) for each in found], runtext.lines(found), as_json=as_json)


@app.command()
def show(
    run: Annotated[str, typer.Argument(help="The run's id, or the end of it.")],
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """Show the steps of a run, the verdicts on its sources, its dead letters and its plans."""
    from pipelines import runs
    from pipelines.bus import open_bus
    from pipelines.cli import runtext
    from pipelines.project import load_project

    with open_bus(load_project(project)) as bus:
        story = runs.read_run(bus, run)
    give(runtext.story_document(story), *runtext.story_parts(story), as_json=as_json)


class Form(StrEnum):
    """How a report is written."""

    HTML = "html"
    JSON = "json"


@app.command()
def report(
    run: Annotated[str, typer.Argument(help="The run's id, or the end of it.")],
    form: Annotated[
        Form, typer.Option("--format", help="A page to read and print, or a document.")
    ] = Form.HTML,
    output: Annotated[
        Path | None, typer.Option(help="Write it into this file.", dir_okay=False)
    ] = None,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """Write the report of a run, to hand on: what came in, what was written, what to do next.

    The page asks no other host and has no script. Neither form holds a customer's value.
    """
    from pipelines.bus import open_bus
    from pipelines.cli.reporthtml import page
    from pipelines.project import load_project
    from pipelines.reporting import report_of

    with open_bus(load_project(project)) as bus:
        document = report_of(bus, run)
    if form is Form.JSON or as_json:
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    else:
        text = page(document)
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise JobError(f"{output}: cannot be written ({error.strerror})") from None
    tell(f"the report is in {output}")


@app.command()
def pause(
    run: Going = None,
    why: Why = None,
    who: Who = None,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """Let a run pause: it finishes what is under way, then waits for resume or cancel."""
    _halt("pause", run, why, who_says(who), project, as_json=as_json)


@app.command()
def cancel(
    run: Going = None,
    why: Why = None,
    who: Who = None,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """Let a run end: it finishes what is under way; the next run goes on from there."""
    _halt("cancel", run, why, who_says(who), project, as_json=as_json)


@app.command()
def resume(
    run: Going = None, who: Who = None, project: Folder = Path(), as_json: Json = False
) -> None:
    """Let a paused run go on."""
    from pipelines.bus import open_bus
    from pipelines.project import load_project
    from pipelines.runs import resume_run

    with open_bus(load_project(project)) as bus:
        _tell(resume_run(bus, run, who_says(who)), "goes on", as_json=as_json)


def _halt(
    kind: str, run: str | None, why: str | None, who: str, project: Path, *, as_json: bool
) -> None:
    from idp_core.ledger.store import HaltKind
    from pipelines.bus import open_bus
    from pipelines.project import load_project
    from pipelines.runs import halt_run

    with open_bus(load_project(project)) as bus:
        halted = halt_run(bus, run, HaltKind(kind), who, why)
        told = {"pause": "pauses", "cancel": "ends"}[kind]
        _tell(halted, f"{told} once it has finished what is under way", as_json=as_json)


def _tell(run: Run, said: str, *, as_json: bool) -> None:
    give({"run": run.id, "job": run.job, "said": said}, f"run {run.id} {said}", as_json=as_json)
