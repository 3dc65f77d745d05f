"""``isthmus resolve``: who is one person, measured, explained and tried. Shows no values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.options import Folder, Json, Picture, Who, who_says
from pipelines.cli.output import give, table, tell

if TYPE_CHECKING:
    from idp_core.profiles.model import SourceRef
    from pipelines.resolving import Difference, PairTold

app = typer.Typer(
    help="Train, measure, explain and try what decides who is one person. Shows no values.",
    no_args_is_help=True,
)

Record = Annotated[str, typer.Argument(help="A record as source:key.")]


@app.command()
def train(project: Folder = Path(), as_json: Json = False) -> None:
    """Train the model anew on all records and put it in use; the next sync resolves by it."""
    from pipelines.bus import open_bus
    from pipelines.project import load_project
    from pipelines.resolving import train as run_train

    with open_bus(load_project(project)) as bus:
        made = run_train(bus)
        stage = bus.stage
    assert stage is not None  # noqa: S101 (train says so otherwise)
    levels = {
        name: [*(level.name for level in stage.model.comparisons[name].levels), "different"]
        for name in made.weights
    }
    rows = [
        (name, level, f"{bits:+.1f}")
        for name, worth in made.bits().items()
        for level, bits in zip(levels[name], worth, strict=True)
    ]
    document = {
        "version": made.version,
        "records": made.records,
        "prior": made.prior,
        "bits": [{"comparison": c, "level": n, "bits": float(b)} for c, n, b in rows],
        "warnings": list(made.warnings),
    }
    title = f"model {made.version}, trained on {made.records:,} records"
    give(document, title, table(("comparison", "likeness", "bits"), rows), as_json=as_json)
    for line in made.warnings:
        tell(f"warning: {line}", "yellow")


@app.command()
def evaluate(
    truth: Annotated[Path, typer.Argument(help="A CSV file with the columns source, key, person.")],
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """Measure precision and recall, pair by pair, against records whose person is known."""
    from pipelines.bus import open_bus
    from pipelines.project import load_project
    from pipelines.resolving import evaluate as run_evaluate

    with open_bus(load_project(project)) as bus:
        found = run_evaluate(bus, truth)
    rows = [
        (
            name,
            f"{each.precision:.4f}",
            f"{each.recall:.4f}",
            f"{each.f1:.4f}",
            f"{each.largest} of {each.true_largest}",
        )
        for name, each in found.items()
    ]
    document = {name: {**each._asdict(), "f1": each.f1} for name, each in found.items()}
    heads = ("resolved by", "precision", "recall", "F1", "largest of true largest")
    give(document, table(heads, rows), as_json=as_json)


@app.command()
def explain(
    left: Record,
    right: Record,
    picture: Picture = None,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """Tell why two records are, or are not, one person: identifiers, likeness, vetoes."""
    from pipelines.bus import open_bus
    from pipelines.project import load_project
    from pipelines.resolving import explain_pair

    if picture is not None:
        from pipelines import pictures

        pictures.check_form(picture)
    with open_bus(load_project(project)) as bus:
        found = explain_pair(bus, record_named(left), record_named(right))
    if picture is not None:
        pictures.draw(pictures.waterfall(found, f"{left} and {right}"), picture)
    give(pair_document(found), *pair_tables(found), as_json=as_json)


@app.command()
def shadow(
    project: Folder = Path(),
    examples: Annotated[int, typer.Option(min=0, help="Examples of each kind of change.")] = 5,
    as_json: Json = False,
) -> None:
    """Say what the project's policy and model files would change, before a sync does it."""
    from pipelines.bus import open_bus
    from pipelines.project import load_project
    from pipelines.resolving import shadow as run_shadow

    with open_bus(load_project(project)) as bus:
        found = run_shadow(bus, examples=examples)
    give(_difference_document(found), *_difference_lines(found), as_json=as_json)
    for line in found.notes:
        tell(f"resolve: {line}")


@app.command()
def approve(
    rules: Annotated[
        str, typer.Argument(metavar="HASH", help="The hash that resolve shadow printed.")
    ],
    why: Annotated[str, typer.Option(help="Why they may be used; it is kept.")],
    who: Who = None,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """Approve other rules, named by their hash: the next sync resolves by them."""
    from pipelines.approving import approve as run_approve
    from pipelines.bus import open_bus
    from pipelines.project import load_project

    with open_bus(load_project(project)) as bus:
        made = run_approve(bus, rules, who_says(who), why)
    document = {"hash": made.hash, "who": made.who, "why": made.why, "at": made.at.isoformat()}
    give(document, f"{made.hash}: approved by {made.who}; the next sync uses them", as_json=as_json)


def record_named(text: str) -> SourceRef:
    """Return the record that is written as source:key."""
    from idp_core.profiles.model import SourceRef

    source, colon, key = text.partition(":")
    if not (source and colon and key):
        raise typer.BadParameter("write a record as source:key")
    return SourceRef(source, key)


def pair_tables(found: PairTold) -> list[Any]:
    """Return what two records say about being one person, part by part."""
    said = found.identifiers
    parts: list[Any] = [
        table(
            ("identifiers", "bits"),
            [(reason.text, f"{reason.bits:+.1f}") for reason in said.reasons],
        ),
        f"identifiers: {said.weight:+.1f} bits above what joins",
    ]
    if found.likeness:
        rows = [("to begin with", "", f"{found.start:+.1f}")]
        rows += [(each.comparison, each.level, f"{each.bits:+.1f}") for each in found.likeness]
        parts += [
            table(("likeness", "", "bits"), rows),
            f"likeness: {found.bits - found.join_at:+.1f} bits above what joins",
        ]
    if said.veto:
        parts.append(f"apart, whatever they share: {said.veto}")
    if said.steward:
        parts.append("a steward said that they are one person")
    return parts


def pair_document(found: PairTold) -> dict[str, Any]:
    """Return the same as JSON."""
    said = found.identifiers
    return {
        "identifiers": {
            "weight": said.weight,
            "reasons": [{"text": each.text, "bits": each.bits} for each in said.reasons],
        },
        "likeness": {
            "weight": round(found.bits - found.join_at, 2),
            "start": found.start,
            "levels": [each._asdict() for each in found.likeness],
        }
        if found.likeness
        else None,
        "veto": said.veto,
        "steward": said.steward,
    }


def _difference_document(found: Difference) -> dict[str, Any]:
    return {
        "hash": found.hash,
        "awaits_approval": found.awaits,
        "people": {"before": found.before, "after": found.after},
        "events": dict(found.events),
        "examples": {
            kind: [{"gid": event.gid, **event.data} for event in events]
            for kind, events in found.examples.items()
        },
        "notes": list(found.notes),
    }


def _difference_lines(found: Difference) -> list[Any]:
    lines: list[Any] = [
        f"rules {found.hash}",
        f"{found.before:,} people before, {found.after:,} after",
    ]
    if found.awaits:
        last = f"a sync stops until they are approved: isthmus resolve approve {found.hash}"
    else:
        last = ""
    if not found.events:
        return [*lines, "nobody would change", *([last] if last else [])]
    rows = [
        (kind, f"{count:,}", ", ".join(_example(e.gid, e.data) for e in found.examples[kind]))
        for kind, count in found.events.items()
    ]
    shown = table(("event", "how many", "such as"), rows, folds=("such as",))
    return [*lines, shown, *([last] if last else [])]


def _example(gid: str, data: Mapping[str, Any]) -> str:
    return f"{gid} into {data['into']}" if "into" in data else gid
