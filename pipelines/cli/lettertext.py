"""Dead letters as the command line shows them; their rows only when asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from idp_core.ledger.store import DeadLetter
from pipelines.cli import refusaltext
from pipelines.cli.output import short, table
from pipelines.deadletters import ReplayReport
from pipelines.replay import Fate

_FATES = {
    Fate.STORED: "stored",
    Fate.DELETED: "passed as deletions",
    Fate.OUTDATED: "let go: their source has said something newer since",
    Fate.LEFT_OUT: "let go: the mapping's where leaves them out",
    Fate.OPEN: "still open",
}


_SHOWN = 20


def lines(found: Sequence[DeadLetter], *, values: bool) -> Iterator[RenderableType]:
    """Yield one line a letter."""
    if not found:
        yield Text("none")
        return
    columns = ["letter", "source", "stage", "key", "place", "reason", "last seen"]
    rows = []
    for each in found:
        head = (short(each.id), each.source, each.stage, each.key, each.place)
        why = "; ".join(map(reason, each.reasons))
        rows.append((*head, why, _time(each.seen_at), _row(each)))
    if values:
        columns.append("row")
    cells = [row[: len(columns)] for row in rows]
    yield table(columns, cells, folds=("place", "reason", "row"))


def parts(letter: DeadLetter, advice: str, *, values: bool) -> Iterator[RenderableType]:
    """Yield one letter: what it is, why, and what can be done."""
    yield Text(f"letter {letter.id}: {letter.status}", style="bold")
    facts = [
        ("source", letter.source),
        ("stage", letter.stage),
        ("key", letter.key),
        ("place", letter.place),
        ("last run", short(letter.run)),
        ("first seen", _time(letter.created_at)),
        ("last seen", _time(letter.seen_at)),
        ("closed", _time(letter.closed_at)),
        ("closed by", letter.closed_by),
        ("because", letter.closed_why),
        *(refusaltext.facts(letter) if letter.stage == "apply" else ()),
    ]
    said = [(name, str(fact)) for name, fact in facts if fact is not None]
    yield table(("", ""), said, folds=("",))
    rows = [(r.get("field"), r.get("step"), r.get("reason")) for r in letter.reasons]
    yield table(("field", "step", "reason"), rows, folds=("reason",))
    if letter.stage == "apply":
        yield from refusaltext.parts(letter, values=values)
    elif letter.row is not None and values:
        shown = [(name, _value(value)) for name, value in letter.row.items()]
        yield table(("column", "value"), shown, folds=("value",))
    if letter.row is not None and not values:
        what = "what was sent and answered" if refusaltext.facts(letter) else "the row"
        yield f"{what} is kept; --values shows it"
    yield advice


def whole(letter: DeadLetter, advice: str, *, values: bool) -> dict[str, Any]:
    """Return one letter as JSON, with what can be done."""
    said = refusaltext.document(letter, values=values) if letter.stage == "apply" else {}
    return document(letter, values=values) | said | {"advice": advice}


def document(letter: DeadLetter, *, values: bool) -> dict[str, Any]:
    """Return a letter as JSON."""
    found: dict[str, Any] = {
        "id": letter.id,
        "source": letter.source,
        "stage": letter.stage,
        "key": letter.key,
        "place": letter.place,
        "status": letter.status,
        "reasons": [dict(each) for each in letter.reasons],
        "run": letter.run,
        "created_at": letter.created_at,
        "seen_at": letter.seen_at,
        "closed_at": letter.closed_at,
        "closed_by": letter.closed_by,
        "closed_why": letter.closed_why,
    }
    return found | ({"row": refusaltext.row(letter)} if values else {})


def replay_parts(report: ReplayReport) -> Iterator[RenderableType]:
    """Yield what became of replayed letters: counts, then those that stay."""
    for name, each in report.sources.items():
        counts = [f"{n:,} {_FATES[fate]}" for fate, n in each.counts.items() if n]
        yield f"{name}: {', '.join(counts)}"
    for name, retried in report.targets.items():
        yield f"{name}: {retried.closed:,} done or no longer wanted, {len(retried.open):,} refused"
    if not (report.sources or report.targets or report.left):
        yield "nothing to replay"
    advised = {each.letter.id: each.advice for each in report.left}
    rows = [
        (
            short(each.id),
            each.source,
            each.stage,
            advised.get(each.id) or "; ".join(map(reason, each.reasons)),
        )
        for each in report.still_open
    ]
    if rows:
        columns = ("letter", "source", "stage", "why it stays open")
        yield table(columns, rows[:_SHOWN], folds=columns[3:])
    if len(rows) > _SHOWN:
        yield f"… and {len(rows) - _SHOWN:,} more; isthmus deadletters list has all"
    if report.golden:
        made = [f"{n:,} {what}" for what, n in report.golden.items() if n and what != "unchanged"]
        yield f"profiles: {', '.join(made) or 'none changed'}; targets follow: isthmus plan"


def replay_document(report: ReplayReport) -> dict[str, Any]:
    """Return what became of replayed letters as JSON."""
    return {
        "run": report.run,
        "sources": {
            name: {fate.value: n for fate, n in each.counts.items()}
            for name, each in report.sources.items()
        },
        "targets": {
            name: {"closed": each.closed, "open": len(each.open)}
            for name, each in report.targets.items()
        },
        "profiles": dict(report.golden),
        "open": [document(each, values=False) for each in report.still_open],
        "left": {each.letter.id: each.advice for each in report.left},
        "problems": [str(problem) for problem in report.problems],
    }


def reason(given: Mapping[str, Any]) -> str:
    """Return one reason as a line: ``email: not an e-mail address``."""
    field = given.get("field")
    return f"{field}: {given.get('reason')}" if field else str(given.get("reason"))


def _time(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else None


def _row(letter: DeadLetter) -> str:
    return "" if letter.row is None else json.dumps(refusaltext.row(letter), ensure_ascii=False)


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
