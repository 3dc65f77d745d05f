"""Cases of the review queue as tables and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from idp_core.profiles.model import SourceProfile
from idp_core.profiles.store import Action, Case
from pipelines.cli.output import table
from pipelines.cli.profiletext import scalar
from pipelines.cli.resolve import pair_document, pair_tables
from pipelines.reviewing import Look


def cases_table(found: Sequence[Case]) -> RenderableType:
    """Return one line a case."""
    if not found:
        return Text("nothing waits for a person")
    rows = (
        (
            case.id,
            case.doubt.kind.value,
            f"{case.doubt.weight:+.1f}",
            case.doubt.left.name,
            case.doubt.right.name,
            case.status,
            case.assignee,
            case.doubt.reason,
        )
        for case in found
    )
    columns = ("case", "kind", "bits", "record", "and", "status", "assigned to", "because")
    return table(columns, rows, numbers=("case",), folds=("because",))


def case_document(case: Case) -> dict[str, Any]:
    """Return a case as JSON."""
    return {
        "case": case.id,
        "status": case.status,
        "kind": case.doubt.kind.value,
        "weight": case.doubt.weight,
        "because": case.doubt.reason,
        "left": case.doubt.left.name,
        "right": case.doubt.right.name,
        "since": case.since,
        "assignee": case.assignee,
        "until": case.until,
    }


def look_tables(seen: Look) -> Iterator[RenderableType]:
    """Yield the case, both records side by side, what speaks for and against, what was done."""
    yield cases_table([seen.case])
    yield _side_by_side(seen)
    if seen.told is not None:
        yield from pair_tables(seen.told)
    if seen.actions:
        columns = ("when", "what", "who", "until", "why")
        rows = ((_time(a.time), _what(a), a.who, _time(a.until), a.why) for a in seen.actions)
        yield table(columns, rows, folds=("why",), title="what was done")


def look_document(seen: Look) -> dict[str, Any]:
    """Return a case with both records as JSON."""
    sides = zip(("left", "right"), (seen.left, seen.right), seen.gids, strict=True)
    return {
        **case_document(seen.case),
        "records": {
            side: {"gid": gid, "attributes": dict(record.attributes) if record else None}
            for side, record, gid in sides
        },
        "explained": pair_document(seen.told) if seen.told else None,
        "actions": [
            {
                "time": each.time,
                "action": each.action,
                "who": each.who,
                "why": each.why,
                "until": each.until,
                "to": each.data.get("to"),
            }
            for each in seen.actions
        ],
    }


def _side_by_side(seen: Look) -> RenderableType:
    """Return a table of what each record says, a line an attribute; what agrees is marked."""
    columns = ("says", seen.case.doubt.left.name, seen.case.doubt.right.name)
    rows: list[tuple[object, ...]] = [("profile", *(gid or "none" for gid in seen.gids))]
    for name in sorted({*_said(seen.left), *_said(seen.right)}):
        left, right = (_value(record, name) for record in (seen.left, seen.right))
        rows.append((f"{name} =" if left and left == right else name, left, right))
    return table(columns, rows, folds=columns[1:])


def _said(record: SourceProfile | None) -> Sequence[str]:
    return list(record.attributes) if record else ()


def _value(record: SourceProfile | None, name: str) -> str:
    value = record.attributes.get(name) if record else None
    elements = value if isinstance(value, list | tuple) else [value]
    return "\n".join(scalar(each) for each in elements)


def _what(action: Action) -> str:
    return f"{action.action} to {action.data['to'] or 'nobody'}" if "to" in action.data else (
        action.action
    )  # fmt: skip


def _time(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M") if moment else ""
