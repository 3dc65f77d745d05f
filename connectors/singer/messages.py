"""What a tap says, line by line (the Singer specification): records, and states to go on from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from connectors.contract import Cursor, Page, Query, RejectedRow


@dataclass(slots=True)
class _Held:
    """Rows since the last page, and what stood between them that is no message."""

    rows: list[dict[str, Any]] = field(default_factory=list, repr=False)
    rejected: list[RejectedRow] = field(default_factory=list, repr=False)

    def page(self, cursor: Cursor | None) -> Page:
        rows, self.rows = self.rows, []
        rejected, self.rejected = self.rejected, []
        return Page(rows, cursor, rejected)


def pages(lines: Iterable[bytes], query: Query) -> Iterator[Page]:
    """Yield the records of one stream in pages.

    A page has a position where the tap gave a state behind its records: all that came before it
    has been given. Lines that are no message are rejected.
    """
    held = _Held()
    for number, line in enumerate(lines, 1):
        message = _message(line)
        if message is None:
            place = f"{query.object} line {number}"
            held.rejected.append(RejectedRow(place, "is no Singer message", _text(line)))
        elif message["type"] == "RECORD" and message.get("stream") == query.object:
            held.rows.append(_chosen(message["record"], query.fields))
        elif message["type"] == "STATE":
            state = json.dumps(message.get("value"), sort_keys=True, separators=(",", ":"))
            yield held.page(Cursor(state))
        if len(held.rows) >= query.page_size:
            yield held.page(None)
    if held.rows or held.rejected:
        yield held.page(None)


def _message(line: bytes) -> dict[str, Any] | None:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return None
    record = message.get("record")
    return None if message["type"] == "RECORD" and not isinstance(record, dict) else message


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").strip()[:10_000]


def _chosen(row: dict[str, Any], fields: tuple[str, ...] | None) -> dict[str, Any]:
    return row if fields is None else {name: row[name] for name in fields if name in row}
