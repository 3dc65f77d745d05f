"""How sources and targets read: tables for a person, documents for a machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.console import RenderableType

from connectors.contract import ObjectSchema
from pipelines.cli.output import table
from pipelines.overview import Answer, LastRun, SourceStanding, TargetStanding


def standing_parts(
    sources: Sequence[SourceStanding],
    targets: Sequence[TargetStanding],
    answers: Mapping[str, Answer],
) -> Iterator[RenderableType]:
    """Show sources, then targets; what is wrong with them stands below."""
    asked = ["answer"] if answers else []
    if sources:
        names = ["source", "type", "mode", "mapping", "last read", "rows", "read up to"]
        names += ["records", "pending", "letters", *asked]
        rows = [_source_row(each, answers) for each in sources]
        numbers = ["rows", "records", "pending", "letters"]
        yield table(names, rows, numbers=numbers, folds=["mapping", *asked])
    if targets:
        names = ["target", "type", "push file", "last plan", "accounts", "letters", *asked]
        rows = [_target_row(each, answers) for each in targets]
        yield table(names, rows, numbers=["letters"], folds=["push file", *asked])
    if not (sources or targets):
        yield "the project has no source and no target; write some into isthmus.yaml"
    yield from (line for source in sources for line in _troubles(source))
    yield from (line for target in targets for line in _troubles(target))


def _source_row(each: SourceStanding, answers: Mapping[str, Answer]) -> tuple[object, ...]:
    answer = answers.get(f"sources.{each.name}")
    return (
        each.name,
        each.type,
        each.mode or "?",
        each.mapping,
        _when(each.last),
        each.last.rows if each.last else None,
        _minute(each.cursor),
        each.records,
        each.pending,
        each.letters,
        *_answer(answer),
    )


def _target_row(each: TargetStanding, answers: Mapping[str, Answer]) -> tuple[object, ...]:
    held = ", ".join(f"{count:,} {state}" for state, count in each.accounts.items())
    answer = answers.get(f"targets.{each.name}")
    return (each.name, each.type, each.push, _when(each.last), held, each.letters, *_answer(answer))


def _answer(answer: Answer | None) -> tuple[str, ...]:
    if answer is None:
        return ()
    words = {True: "ok", False: "fails", None: "?"}
    return (f"{words[answer.reached]}: {answer.said}",)


def _when(last: LastRun | None) -> str:
    if last is None:
        return "never"
    status = "" if last.status == "done" else f" ({last.status})"
    return f"{_minute(last.at)}{status}"


def _minute(moment: datetime | None) -> str:
    if moment is None:
        return ""
    zone = moment.strftime("%Z") or ""
    return f"{moment:%Y-%m-%d %H:%M} {zone}".strip()


def _troubles(each: SourceStanding | TargetStanding) -> Iterator[str]:
    if each.problem:
        yield each.problem
    if each.last and each.last.error:
        yield f"{each.name}: the last run says: {each.last.error}"
    if isinstance(each, TargetStanding) and each.quarantine:
        yield f"{each.name}: in quarantine, the next run tries a few changes: {each.quarantine}"


def standing_document(
    sources: Sequence[SourceStanding],
    targets: Sequence[TargetStanding],
    answers: Mapping[str, Answer],
) -> dict[str, Any]:
    """Return sources and targets as one document."""
    parts: dict[str, Any] = {}
    for kind, found in (("sources", sources), ("targets", targets)):
        parts[kind] = [
            {**asdict(each), "answer": _asked(answers.get(f"{kind}.{each.name}"))} for each in found
        ]
    return parts


def _asked(answer: Answer | None) -> dict[str, Any] | None:
    return asdict(answer) if answer else None


def objects_parts(
    objects: Sequence[ObjectSchema], used: ObjectSchema | None, *, every: bool
) -> Iterator[RenderableType]:
    """Show the columns of the object in use, or of all, and name the others."""
    shown = [used] if used is not None and not every else list(objects)
    for each in shown:
        rows = [
            (column.name, column.type, "" if column.nullable else "no", _key(each, column.name))
            for column in each.columns
        ]
        yield table(["column", "type", "may be empty", "key"], rows, title=each.name)
        if each.about:
            yield "; ".join(f"{name} {word}" for name, word in each.about.items())
    others = [
        f"{each.name} ({len(each.columns):,} columns)" for each in objects if each not in shown
    ]
    if others:
        yield f"other objects (--all shows them): {', '.join(others)}"
    if not objects:
        yield "it has no object"


def _key(each: ObjectSchema, column: str) -> str:
    return "key" if column in each.key else ""


def objects_document(
    name: str, objects: Sequence[ObjectSchema], used: ObjectSchema | None
) -> dict[str, Any]:
    """Return objects and their columns as one document."""
    return {
        "name": name,
        "used": used.name if used else None,
        "objects": [asdict(each) for each in objects],
    }
