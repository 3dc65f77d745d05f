"""A change that a target refused, as the command line shows it; values only when asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from idp_core.ledger.store import DeadLetter
from pipelines.cli.output import table

_EXCHANGE = "exchange"
"""Where the row of a refused change has the request and the answer."""


def row(letter: DeadLetter) -> dict[str, Any] | None:
    """Return the row as lists have it: without the request and the answer, which are long."""
    if letter.row is None:
        return None
    return {name: each for name, each in letter.row.items() if name != _EXCHANGE}


def facts(letter: DeadLetter) -> Sequence[tuple[str, str]]:
    """Return what was sent and what came back, without their bodies; nothing when nobody knows."""
    said = _exchange(letter)
    if not said:
        return ()
    protocol = "LDAP" if said["method"] == "LDAP" else "HTTP"
    answered = f"{protocol} {said['status']} {said['code']}".rstrip()
    return (("sent", f"{said['method']} {said['path']}"), ("answered", answered))


def parts(letter: DeadLetter, *, values: bool) -> Iterator[RenderableType]:
    """Yield what was to be written, with the lines of the push mapping that say so."""
    columns = ("attribute", "push mapping", "from", "before", "after")
    shown = len(columns) if values else 3
    rows = [_line(each)[:shown] for each in _written(letter)]
    if rows:
        yield table(columns[:shown], rows, folds=columns[2:])
    for name in ("sent", "answered") if values else ():
        if body := _exchange(letter).get(name):
            yield Text(f"{name}:", style="bold")
            yield _indented(body)


def document(letter: DeadLetter, *, values: bool) -> dict[str, Any]:
    """Return the same as JSON; the bodies, which are texts, with `values`."""
    said = _exchange(letter)
    sent = {name: said.get(name) for name in ("method", "path")}
    answered = {name: said.get(name) for name in ("status", "code")}
    if values:
        sent["body"], answered["body"] = said.get("sent"), said.get("answered")
    return {
        "sent": sent if said else None,
        "answered": answered if said else None,
        "attributes": [
            {name: each[name] for name in ("path", "line", "sources")} for each in _written(letter)
        ],
    }


def _exchange(letter: DeadLetter) -> Mapping[str, Any]:
    return (letter.row or {}).get(_EXCHANGE) or {}


def _written(letter: DeadLetter) -> Sequence[Mapping[str, Any]]:
    return (letter.row or {}).get("differences") or ()


def _line(written: Mapping[str, Any]) -> tuple[object, ...]:
    sources = ", ".join(written["sources"])
    values = (_text(written["before"]), _text(written["after"]))
    return (written["path"], written["line"], sources, *values)


def _indented(body: str) -> str:
    """Return a body to be read: JSON with one name a line, all else as it is."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
