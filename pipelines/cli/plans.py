"""``isthmus plan``, ``apply``, ``refuse``: what would be written to targets, and the word on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from pipelines.cli.adoptions import adopt, adoptions, decline, orphans, reopen
from pipelines.cli.group import Implied
from pipelines.cli.options import Folder, Json, Values, Who, who_says
from pipelines.cli.output import complain, give, table, tell
from pipelines.errors import StoppedError

if TYPE_CHECKING:
    from idp_core.provisioning.model import PlanRecord
    from pipelines.bus import Bus

app = typer.Typer(
    cls=Implied, help="Plan what targets need, and show plans. Without a command: make."
)

All = Annotated[bool, typer.Option("--all", help="Show every item, not only the first 20.")]
Meant = Annotated[
    str, typer.Argument(help="A target, for its open plan; or the beginning of a plan's hash.")
]
Hash = Annotated[
    str | None, typer.Option("--hash", help="The beginning of the hash of the plan that was shown.")
]


@app.command()
def make(  # noqa: PLR0913, PLR0917 (options of a command)
    targets: Annotated[
        list[str] | None, typer.Argument(help="All of the project when none is named.")
    ] = None,
    project: Folder = Path(),
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="GID",
            help="Show the way of this one person instead, from source record to request; "
            "stores nothing.",
        ),
    ] = None,
    look: Annotated[
        bool,
        typer.Option(
            "--look", help="Read all accounts of the target, and tell what it changed by itself."
        ),
    ] = False,
    correct: Annotated[
        bool, typer.Option("--correct", help="As --look, and plan to write that back.")
    ] = False,
    mapping: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            dir_okay=False,
            help="Show the plan that this push mapping would make for the one target named; "
            "stores nothing.",
        ),
    ] = None,
    values: Values = False,
    every: All = False,
    as_json: Json = False,
) -> None:
    """Make and store the plan of each target from the profiles we hold; no source is read.

    Exit code 3 when the guards hold one.
    """
    from pipelines.bus import open_bus
    from pipelines.cli import plantext
    from pipelines.cli.watch import watching
    from pipelines.jobs import sync
    from pipelines.project import load_project
    from pipelines.provision.run import unsafe
    from pipelines.targets import Wish

    with open_bus(load_project(project)) as bus:
        names = targets or list(bus.project.targets)
        if profile is not None:
            _person(bus, names, profile, values=values, as_json=as_json)
            return
        if mapping is not None:
            _what_if(bus, names, mapping, values=values, every=every, as_json=as_json)
            return
        with watching(Console(stderr=True)) as watch:
            report = sync(
                bus,
                sources=[],
                unify=False,
                targets=names,
                apply=False,
                wish=Wish(look=look, correct=correct),
                job="plan",
                watch=watch,
            )
    made = [each.prepared for each in report.targets.values()]
    document = plantext.plans_document(made, report.problems, values=values)
    give(document, *plantext.plans_parts(made, values=values, every=every), as_json=as_json)
    held = [each.record for each in made if each.held]
    for line in [*map(str, report.problems), *map(unsafe, held)]:
        complain(line)
    if report.problems:
        raise typer.Exit(report.problems[0].exit_code)
    if held:
        raise typer.Exit(StoppedError.exit_code)


def _person(bus: Bus, names: list[str], gid: str, *, values: bool, as_json: bool) -> None:
    from pipelines.cli import plantext
    from pipelines.planning import plan_one

    found = {name: plan_one(bus, name, gid) for name in names}
    document = {name: plantext.person_document(each, values=values) for name, each in found.items()}
    parts = (
        part
        for name, each in found.items()
        for part in plantext.person_parts(name, each, values=values)
    )
    give(document, *parts, as_json=as_json)


def _what_if(
    bus: Bus, names: list[str], file: Path, *, values: bool, every: bool, as_json: bool
) -> None:
    from pipelines.cli import plantext
    from pipelines.planning import what_if

    if len(names) != 1:
        raise typer.BadParameter("name the one target it is for", param_hint="--mapping")
    made = what_if(bus, names[0], file)
    parts = plantext.plan_of(made, values=values, every=every)
    give(plantext.plans_document([made], [], values=values), *parts, as_json=as_json)


@app.command()
def show(
    hash_: Annotated[str, typer.Argument(metavar="HASH", help="The beginning of the plan's hash.")],
    project: Folder = Path(),
    values: Values = False,
    every: All = False,
    as_json: Json = False,
) -> None:
    """Show a plan as it is stored."""
    from pipelines.bus import open_bus
    from pipelines.planning import find_plan, stored_plan
    from pipelines.project import load_project
    from pipelines.provision.render import plan_document, plan_parts

    with open_bus(load_project(project)) as bus:
        found = stored_plan(bus, find_plan(bus, hash_))
    record, items, approval = found.record, found.items, found.approval
    document = plan_document(record, items, approval=approval, values=values)
    limit = None if every else 20
    parts = plan_parts(record, items, approval=approval, values=values, limit=limit)
    give(document, *parts, as_json=as_json)


@app.command("list")
def list_plans(
    target: Annotated[str | None, typer.Option(help="Only plans of this target.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, the latest first.")] = 20,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """List plans, the latest first."""
    from idp_core.db.engine import reading
    from idp_core.provisioning import plans
    from pipelines.bus import open_bus
    from pipelines.project import load_project
    from pipelines.provision.render import counted, plan_document

    with open_bus(load_project(project)) as bus:
        if target is not None:
            bus.target_settings(target)
        with reading(bus.engine) as conn:
            found = plans.list_plans(conn, target=target, limit=limit)
    document = [
        {k: v for k, v in plan_document(each, ()).items() if k not in ("items", "approval")}
        for each in found
    ]
    rows = [
        (each.hash[:12], each.target, each.status, f"{each.made_at:%Y-%m-%d %H:%M}", counted(each))
        for each in found
    ]
    columns = ("plan", "target", "status", "made (UTC)", "what it does")
    shown = table(columns, rows, folds=["what it does"]) if rows else "no plan was made yet"
    give(document, shown, as_json=as_json)


for each in (orphans, adopt, decline, reopen, adoptions):
    app.command()(each)


def apply(
    plan: Meant,
    hash_: Hash = None,
    approve: Annotated[
        str | None,
        typer.Option(metavar="WHY", help="Allow what the guards hold, and say why; it is kept."),
    ] = None,
    harmless: Annotated[
        bool, typer.Option("--harmless", help="Apply only what the guards do not hold.")
    ] = False,
    who: Who = None,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """Apply exactly the plan that was shown; refuse when something else would be done by now.

    Exit code 3 when the guards hold it and nobody allowed it, or when it is stale; 4 when the
    target left changes without a clear answer.
    """
    from pipelines.bus import open_bus
    from pipelines.cli.watch import watching
    from pipelines.planning import apply_plan, open_plan
    from pipelines.project import load_project
    from pipelines.provision.render import report_document, report_parts
    from pipelines.word import Word

    word = _word(who, approve, "--approve") if approve is not None else None
    with open_bus(load_project(project)) as bus:
        record = open_plan(bus, plan, hash_)
        with watching(Console(stderr=True)) as watch:
            done = apply_plan(
                bus,
                record,
                approval=Word(*word) if word else None,
                harmless_only=harmless,
                watch=watch,
            )
    report = done.report
    document = {
        **report_document(report),
        "following": [plan.record.hash for plan in done.following],
    }
    give(document, *report_parts(report), as_json=as_json)
    for each in done.following:
        tell(_follows(each.record))
    for problem in report.problems:
        complain(problem)
        raise typer.Exit(problem.exit_code)


def _follows(record: PlanRecord) -> str:
    from pipelines.provision.render import counted

    said = f"{record.target}: what follows it is planned, too ({record.object}: {counted(record)})"
    return f"{said}; isthmus apply {record.hash[:12]}, or the next sync, applies it"


def refuse(
    plan: Meant,
    why: Annotated[str, typer.Option(help="Why it shall not be applied; it is kept.")],
    hash_: Hash = None,
    who: Who = None,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """Say that a plan shall not be applied; the next one is made from what holds then."""
    from pipelines.bus import open_bus
    from pipelines.planning import open_plan, refuse_plan
    from pipelines.project import load_project
    from pipelines.word import Word

    word = Word(*_word(who, why, "--why"))
    with open_bus(load_project(project)) as bus:
        record = open_plan(bus, plan, hash_)
        refuse_plan(bus, record, word)
    document = {"target": record.target, "hash": record.hash, "status": "refused"}
    give(document, f"{record.target}: plan {record.hash[:12]} is refused", as_json=as_json)


def _word(who: str | None, why: str, option: str) -> tuple[str, str]:
    if not why.strip():
        raise typer.BadParameter("say why: it is kept with the plan", param_hint=option)
    return who_says(who), why.strip()
