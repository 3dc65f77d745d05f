"""How a file is to be read, as the readers see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from connectors.contract import RejectedRow
from connectors.errors import MisconfiguredError
from connectors.fields import did_you_mean
from connectors.files.stored import Stored

NUL = "holds a NUL character"
"""Why a record is refused that no database can hold as it is."""
Part = tuple[pa.RecordBatch | Sequence[Any], list[RejectedRow]]
"""Rows in the order of the file, and what was met between them that is no row."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a fixed-width column stands: counted from 0, in characters."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """One file and how to read it: `quotes` and `nuls` count such characters in it.

    `records` tells where rows stand in a document, `lists` which of its elements are lists.
    """

    file: Stored
    encoding: str
    delimiter: str = ","
    quote: str = '"'
    header: bool = True
    names: tuple[str, ...] = ()
    layout: tuple[Layout, ...] = ()
    fields: tuple[str, ...] | None = None
    page_size: int = 10_000
    quotes: int = 0
    nuls: int = 0
    records: str = ""
    lists: tuple[str, ...] = ()

    def wanted(self, known: Sequence[str]) -> list[str]:
        """The columns to give; MisconfiguredError for one that the file lacks."""
        for name in self.fields or ():
            if name not in known:
                raise MisconfiguredError(
                    f"{self.file.name}: no column {name!r}{did_you_mean(name, known)}"
                )
        return list(self.fields or known)

    def text_encoding(self) -> str:
        """The encoding with its byte-order mark left out."""
        return "utf-8-sig" if self.encoding in {"utf-8", "utf_8", "utf8"} else self.encoding


def text_batch(columns: Sequence[Sequence[str]], names: Sequence[str]) -> pa.RecordBatch:
    """Columns of text as one batch."""
    schema = pa.schema((name, pa.string()) for name in names)
    return pa.RecordBatch.from_arrays([pa.array(c, pa.string()) for c in columns], schema=schema)


def chosen(row: dict[str, Any], fields: tuple[str, ...] | None) -> dict[str, Any]:
    """Those of its values that are wanted; a JSON row may lack some."""
    return row if fields is None else {name: row[name] for name in fields if name in row}
