"""What a command prints: its answer on standard output, everything else on standard error.

The answer is text a person reads or, with ``--json``, one JSON document. Colours are Rich's: none
where there is no terminal or where NO_COLOR is set.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from math import isfinite

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

_ANY_WIDTH = 10_000
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control signs but line ends and tabs, and those that turn the direction of text around."""


def give(document: object, *people: RenderableType, as_json: bool) -> None:
    """Print the answer: the document as JSON, or what a person reads, one part below the other."""
    if as_json:
        sys.stdout.write(_json(document) + "\n")
        sys.stdout.flush()
        return
    for each in people:
        part = Text(each) if isinstance(each, str) else each
        console = _console(part)
        console.print(_Visible(part), crop=False, soft_wrap=isinstance(part, Text))


def tell(line: str, style: str | None = None) -> None:
    """Print a message that is not the answer, such as where a file was written."""
    console = Console(stderr=True)
    console.print(_Visible(Text(line, style=style or "")), soft_wrap=True)


def _json(document: object) -> str:
    """Return JSON text that standard output can hold, whatever its encoding is."""
    plain = _plain(document)
    text = json.dumps(plain, indent=2, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return json.dumps(plain, indent=2)
    return text


@dataclass(frozen=True, slots=True)
class _Visible:
    """A part whose signs cannot steer a terminal: what a customer is called comes from outside."""

    part: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the part, and show control signs by their code."""
        for segment in console.render(self.part, options):
            text = _STEERING.sub(_code, segment.text)
            yield segment if segment.control else Segment(text, segment.style)


def _code(sign: re.Match[str]) -> str:
    return sign[0].encode("unicode_escape").decode()


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
    return Text(str(_scalar(value)) if isinstance(value, datetime | date) else str(value))


def _console(part: RenderableType) -> Console:
    """Return a terminal's console, or a wider one when a table needs it: ids stay whole."""
    console = Console()
    if isinstance(part, Table):
        wanted = Measurement.get(console, console.options.update(max_width=_ANY_WIDTH), part)
        least = wanted.minimum if console.is_terminal else wanted.maximum
        console.width = max(console.width, least)
    return console


def _plain(value: object) -> object:
    """Return what JSON has words for."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(map(_plain, value), key=str)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return _scalar(value)


def _scalar(value: object) -> object:
    """Return times in ISO 8601, nothing for NaN, the text of what has no form in JSON."""
    if isinstance(value, Enum):
        return _scalar(value.value)
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if value is None or isinstance(value, str | int) else str(value)
