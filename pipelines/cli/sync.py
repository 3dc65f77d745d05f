"""``isthmus sync``: the whole job."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from pipelines.cli.options import Folder, Json, Names
from pipelines.cli.output import complain, give, tell

if TYPE_CHECKING:
    from pipelines.jobs import RunReport
    from pipelines.pushing import Provisioned


def sync(
    project: Folder = Path(),
    source: Names = None,
    target: Names = None,
    plan_only: Annotated[
        bool, typer.Option("--plan-only", help="Plan, but write to no target.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run the whole job: read, check, unify, plan and apply."""
    from pipelines.bus import open_bus
    from pipelines.cli.watch import watching
    from pipelines.jobs import sync as run_sync
    from pipelines.project import load_project

    with open_bus(load_project(project)) as bus, watching(Console(stderr=True)) as watch:
        report = run_sync(bus, sources=source, targets=target, apply=not plan_only, watch=watch)
    give(_document(report), *_lines(report), as_json=as_json)
    for name, taken in report.taken.items():
        for line in taken.warnings:
            tell(f"{name}: warning: {line}", "yellow")
    for line in report.unified.notes:
        tell(f"resolve: {line}")
    if asked := report.unified.queue.new + report.unified.queue.reopened:
        tell(f"resolve: {asked:,} more pairs wait for a person: isthmus review list")
    for problem in report.problems:
        complain(problem)
    if report.problems:
        raise typer.Exit(report.problems[0].exit_code)


def _lines(report: RunReport) -> Iterator[str]:
    for name, taken in report.taken.items():
        yield (
            f"{name}: {report.read[name]:,} rows read, {taken.inserted:,} new, "
            f"{taken.changed:,} changed, {taken.deleted:,} deleted, {taken.dead:,} dead letters"
            + (f", {taken.to_erase:,} to erase" if taken.to_erase else "")
        )
    for name, provisioned in report.targets.items():
        said = ", ".join(f"{n:,} {kind}" for kind, n in _counts(provisioned).items())
        refused = len(provisioned.report.letters) if provisioned.report else 0
        dead = f", {refused:,} refused: dead letters" if refused else ""
        yield f"{name}: {said or 'nothing to do'}{dead}"


def _counts(provisioned: Provisioned) -> dict[str, int]:
    return {kind: n for kind, n in provisioned.prepared.plan.counts.items() if n}


def _document(report: RunReport) -> dict[str, Any]:
    return {
        "run": report.run,
        "sources": {
            name: {"read": report.read[name], **asdict(replace(taken, problems=()))}
            for name, taken in report.taken.items()
        },
        "targets": {
            name: {
                "plan": _counts(each),
                "applied": dict(each.report.done) if each.report else None,
                "dead": len(each.report.letters) if each.report else 0,
            }
            for name, each in report.targets.items()
        },
        "golden": dict(report.golden),
        "problems": [str(problem) for problem in report.problems],
        "exit_code": report.problems[0].exit_code if report.problems else 0,
    }
