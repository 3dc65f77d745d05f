"""``isthmus deadletters``: what could not pass, why, and its second chance."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from pipelines.cli.group import Implied
from pipelines.cli.options import Folder, Json, Values, Who, who_says
from pipelines.cli.output import complain, give, tell

if TYPE_CHECKING:
    from idp_core.ledger.store import DeadLetter
    from pipelines.bus import Bus

app = typer.Typer(
    cls=Implied,
    help="What could not pass, why, and its second chance. Without a command: list.",
)


class Stage(StrEnum):
    """Where a letter comes from."""

    READ = "read"
    MAP = "map"
    CHECK = "check"
    RESOLVE = "resolve"
    APPLY = "apply"


class Status(StrEnum):
    """What became of a letter."""

    OPEN = "open"
    REPLAYED = "replayed"
    DISCARDED = "discarded"
    ALL = "all"


_STATUSES: Mapping[Status, Literal["open", "replayed", "discarded"] | None] = {
    Status.OPEN: "open",
    Status.REPLAYED: "replayed",
    Status.DISCARDED: "discarded",
    Status.ALL: None,
}


Ids = Annotated[
    list[str] | None, typer.Argument(help="Ids of letters, or the ends of them.", metavar="ID")
]
Source = Annotated[str | None, typer.Option(help="Only letters of this source, or of this target.")]
OfStage = Annotated[Stage | None, typer.Option(help="Only letters of this stage.")]


@app.command("list")
def list_letters(  # noqa: PLR0913 (each is an option of its own)
    *,
    source: Source = None,
    stage: OfStage = None,
    run: Annotated[
        str | None, typer.Option(help="Only letters that this run was the last to see.")
    ] = None,
    status: Annotated[Status, typer.Option(help="Only letters of this status.")] = Status.OPEN,
    limit: Annotated[int, typer.Option(min=1, help="How many, the oldest first.")] = 50,
    values: Values = False,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """List dead letters, the oldest first."""
    from idp_core.db.engine import reading
    from idp_core.ledger import store as ledger
    from pipelines.bus import open_bus
    from pipelines.cli import lettertext
    from pipelines.project import load_project
    from pipelines.runs import find_run

    with open_bus(load_project(project)) as bus:
        of = find_run(bus, run).id if run is not None else None
        with reading(bus.engine) as conn:
            found = ledger.list_letters(
                conn,
                source=source,
                status=_STATUSES[status],
                stage=stage.value if stage else None,
                run=of,
                limit=limit + 1,
            )
    shown = found[:limit]
    document = [lettertext.document(each, values=values) for each in shown]
    give(document, *lettertext.lines(shown, values=values), as_json=as_json)
    if source is not None and source not in {*bus.project.sources, *bus.project.targets}:
        tell(f"isthmus.yaml has neither a source nor a target {source!r}")
    if len(found) > limit:
        tell(f"there are more than these {limit}; --limit shows more")


@app.command()
def show(
    id_: Annotated[str, typer.Argument(help="The letter's id, or the end of it.", metavar="ID")],
    values: Values = False,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """Show a dead letter with its reasons and what can be done; the row itself with --values.

    Of a change that a target refused: what was sent and how it was answered, the attributes and
    the lines of the push mapping; the bodies of request and answer with --values.
    """
    from pipelines.bus import open_bus
    from pipelines.cli import lettertext
    from pipelines.deadletters import advice, find_letter
    from pipelines.project import load_project

    with open_bus(load_project(project)) as bus:
        letter = find_letter(bus, id_)
        said = advice(bus, letter)
    document = lettertext.whole(letter, said, values=values)
    give(document, *lettertext.parts(letter, said, values=values), as_json=as_json)


@app.command()
def replay(
    ids: Ids = None,
    source: Source = None,
    stage: OfStage = None,
    every: Annotated[bool, typer.Option("--all", help="All that are open.")] = False,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """Put letters through mapping and checks again, as these are now; send refused changes again.

    What passes is stored and profiles are made anew; targets follow with the next plan. Exit code 1
    when a letter stays open.
    """
    from pipelines.bus import open_bus
    from pipelines.cli import lettertext
    from pipelines.cli.watch import watching
    from pipelines.deadletters import replay as run_replay
    from pipelines.project import load_project

    with open_bus(load_project(project)) as bus:
        letters = _meant(bus, ids, source, stage, every=every)
        with watching(Console(stderr=True)) as watch:
            report = run_replay(bus, letters, watch=watch)
    give(lettertext.replay_document(report), *lettertext.replay_parts(report), as_json=as_json)
    for problem in report.problems:
        complain(problem)
    if report.problems:
        raise typer.Exit(report.problems[0].exit_code)
    if report.still_open:
        raise typer.Exit(1)


@app.command()
def discard(
    why: Annotated[str, typer.Option(help="Why nobody needs them; it is kept.")],
    ids: Ids = None,
    source: Source = None,
    stage: OfStage = None,
    who: Who = None,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """Close letters for good and let go of their rows; their reasons and your word are kept."""
    from pipelines.bus import open_bus
    from pipelines.deadletters import discard as run_discard
    from pipelines.project import load_project

    if not why.strip():
        raise typer.BadParameter("say why: it is kept with the letters", param_hint="--why")
    with open_bus(load_project(project)) as bus:
        letters = _meant(bus, ids, source, stage, every=False)
        count = run_discard(bus, letters, who=who_says(who), why=why.strip())
    give({"discarded": count}, f"{count:,} discarded", as_json=as_json)


def _meant(
    bus: Bus, ids: list[str] | None, source: str | None, stage: Stage | None, *, every: bool
) -> list[DeadLetter]:
    """Return the open letters that are meant; to mean all of them, somebody must say so."""
    from pipelines.deadletters import open_letters

    if ids and (source or stage or every):
        raise typer.BadParameter("say ids, or which letters by --source and --stage; not both")
    if not (ids or source or stage or every):
        raise typer.BadParameter("say which: ids, --source or --stage (or --all to replay all)")
    return list(
        open_letters(bus, ids=ids or (), source=source, stage=stage.value if stage else None)
    )
