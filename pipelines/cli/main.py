"""``isthmus``: the command line. Exit codes are those of `pipelines.errors`; 1 is any other."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from idp_core.errors import CoreError
from idp_core.logs import configure
from idp_core.settings import load as load_settings
from pipelines.bus import open_bus
from pipelines.cli.demojob import DemoJob
from pipelines.cli.watch import watching
from pipelines.errors import JobError
from pipelines.jobs import sync as run_sync
from pipelines.project import load_project
from pipelines.sandbox.commands import make_app

app = typer.Typer(
    name="isthmus",
    help="The customer-identity integration bus.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Folder = Annotated[Path, typer.Option("--project", help="The project's folder.")]
Names = Annotated[list[str] | None, typer.Option(help="Only these; may be given again.")]


@app.callback()
def isthmus() -> None:
    """Aggregate, unify and provision customer records."""
    settings = load_settings()
    configure(settings.log_level, settings.log_format, sys.stderr)


@app.command()
def sync(
    project: Folder = Path(),
    source: Names = None,
    target: Names = None,
    plan_only: Annotated[bool, typer.Option(help="Plan, but write to no target.")] = False,  # noqa: FBT002
) -> None:
    """Run the whole job: read, check, unify, plan and apply."""
    console = Console(stderr=True)
    with open_bus(load_project(project)) as bus:
        with watching(console) as watch:
            report = run_sync(bus, sources=source, targets=target, apply=not plan_only, watch=watch)
        for name, taken in report.taken.items():
            typer.echo(
                f"{name}: {report.read[name]:,} rows read, {taken.inserted:,} new, "
                f"{taken.changed:,} changed, {taken.deleted:,} deleted, {taken.dead:,} dead letters"
            )
        for name, provisioned in report.targets.items():
            counts = {k: v for k, v in provisioned.prepared.plan.counts.items() if v}
            said = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
            typer.echo(f"{name}: {said or 'nothing to do'}")
        if report.problems:
            raise report.problems[0]


def _dagster(folder: Path) -> Sequence[str]:
    """Return the command that opens a project in Dagster's pages, on loopback, telling nobody."""
    home = (folder / "data" / "dagster").absolute()
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n", encoding="utf-8")
    return [
        "env",
        f"ISTHMUS_PROJECT={folder.absolute()}",
        f"DAGSTER_HOME={home}",
        sys.executable,
        *("-m", "dagster", "dev", "--host", "127.0.0.1"),
        *("-m", "pipelines.orchestration.definitions"),
    ]


app.add_typer(make_app(DemoJob, _dagster), name="sandbox")


def run() -> None:
    """Run the command line; an error of ours is one line and its exit code."""
    try:
        app()
    except (JobError, CoreError) as error:
        typer.secho(str(error), err=True, fg="red")
        sys.exit(getattr(error, "exit_code", 1))
