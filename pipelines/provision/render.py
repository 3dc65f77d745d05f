"""A plan and its outcome for a person, and for machines.

Values are masked unless asked for: screens, terminals' histories and logs are no place for
customers' data. Paths, reasons, sources and lines are always shown.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from connectors.elements import list_of
from idp_core.provisioning.model import Approval, PlanRecord, PlanStatus
from pipelines.provision.documents import item_document
from pipelines.provision.groups import OBJECT
from pipelines.provision.plan import Cause, Difference, PlanItem
from pipelines.provision.run import Report

MASK = "•••"
_STYLES = {
    "create": "green",
    "update": "yellow",
    "deactivate": "red",
    "delete": "bold red",
    "none": "dim",
}


def plan_parts(
    record: PlanRecord,
    items: Sequence[PlanItem],
    *,
    approval: Approval | None = None,
    values: bool = False,
    limit: int | None = 20,
    stored: bool = True,
) -> list[RenderableType]:
    """Return a plan part by part: a summary, at most `limit` items, what the guards and people say.

    `items` may be none of a plan that is long over.
    """
    if not _changes(record):
        unchanged = record.counts.get("unchanged", 0)
        said = f"nothing to do; {unchanged:,} accounts are as they shall be"
        return [Text(f"{record.target}: {said}"), *map(Text, record.notes)]
    parts: list[RenderableType] = [_summary(record)]
    shown = items if limit is None else items[:limit]
    if shown:
        parts.append(_items(shown, values=values))
    else:
        parts.append(Text("its items are not kept any more"))
    if len(shown) < len(items):
        parts.append(Text(f"… and {len(items) - len(shown):,} more (--all)"))
    parts += [Text(f"held: {finding}", style="bold red") for finding in record.findings]
    parts += [Text(line) for line in (*record.notes, *_words(record, approval))]
    if stored:
        parts.append(Text(f"plan {record.hash[:12]} is {record.status}{_next(record)}"))
    return parts


def _next(record: PlanRecord) -> str:
    """Return how a plan that nothing holds is applied."""
    ready = record.status in {PlanStatus.PLANNED, PlanStatus.APPROVED}
    return f": isthmus apply {record.target} --hash {record.hash[:12]}" if ready else ""


def _words(record: PlanRecord, approval: Approval | None) -> Iterator[str]:
    """Yield what people said of a plan."""
    if approval is not None:
        yield f"approved by {approval.who}, {approval.at:%Y-%m-%d %H:%M} UTC: {approval.why}"
    if record.ended_by is not None:
        at = f"{record.ended_at:%Y-%m-%d %H:%M} UTC" if record.ended_at else "?"
        yield f"{record.status} by {record.ended_by}, {at}: {record.ended_why}"


def report_parts(report: Report) -> list[RenderableType]:
    """Return what came of applying: counts in a line, then what needs a person."""
    done = ", ".join(f"{count:,} {_past(word)}" for word, count in sorted(report.done.items()))
    parts: list[RenderableType] = [Text(f"{report.target}: {done or 'nothing was written'}")]
    for count, words in (
        (report.taken_over, "taken over as they were"),
        (report.held, "held back by the guards"),
        (report.unsettled, "whose outcome is not known yet; the next run asks"),
    ):
        if count:
            parts.append(Text(f"  {count:,} {words}"))
    if report.letters:
        title = f"{len(report.letters):,} refused; see isthmus deadletters list --stage apply"
        table = _table("profile", "action", "reason", title=title)
        for letter in report.letters[:20]:
            table.add_row(letter.gid, letter.action, Text(letter.reason))
        parts.append(table)
    return parts


def plan_document(
    record: PlanRecord,
    items: Sequence[PlanItem],
    *,
    approval: Approval | None = None,
    values: bool = False,
) -> dict[str, Any]:
    """Return a plan as one JSON document; values are masked unless asked for."""
    given = {"who": approval.who, "why": approval.why, "at": approval.at} if approval else None
    ended = {"at": record.ended_at, "who": record.ended_by, "why": record.ended_why}
    return {
        "id": record.id,
        "hash": record.hash,
        "target": record.target,
        "object": record.object,
        "status": record.status.value,
        "made_at": record.made_at,
        "counts": dict(record.counts),
        "findings": list(record.findings),
        "notes": list(record.notes),
        "approval": given,
        "ended": ended if record.ended_at else None,
        "items": [item_view(item, values=values) for item in items],
    }


def report_document(report: Report) -> dict[str, Any]:
    """Return what came of applying as one JSON document, without values."""
    return {
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


def _changes(record: PlanRecord) -> dict[str, int]:
    return {word: n for word, n in record.counts.items() if n and word != "unchanged"}


def counted(record: PlanRecord) -> str:
    """Return what a plan would do in a line: ``2 create, 5 unchanged``."""
    counts = {word: count for word, count in record.counts.items() if count}
    said = ", ".join(f"{count:,} {word.replace('_', ' ')}" for word, count in counts.items())
    return said or "nothing"


def _summary(record: PlanRecord) -> RenderableType:
    return Text(f"{record.target} ({record.object}): {counted(record)}", style="bold")


def _items(items: Iterable[PlanItem], *, values: bool) -> Table:
    table = _table("profile", "action", "why", "attribute", "before", "after", "line", "from")
    for item in items:
        action = item.action.value if item.action else "none"
        style = _STYLES[action]
        head: list[RenderableType] = [_named(item), Text(action, style=style), Text(_why(item))]
        if not item.differences:
            table.add_row(*head, "", "", "", "", "")
        for number, cells in enumerate(_changed(item, values=values)):
            table.add_row(*(head if number == 0 else _BLANK), *cells)
    return table


def _named(item: PlanItem) -> str:
    """Return a profile's id, or the name of a group: that is no value of a customer's."""
    return item.account.key if item.account.object == OBJECT else item.gid


def _changed(item: PlanItem, *, values: bool) -> Iterator[list[RenderableType]]:
    """Yield the cells of each difference; without values, elements of one list are counted."""
    lists: dict[str, list[Difference]] = defaultdict(list)
    for difference in item.differences:
        name = None if values else list_of(difference.path)
        if name is None:
            yield _cells(difference, values=values)
        else:
            lists[name].append(difference)
    for name, found in lists.items():
        out = sum(each.after is None for each in found)
        told = [
            f"{out:,} out" if out else "-",
            f"{len(found) - out:,} in" if out < len(found) else "-",
        ]
        sources = sorted({each for difference in found for each in difference.sources})
        some = sources[:3] + ["…"] * (len(sources) > 3)
        yield [*map(Text, [name, *told, near(found[0].line), ", ".join(some)])]


def differences(item: PlanItem, *, values: bool) -> Table:
    """Return what an item changes as a table."""
    table = _table("attribute", "before", "after", "line", "from")
    for cells in _changed(item, values=values):
        table.add_row(*cells)
    return table


def _table(*columns: str, title: str | None = None) -> Table:
    made = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", show_edge=False)
    for name in columns:
        made.add_column(name, no_wrap=name in ("profile", "action", "attribute"), overflow="fold")
    return made


_BLANK: Sequence[RenderableType] = ("", "", "")


def _why(item: PlanItem) -> str:
    told = item.cause in (Cause.CONFLICT, Cause.REVIEW, Cause.REFUSED, Cause.ADOPTED)
    told = told or item.cause is Cause.WITHHELD
    return f"{item.cause}: {item.reason}" if told else item.cause.value.replace("_", " ")


def _cells(difference: Difference, *, values: bool) -> list[RenderableType]:
    return [
        Text(difference.path),
        Text(shown_value(difference.before, values=values)),
        Text(shown_value(difference.after, values=values)),
        Text(near(difference.line)),
        Text(", ".join(difference.sources)),
    ]


def near(place: str) -> str:
    """Return ``file:line`` from the working directory, where the file stands below it."""
    return place.removeprefix(f"{Path.cwd()}/")


def shown_value(value: Any, *, values: bool) -> str:
    """Return a value as a cell shows it: masked unless asked for; flags are no secret."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if not values:
        return MASK
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def item_view(item: PlanItem, *, values: bool) -> Mapping[str, Any]:
    """Return an item's document; a key that is not the global id may be a value, too."""
    document = item_document(item)
    account = document.pop("account")
    document |= {"gid": item.gid, "key": account["key"], "remote_id": account["remote_id"]}
    if not values:
        document["key"] = account["key"] if account["key"] in (item.gid, _named(item)) else MASK
        document["differences"] = [
            {**d, "before": _masked(d["before"]), "after": _masked(d["after"])}
            for d in document["differences"]
        ]
    return document


def _masked(value: Any) -> Any:
    return value if value is None or isinstance(value, bool) else MASK


def _past(word: str) -> str:
    return f"{word}d" if word.endswith("e") else f"{word}ed"
