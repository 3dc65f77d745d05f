"""Rows put into order. A directory has none, and a large read does not fit into memory."""

from __future__ import annotations

import heapq
import json
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, Any

Placed = tuple[Any, str, Any]
"""A cursor's value (None, or all of one type), the key that breaks ties, and the row as JSON."""

_RUN = 20_000


def ordered(rows: Iterable[Placed], run: int = _RUN) -> Iterator[Placed]:
    """Yield rows by cursor and key, those without cursor first.

    Beyond `run` rows, sorted runs wait in a temporary file that has no name.
    """
    files: list[IO[str]] = []
    held: list[Placed] = []
    try:
        for row in rows:
            held.append(row)
            if len(held) == run:
                files.append(_written(sorted(held, key=_place)))
                held = []
        yield from heapq.merge(*map(_read, files), sorted(held, key=_place), key=_place)
    finally:
        for file in files:
            file.close()


def _place(row: Placed) -> tuple[bool, Any, str]:
    return (row[0] is not None, row[0] if row[0] is not None else 0, row[1])


def _written(rows: Iterable[Placed]) -> IO[str]:
    file = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 (closed by `ordered`)
    for row in rows:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
    file.seek(0)
    return file


def _read(file: IO[str]) -> Iterator[Placed]:
    for line in file:
        value, key, row = json.loads(line)
        yield value, key, row
