"""What happened to a person, as a table and as JSON. Shows no values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from pipelines.cli.output import short, table
from pipelines.timeline import Happening, Timeline

_FEW = 5


def timeline_parts(found: Timeline) -> Iterator[RenderableType]:
    """Yield where a merged id leads, and one line for each thing that happened."""
    if found.asked != found.gid:
        yield Text(f"{found.asked} was merged into {found.gid}")
    rows = (
        (f"{each.time:%Y-%m-%d %H:%M:%S}", each.kind, each.who, each.why, _more(each, found.gid))
        for each in found.happened
    )
    columns = ("when (UTC)", "what", "by", "why", "more")
    yield table(columns, rows, folds=("why", "more"), title=found.gid)


def timeline_document(found: Timeline) -> dict[str, Any]:
    """Return what happened as JSON."""
    return {
        "gid": found.gid,
        "happened": [
            {
                "time": each.time,
                "kind": each.kind,
                "gid": each.gid,
                "who": each.who,
                "why": each.why,
                "data": dict(each.data),
            }
            for each in found.happened
        ],
    }


def _more(each: Happening, gid: str) -> str:
    parts = [f"as {each.gid}"] if each.gid != gid else []
    return "; ".join([*parts, *_told(each.data)])


def _told(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield the data in words, what goes together in one."""
    if "action" in data:
        yield f"{data['action']} at {data['target']}: {data['outcome']}"
    elif "target" in data:
        yield f"{data['target']}: {data['proof']}"
    for name, value in data.items():
        if value in (None, [], ()) or name in _TOGETHER:
            continue
        if name == "from":
            yield from _sources(value)
        elif name == "pairs":
            yield _few([" and ".join(pair) for pair in value])
        elif name == "run":
            yield f"run {short(value)}"
        elif name == "plan_hash":
            yield f"plan {value[:12]}"
        else:
            yield f"{name.replace('_', ' ')} {_text(value)}"


_TOGETHER = frozenset({"action", "target", "outcome", "object", "proof"})


def _sources(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield where values come from, once for what has one source and one reason."""
    by: dict[tuple[str, str], list[str]] = {}
    for each in found:
        names = by.setdefault((each["record"], each["reason"]), [])
        if each["attribute"] not in names:
            names.append(each["attribute"])
    for (record, reason), names in by.items():
        yield f"{', '.join(names)} from {record} ({reason})"


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, list):
        return _few([":".join(each) if isinstance(each, list) else str(each) for each in value])
    return str(value)


def _few(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _FEW} more" if len(texts) > _FEW else ""
    return ", ".join(texts[:_FEW]) + more
