"""What a command prints: its answer on standard output, everything else on standard error.

The answer is text a person reads or, with ``--json``, one JSON document. Colours are Rich's: none
where there is no terminal or where NO_COLOR is set.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from enum import Enum

from rich import box
from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

_ANY_WIDTH = 10_000


def give(document: object, *people: RenderableType, as_json: bool) -> None:
    """Print the answer: the document as JSON, or what a person reads, one part below the other."""
    if as_json:
        readable = (sys.stdout.encoding or "").lower().startswith("utf")
        text = json.dumps(document, indent=2, ensure_ascii=not readable, default=_plain)
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
        return
    for each in people:
        part = Text(each) if isinstance(each, str) else each
        console = _console(part)
        console.print(part, crop=False, soft_wrap=isinstance(part, Text))


def tell(line: str, style: str | None = None) -> None:
    """Print a message that is not the answer, such as where a file was written."""
    console = Console(stderr=True)
    console.print(Text(line), style=style, soft_wrap=True)


def complain(error: BaseException | str) -> None:
    """Print what is wrong as one line a problem."""
    tell(str(error), "red")


def told(error: BaseException, code: int) -> Mapping[str, object]:
    """Return the JSON document of a command that ended with an error."""
    return {"error": str(error), "exit_code": code}


def table(
    columns: Iterable[str],
    rows: Iterable[Sequence[object]],
    *,
    numbers: Iterable[str] = (),
    folds: Iterable[str] = (),
    title: str | None = None,
) -> Table:
    """Return a table whose cells are never cut; None is an empty cell.

    Columns of `numbers` stand to the right with separators of thousands; those of `folds` hold
    prose and may take several lines.
    """
    right, prose = set(numbers), set(folds)
    made = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", show_edge=False)
    for name in columns:
        made.add_column(
            name,
            justify="right" if name in right else "left",
            no_wrap=name not in prose,
            overflow="fold",
        )
    for row in rows:
        made.add_row(*(_cell(each) for each in row))
    return made


def short(id_: str) -> str:
    """Return the end of an id, which tells it from others made at the same time."""
    return id_[-12:]


def _cell(value: object) -> Text:
    if value is None:
        return Text("")
    if isinstance(value, Text):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Text(f"{value:,}")
    return Text(str(_plain(value)) if isinstance(value, datetime | date) else str(value))


def _console(part: RenderableType) -> Console:
    """Return a terminal's console, or a wider one when a table needs it: ids stay whole."""
    console = Console()
    if isinstance(part, Table):
        wanted = Measurement.get(console, console.options.update(max_width=_ANY_WIDTH), part)
        least = wanted.minimum if console.is_terminal else wanted.maximum
        console.width = max(console.width, least)
    return console


def _plain(value: object) -> object:
    """Return what JSON has no word for: times in ISO 8601, anything unknown as its text."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)
