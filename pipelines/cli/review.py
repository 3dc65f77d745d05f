"""``isthmus review``: pairs that wait for a person. `show` shows customers' values."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipelines.cli.options import Folder, Json, Who, who_says
from pipelines.cli.output import complain, give
from pipelines.errors import JobError

if TYPE_CHECKING:
    from idp_core.profiles.store import Filter
    from pipelines.reviewing import Decided, Verdict
    from pipelines.word import Word

app = typer.Typer(
    help="Pairs of records that may be one person. Only `show` shows customers' values.",
    no_args_is_help=True,
)


class Status(StrEnum):
    """What became of a case."""

    OPEN = "open"
    SAME = "same"
    DIFFERENT = "different"
    SKIP = "skip"
    SETTLED = "settled"
    ALL = "all"


class Kind(StrEnum):
    """Why a pair waits for a person; as in `idp_core.profiles.doubts`."""

    VETO = "veto"
    CONFLICT = "conflict"
    SPLIT = "split"
    HELD = "held"
    DOUBTFUL = "doubtful"


class Said(StrEnum):
    """What a person says of a case."""

    SAME = "same"
    DIFFERENT = "different"
    SKIP = "skip"
    OPEN = "open"


_VERDICTS: dict[Said, Literal["same", "different", "skip", "open"]] = {
    Said.SAME: "same",
    Said.DIFFERENT: "different",
    Said.SKIP: "skip",
    Said.OPEN: "open",
}
_STATUSES: dict[Status, Literal["open", "same", "different", "skip", "settled"] | None] = {
    Status.OPEN: "open",
    Status.SAME: "same",
    Status.DIFFERENT: "different",
    Status.SKIP: "skip",
    Status.SETTLED: "settled",
    Status.ALL: None,
}
Number = Annotated[int, typer.Argument(help="The number of a case.")]
Numbers = Annotated[list[int], typer.Argument(help="Numbers of cases.")]
OfStatus = Annotated[Status, typer.Option("--status", help="Only what this became of.")]
OfKind = Annotated[Kind | None, typer.Option("--kind", help="Only those that wait for this.")]
OfSource = Annotated[str | None, typer.Option("--source", help="Only with a record of it.")]
Of = Annotated[str | None, typer.Option("--assignee", help="Only what is this person's to do.")]
Least = Annotated[float | None, typer.Option("--least", help="From so many bits on.")]
Most = Annotated[float | None, typer.Option("--most", help="Up to so many bits.")]
Why = Annotated[str, typer.Option(help="The reason; it is kept.")]
Until = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="The day from which it holds no more (UTC)."),
]
Verdicts = Annotated[
    Said,
    typer.Argument(
        help="same: one person; different: two; skip: put it off; open: take back what was said."
    ),
]


@app.command("list")
def list_(  # noqa: PLR0913 (each is a wish of its own)
    *,
    status: OfStatus = Status.OPEN,
    kind: OfKind = None,
    source: OfSource = None,
    assignee: Of = None,
    least: Least = None,
    most: Most = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """List the pairs that wait for a person, the strongest first."""
    from pipelines.bus import open_bus
    from pipelines.cli.reviewtext import case_document, cases_table
    from pipelines.project import load_project
    from pipelines.reviewing import cases

    wanted = _filter(kind, source, assignee, least, most, status)
    with open_bus(load_project(project)) as bus:
        found = cases(bus, wanted, limit)
    give([case_document(case) for case in found], cases_table(found), as_json=as_json)


@app.command()
def show(case: Number, project: Folder = Path(), as_json: Json = False) -> None:
    """Show both records side by side, what speaks for and against, and what was done so far."""
    from pipelines.bus import open_bus
    from pipelines.cli.reviewtext import look_document, look_tables
    from pipelines.project import load_project
    from pipelines.reviewing import look

    with open_bus(load_project(project)) as bus:
        seen = look(bus, case)
    give(look_document(seen), *look_tables(seen), as_json=as_json)


@app.command()
def assign(
    case: Numbers,
    to: Annotated[str, typer.Option(help='Whose it is to decide; "" for nobody.')],
    who: Who = None,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """Give cases to a person."""
    from pipelines.bus import open_bus
    from pipelines.cli.reviewtext import case_document, cases_table
    from pipelines.project import load_project
    from pipelines.reviewing import assign as run_assign

    with open_bus(load_project(project)) as bus:
        found = run_assign(bus, case, to.strip() or None, who_says(who))
    give([case_document(each) for each in found], cases_table(found), as_json=as_json)


@app.command()
def decide(
    verdict: Verdicts,
    case: Numbers,
    why: Why,
    who: Who = None,
    until: Until = None,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """Say whether two records are one person; the next run keeps to it, and every later one."""
    from pipelines.bus import open_bus
    from pipelines.project import load_project
    from pipelines.reviewing import decide as run_decide

    word = _word(who, why, until)
    with open_bus(load_project(project)) as bus:
        done = run_decide(bus, case, _VERDICTS[verdict], word)
    _tell(done, _VERDICTS[verdict], as_json=as_json)


@app.command()
def bulk(  # noqa: PLR0913 (each is a wish of its own)
    verdict: Verdicts,
    *,
    why: Why,
    who: Who = None,
    until: Until = None,
    status: OfStatus = Status.OPEN,
    kind: OfKind = None,
    source: OfSource = None,
    assignee: Of = None,
    least: Least = None,
    most: Most = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most, strongest first.")] = 1000,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; else it is only told.")] = False,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """Say the same of all cases that a filter means; without --yes it only tells which."""
    from pipelines.bus import open_bus
    from pipelines.cli.reviewtext import case_document, cases_table
    from pipelines.project import load_project
    from pipelines.reviewing import cases
    from pipelines.reviewing import decide as run_decide

    word = _word(who, why, until)
    said = _VERDICTS[verdict]
    wanted = _filter(kind, source, assignee, least, most, status)
    with open_bus(load_project(project)) as bus:
        found = cases(bus, wanted, limit)
        if yes:
            _tell(run_decide(bus, [each.id for each in found], said, word), said, as_json=as_json)
            return
    told = f"{len(found):,} cases would be {said}; with --yes they are"
    give([case_document(each) for each in found], cases_table(found), told, as_json=as_json)


def _filter(
    kind: Kind | None,
    source: str | None,
    assignee: str | None,
    least: float | None,
    most: float | None,
    status: Status,
) -> Filter:
    from idp_core.profiles.doubts import DoubtKind
    from idp_core.profiles.store import Filter

    found = DoubtKind(kind.value) if kind else None
    return Filter(_STATUSES[status], found, source, assignee, least, most)


def _word(who: str | None, why: str, until: datetime | None) -> Word:
    from pipelines.word import Word

    if not why.strip():
        raise typer.BadParameter("say why", param_hint="--why")
    return Word(who_says(who), why.strip(), until.replace(tzinfo=UTC) if until else None)


def _tell(done: Decided, verdict: Verdict, *, as_json: bool) -> None:
    line = f"{len(done.cases):,} cases are {verdict}; it takes effect with the next run"
    document = {"cases": list(done.cases), "pairs": done.pairs, "problems": list(done.problems)}
    give({**document, "verdict": verdict}, line, as_json=as_json)
    for problem in done.problems:
        complain(problem)
    if done.problems:
        raise typer.Exit(JobError.exit_code)
