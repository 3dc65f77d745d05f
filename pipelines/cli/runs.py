"""``isthmus runs``: what was run and what came of it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.group import Implied
from pipelines.cli.options import Folder, Json
from pipelines.cli.output import give

app = typer.Typer(cls=Implied, help="What was run, and what came of it. Without a command: list.")


class Status(StrEnum):
    """How a run ended, or has not."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"


@app.command("list")
def list_runs(
    job: Annotated[
        str | None, typer.Option(help="Only runs of this job: sync, plan, apply, replay, erase.")
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
