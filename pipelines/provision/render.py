"""A plan and its outcome for a person, and for machines.

Values are masked unless asked for: screens, terminals' histories and logs are no place for
customers' data. Paths, reasons, sources and lines are always shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipelines.provision.documents import item_document
from pipelines.provision.plan import Cause, Difference, Plan, PlanItem
from pipelines.provision.run import Prepared, Report

MASK = "•••"
_STYLES = {
    "create": "green",
    "update": "yellow",
    "deactivate": "red",
    "delete": "bold red",
    "none": "dim",
}


def plan_view(
    prepared: Prepared, *, values: bool = False, limit: int | None = 20
) -> RenderableType:
    """Return the plan as tables: a summary, the items (at most `limit`), the guards' findings."""
    plan = prepared.plan
    if not plan.items:
        text = f"{plan.target}: nothing to do; {plan.unchanged} accounts are as they shall be"
        return Text(text)
    shown = plan.items if limit is None else plan.items[:limit]
    parts: list[RenderableType] = [_summary(plan), _items(shown, values=values)]
    if len(shown) < len(plan.items):
        parts.append(Text(f"… and {len(plan.items) - len(shown)} more"))
    parts += [Text(f"held: {f.message}", style="bold red") for f in prepared.verdict.findings]
    parts.append(Text(f"plan {prepared.record.hash[:12]} is {prepared.record.status}"))
    return Group(*parts)


def report_view(report: Report) -> RenderableType:
    """Return what came of applying: counts in a line, then what needs a person."""
    done = ", ".join(f"{count} {_past(word)}" for word, count in sorted(report.done.items()))
    parts: list[RenderableType] = [Text(f"{report.target}: {done or 'nothing was written'}")]
    for count, words in (
        (report.taken_over, "taken over as they were"),
        (report.held, "held back by the guards"),
        (report.unsettled, "whose outcome is not known yet; the next run asks"),
    ):
        if count:
            parts.append(Text(f"  {count} {words}"))
    if report.letters:
        table = Table("profile", "action", "reason", title=f"{len(report.letters)} refused")
        for letter in report.letters[:20]:
            table.add_row(letter.gid, letter.action, letter.reason)
        parts.append(table)
    return Group(*parts)


def plan_json(prepared: Prepared, *, values: bool = False) -> str:
    """Return the plan as one JSON document; values are masked unless asked for."""
    plan, record = prepared.plan, prepared.record
    document = {
        "id": record.id,
        "hash": plan.hash,
        "target": plan.target,
        "object": plan.object,
        "status": record.status.value,
        "made_at": plan.made_at.isoformat(),
        "counts": dict(plan.counts),
        "findings": list(record.findings),
        "items": [_document(item, values=values) for item in plan.items],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def report_json(report: Report) -> str:
    """Return what came of applying as one JSON document, without values."""
    document = {
        "plan": report.plan_id,
        "hash": report.hash,
        "target": report.target,
        "done": dict(report.done),
        "taken_over": report.taken_over,
        "held": report.held,
        "unsettled": report.unsettled,
        "seconds": round(report.seconds, 3),
        "refused": [
            {"gid": letter.gid, "action": letter.action, "reason": letter.reason}
            for letter in report.letters
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _summary(plan: Plan) -> RenderableType:
    counts = {word: count for word, count in plan.counts.items() if count}
    said = ", ".join(f"{count} {word.replace('_', ' ')}" for word, count in counts.items())
    return Text(f"{plan.target} ({plan.object}): {said}", style="bold")


def _items(items: Iterable[PlanItem], *, values: bool) -> Table:
    table = Table("profile", "action", "why", "attribute", "before", "after", "line", "from")
    for item in items:
        action = item.action.value if item.action else "none"
        head: list[RenderableType] = [
            item.gid,
            Text(action, style=_STYLES[action]),
            Text(_why(item)),
        ]
        if not item.differences:
            table.add_row(*head, "", "", "", "", "")
        for number, difference in enumerate(item.differences):
            table.add_row(*(head if number == 0 else _BLANK), *_cells(difference, values=values))
    return table


_BLANK: Sequence[RenderableType] = ("", "", "")


def _why(item: PlanItem) -> str:
    told = item.cause in (Cause.CONFLICT, Cause.REVIEW, Cause.REFUSED, Cause.ADOPTED)
    return f"{item.cause}: {item.reason}" if told else item.cause.value.replace("_", " ")


def _cells(difference: Difference, *, values: bool) -> list[RenderableType]:
    return [
        Text(difference.path),
        Text(_value(difference.before, values=values)),
        Text(_value(difference.after, values=values)),
        Text(difference.line),
        Text(", ".join(difference.sources)),
    ]


def _value(value: Any, *, values: bool) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if not values:
        return MASK
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _document(item: PlanItem, *, values: bool) -> Mapping[str, Any]:
    """Return an item's document; a key that is not the global id may be a value, too."""
    document = item_document(item)
    account = document.pop("account")
    document |= {"gid": item.gid, "key": account["key"], "remote_id": account["remote_id"]}
    if not values:
        document["key"] = account["key"] if account["key"] == item.gid else MASK
        document["differences"] = [
            {**d, "before": _masked(d["before"]), "after": _masked(d["after"])}
            for d in document["differences"]
        ]
    return document


def _masked(value: Any) -> Any:
    return value if value is None or isinstance(value, bool) else MASK


def _past(word: str) -> str:
    return f"{word}d" if word.endswith("e") else f"{word}ed"
