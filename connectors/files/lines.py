"""Formats of one record per line: JSON lines and fixed width."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any, NoReturn

from connectors.contract import Column, RejectedRow
from connectors.files.options import NUL, Layout, Part, Reading, chosen, text_batch
from connectors.files.scan import prove
from connectors.files.stored import opened_text


def _lines(reading: Reading) -> Iterator[tuple[int, str]]:
    prove(reading.file, reading.encoding)
    with opened_text(reading.file, reading.text_encoding(), newline="\n") as file:
        for number, line in enumerate(file, 1):
            text = line.rstrip("\r\n")
            if text.strip(" \t"):
                yield number, text


def read_jsonl(reading: Reading) -> Iterator[Part]:
    """Yield JSON objects as they are; whatever else stands on a line is rejected."""
    rows: list[dict[str, Any]] = []
    rejected: list[RejectedRow] = []
    for number, text in _lines(reading):
        row, reason = _object(text)
        if row is None:
            rejected.append(RejectedRow(f"{reading.file.name}:{number}", reason, text))
        else:
            rows.append(chosen(row, reading.fields))
        if len(rows) + len(rejected) >= reading.page_size:
            yield rows, rejected
            rows, rejected = [], []
    yield rows, rejected


def columns(reading: Reading) -> tuple[Column, ...]:
    """The keys of the first thousand rows, with the JSON type of their first value."""
    return kinds([_object(text)[0] or {} for _, text in islice(_lines(reading), 1000)])


def kinds(rows: Sequence[Mapping[str, Any]]) -> tuple[Column, ...]:
    """The keys of rows, with the JSON type of their first value."""
    found: dict[str, str] = {}
    for row in rows:
        for name, value in row.items():
            if value is not None or name not in found:
                found[name] = found.get(name) or _JSON_TYPES.get(type(value), "")
    return tuple(Column(name, kind) for name, kind in found.items())


_JSON_TYPES: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    Decimal: "number",
    list: "array",
    dict: "object",
}


def _object(text: str) -> tuple[dict[str, Any] | None, str]:
    try:
        value = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        at = f" (character {error.pos + 1})" if isinstance(error, json.JSONDecodeError) else ""
        return None, f"is not JSON{at}"
    return (value, "") if isinstance(value, dict) else (None, "is no JSON object")


def _no_number(_: str) -> NoReturn:
    raise ValueError


def read_fixed(reading: Reading) -> Iterator[Part]:
    """Yield text columns with their blanks; a line that ends inside or before a column is rejected.

    Blanks at the end of the line may have been cut off within the last column.
    """
    wanted = reading.wanted([column.name for column in reading.layout])
    chosen = [column for name in wanted for column in reading.layout if column.name == name]
    least = max(column.start for column in reading.layout) + 1
    rows: list[str] = []
    rejected: list[RejectedRow] = []
    for number, text in _lines(reading):
        reason = NUL if "\0" in text else None
        if len(text) < least:
            reason = f"{len(text)} characters where the last column starts at {least}"
        if reason:
            rejected.append(RejectedRow(f"{reading.file.name}:{number}", reason, text))
        else:
            rows.append(text)
        if len(rows) + len(rejected) >= reading.page_size:
            yield _cut(rows, chosen), rejected
            rows, rejected = [], []
    yield _cut(rows, chosen), rejected


def _cut(rows: list[str], layout: list[Layout]) -> Any:
    columns = [[row[column.start : column.end] for row in rows] for column in layout]
    return text_batch(columns, [column.name for column in layout])
