"""How the effect of an edit reads. Values are masked unless they were asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import RenderableType

from mappings.diff import Difference
from mappings.expected import shown
from pipelines.authoring.comparing import Changed, Comparison, Moved
from pipelines.authoring.editing import Effect
from pipelines.cli.mappingtext import counted
from pipelines.cli.output import table

Show = Callable[[object], str]


def masked(value: object) -> str:
    """Return the form of a value: letters as x, digits as 9, other signs as they are."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        parts = (f"{name}: {masked(part)}" for name, part in value.items() if part is not None)
        return f"{{{', '.join(parts)}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(masked, value))}]"
    text = re.sub(r"[^\W\d_]", lambda m: "X" if m[0].isupper() else "x", shown(value))
    return re.sub(r"\d", "9", text)


def diff_parts(
    against: str, found: Sequence[Difference], effect: Effect | None, *, values: bool
) -> Iterator[RenderableType]:
    """Tell what differs in the files, then on the rows."""
    if effect is None:
        yield f"nothing of the meaning differs from {against}"
        return
    yield f"against {against}:"
    yield from (f"  {difference}" for difference in found)
    yield f"on {effect.said}:"
    yield from _rows(effect.rows, shown if values else masked)
    if effect.letters:
        told = ", ".join(f"{count:,} {fate}" for fate, count in effect.letters.items())
        yield f"of the open dead letters that are not among these rows: {told}"
    if effect.rows.stopped:
        yield f"these rows would stop a run: {effect.rows.stopped}"


def _rows(found: Comparison, show: Show) -> Iterator[RenderableType]:
    if found.nothing:
        yield "  every row comes out as before"
        return
    if found.moved:
        names = ["before", "after", "rows", "first keys", "why"]
        yield table(names, map(_moved, found.moved), numbers=["rows"], folds=["why"])
        yield ""
    if found.attributes:
        names = ["attribute", "gained", "lost", "changed", "key", "before", "after"]
        rows = [row for each in found.attributes for row in _changed(each, show)]
        yield table(names, rows, numbers=names[1:4], folds=names[5:])
        yield ""
    yield f"{found.changed:,} of the {found.records:,} records that pass before and after change"
    if found.rekeyed:
        yield (
            f"{counted(found.rekeyed, 'row')} get another key: a new source profile each, "
            "and the one of the old key is deleted"
        )


def _moved(each: Moved) -> tuple[object, ...]:
    why = ", ".join(f"{reason}: {count:,}" for reason, count in each.reasons.items())
    keys = ", ".join("no key" if key is None else key for key in each.keys)
    return each.before, each.after, each.rows, keys, why


def _changed(each: Changed, show: Show) -> Iterator[tuple[object, ...]]:
    counts: tuple[object, ...] = (each.attribute, each.gained, each.lost, each.other)
    for example in each.examples:
        yield (*counts, example.key, show(example.before), show(example.after))
        counts = (None,) * 4


def diff_document(
    against: str, found: Sequence[Difference], effect: Effect | None, *, values: bool
) -> dict[str, Any]:
    """Return the effect of an edit as one document."""
    document: dict[str, Any] = {
        "against": against,
        "differences": [
            {"place": str(each.place), "where": each.where, "kind": each.kind, "what": each.aspects}
            for each in found
        ],
    }
    if effect is None:
        return document
    rows = asdict(effect.rows)
    if not values:
        for attribute in rows["attributes"]:
            for example in attribute["examples"]:
                example["before"] = masked(example["before"])
                example["after"] = masked(example["after"])
    return document | {"on": effect.said, **rows, "letters": dict(effect.letters)}
