"""JSON documents, read as they come: the rows are the objects of one list in it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from typing import Any

import ijson

from connectors.contract import Column, RejectedRow
from connectors.errors import MisconfiguredError
from connectors.fields import did_you_mean
from connectors.files.lines import kinds
from connectors.files.options import Part, Reading, chosen
from connectors.files.stored import opened_text

_DEEP = 100
"""A value of more levels than this is no record."""


def read(reading: Reading) -> Iterator[Part]:
    """Yield the objects of the list `records`; whatever else is in it is rejected.

    Raises MisconfiguredError for what is no JSON, is cut off, or has no such list.
    """
    rows: list[dict[str, Any]] = []
    rejected: list[RejectedRow] = []
    number = 0
    for number, value in enumerate(_items(reading), 1):
        reason = "is no JSON object" if not isinstance(value, dict) else _too_deep(value)
        if reason:
            place = f"{reading.file.name}[{number}]"
            rejected.append(RejectedRow(place, reason, str(value)[:10_000]))
        else:
            rows.append(chosen(value, reading.fields))
        if len(rows) + len(rejected) >= reading.page_size:
            yield rows, rejected
            rows, rejected = [], []
    if not number:
        _prove_list(reading)
    yield rows, rejected


def columns(reading: Reading) -> tuple[Column, ...]:
    """The keys of the first thousand rows, with the JSON type of their first value."""
    found = [row for row in islice(_items(reading), 1000) if isinstance(row, dict)]
    if not found:
        _prove_list(reading)
    return kinds(found)


def _items(reading: Reading) -> Iterator[Any]:
    prefix = f"{reading.records}.item" if reading.records else "item"
    with _parsed(reading) as stream:
        for value in ijson.items(stream, prefix):
            yield _plain(value)


def _plain(value: Any) -> Any:
    """Numbers with a point as JSON lines give them, wherever nothing is lost by it."""
    if isinstance(value, Decimal):
        near = float(value)
        return near if Decimal(repr(near)) == value else value
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _too_deep(value: Any, left: int = _DEEP) -> str:
    if not isinstance(value, dict | list):
        return ""
    if not left:
        return f"has more than {_DEEP} levels"
    inner = value.values() if isinstance(value, dict) else value
    return next((found for each in inner if (found := _too_deep(each, left - 1))), "")


def _prove_list(reading: Reading) -> None:
    """An empty list is no row; no list is a mistake."""
    lists: set[str] = set()
    with _parsed(reading) as stream:
        for prefix, event, _ in ijson.parse(stream):
            if event == "start_array" and ".item" not in f".{prefix}":
                lists.add(prefix)
    if reading.records in lists:
        return
    if reading.records:
        raise MisconfiguredError(
            f"{reading.file.name}: no list {reading.records!r} is in it"
            f"{did_you_mean(reading.records, lists)}"
        )
    raise MisconfiguredError(
        f"{reading.file.name}: is no list; set records to the list in it"
        f"{did_you_mean('', lists - {''})}"
    )


@contextmanager
def _parsed(reading: Reading) -> Iterator[Any]:
    name = reading.file.name
    with opened_text(reading.file, reading.text_encoding()) as text:
        try:
            yield text.buffer if reading.encoding == "utf-8" and not _marked(text) else _Utf8(text)
        except ijson.IncompleteJSONError:
            raise MisconfiguredError(f"{name}: is cut off, or no JSON; export it again") from None
        except (ijson.JSONError, UnicodeError):
            raise MisconfiguredError(
                f"{name}: is no JSON in {reading.encoding}; for one object per line set "
                "format: jsonl"
            ) from None


def _marked(text: io.TextIOWrapper) -> bool:
    """Whether the bytes begin with a byte-order mark."""
    buffer = text.buffer
    return isinstance(buffer, io.BufferedReader) and buffer.peek(3).startswith(b"\xef\xbb\xbf")


class _Utf8:
    """A text as the parser wants it, whatever encoding it is in."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text

    def read(self, size: int) -> bytes:
        """The next characters; none at the end only."""
        return self._text.read(size).encode("utf-8", "surrogatepass")
