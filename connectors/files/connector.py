"""The files source: which files, in which format, and which of them are new."""

from __future__ import annotations

import codecs
import glob
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, ClassVar, Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, PositiveInt, field_validator, model_validator

from connectors.contract import (
    Column,
    Connector,
    Cursor,
    Health,
    ObjectSchema,
    Page,
    Query,
    RejectedRow,
)
from connectors.errors import MisconfiguredError
from connectors.fields import LocalPath, did_you_mean
from connectors.files import delimited, lines, parquet
from connectors.files.options import Layout, Part, Reading
from connectors.files.scan import Scan, prove, scan, stamp, unchanged

Format = Literal["auto", "csv", "jsonl", "parquet", "fixed"]

_SUFFIXES: Mapping[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
_READERS: Mapping[str, Callable[[Reading], Iterator[Part]]] = {
    "csv": delimited.read,
    "jsonl": lines.read_jsonl,
    "parquet": parquet.read,
    "fixed": lines.read_fixed,
}
_WIDE = ("utf-16", "utf-32")
_STRAY = 0.1
"""Up to this part of a file NUL bytes are slips of single rows."""
_Seen = dict[str, list[Any]]


class ColumnSpec(BaseModel):
    """One column: its name, and in a fixed-width file where it stands."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )

    name: str
    """The column's name."""
    start: PositiveInt | None = None
    """Its first character, counted from 1."""
    width: PositiveInt | None = None
    """How many characters it has."""


class Files(Connector):
    """Reads local files; a file that has not changed since the cursor is not read again."""

    type: ClassVar[str] = "files"

    path: LocalPath
    """A file, a folder, or a pattern such as ``drop/*.csv`` (``**`` for folders below)."""
    format: Format = "auto"
    """The format; `auto` goes by the suffix."""
    encoding: str = "utf-8"
    """The encoding of text files, such as `cp1252`, `latin-1` or `utf-16`."""
    delimiter: str = ","
    """What separates the values of a CSV; `.tsv` files have tabs unless it is set."""
    quote: str = '"'
    """What encloses CSV values that hold delimiters or line breaks; empty for none."""
    header: bool = True
    """Whether a CSV begins with the names of its columns."""
    columns: tuple[ColumnSpec, ...] = ()
    """Names for a CSV without header; name, start (from 1) and width for a fixed-width file."""

    @field_validator("encoding")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            return codecs.lookup(name).name
        except LookupError:
            raise ValueError("is no encoding that Python knows") from None

    @field_validator("delimiter", "quote")
    @classmethod
    def _one_character(cls, text: str) -> str:
        if len(text) > 1 or not text.isascii():
            raise ValueError("is one ASCII character")
        return text

    @model_validator(mode="after")
    def _fits_together(self) -> Files:
        placed = all(column.start and column.width for column in self.columns)
        if self.format == "fixed" and not (self.columns and placed):
            raise ValueError("format fixed needs columns, each with name, start and width")
        if self.format in {"auto", "csv"} and self.header and self.columns:
            raise ValueError("columns are for header: false or format: fixed")
        if not self.header and not self.columns:
            raise ValueError("header: false needs columns, each with a name")
        names = [column.name for column in self.columns]
        if len(set(names)) < len(names):
            raise ValueError("columns: a name is there twice")
        return self

    def check(self) -> Health:
        """See that there are files and that they may be read."""
        found = self._files()
        for path in found.values():
            stamp(path)
        return Health(f"files {self.path}", {"files": str(len(found))})

    def discover(self) -> tuple[ObjectSchema, ...]:
        """List the files with their columns: types only where the format has types."""
        return tuple(
            ObjectSchema(name, self._columns(path)) for name, path in self._files().items()
        )

    def read(self, query: Query) -> Iterator[Page]:
        """Yield the rows of each new or changed file of this object, file by file.

        `object` names a file without its suffix, relative to the path's folder, or is a pattern.
        `cursor` and `key` of the query are not looked at: the position tells which files were
        read, and stands on the last page of each file. Raises MisconfiguredError when no file
        answers to the object or one is not what it is declared to be, TransientError when a file
        changes while it is read.
        """
        seen = _seen(query.after)
        for name, path in self._chosen(query.object).items():
            known = seen.get(name)
            if known and known[:2] == list(stamp(path)):
                continue
            found = scan(path, self.quote)
            seen[name] = [found.size, found.changed, found.sha256]
            if known and known[2] == found.sha256:
                continue
            reading = self._reading(path, query, found)
            pages = _paged(_READERS[self._format(path)](reading), reading.page_size)
            page = next(pages)
            for following in pages:
                yield page
                page = following
            unchanged(path, (found.size, found.changed))
            yield replace(page, cursor=Cursor(json.dumps(seen, sort_keys=True)))

    def _reading(self, path: Path, query: Query, found: Scan | None = None) -> Reading:
        nuls = 0
        if found and self._format(path) != "parquet" and not self.encoding.startswith(_WIDE):
            nuls = found.nuls
        if found and nuls > found.size * _STRAY:
            raise MisconfiguredError(
                f"{path.name}: is full of NUL bytes, which no {self.encoding} text has; "
                "set encoding to what the file is in, such as utf-16 or utf-16-le"
            )
        tabs = path.suffix == ".tsv" and "delimiter" not in self.model_fields_set
        return Reading(
            path=path,
            encoding=self.encoding,
            delimiter="\t" if tabs else self.delimiter,
            quote=self.quote,
            header=self.header,
            names=tuple(column.name for column in self.columns),
            layout=tuple(
                Layout(column.name, column.start - 1, column.start - 1 + column.width)
                for column in self.columns
                if column.start and column.width
            ),
            fields=query.fields,
            page_size=query.page_size,
            quotes=found.quotes if found else 0,
            nuls=nuls,
        )

    def _columns(self, path: Path) -> tuple[Column, ...]:
        reading = self._reading(path, Query(""))
        match self._format(path):
            case "parquet":
                return parquet.columns(reading)
            case "jsonl":
                return lines.columns(reading)
            case "fixed":
                return tuple(Column(column.name, "text", nullable=False) for column in self.columns)
            case _:
                prove(path, self.encoding)
                names, _ = delimited.header(reading)
                return tuple(Column(name, "text", nullable=False) for name in names)

    def _format(self, path: Path) -> str:
        if self.format != "auto":
            return self.format
        try:
            return _SUFFIXES[path.suffix.lower()]
        except KeyError:
            raise MisconfiguredError(
                f"{path.name}: its suffix tells no format; set format: csv, jsonl, parquet or fixed"
            ) from None

    def _chosen(self, name: str) -> dict[str, Path]:
        files = self._files()
        for matches in (_same, _same_stem, fnmatchcase):
            chosen = {known: path for known, path in files.items() if matches(known, name)}
            if chosen:
                return chosen
        raise MisconfiguredError(
            f"{self.path}: no file answers to object {name!r}{did_you_mean(name, files)}"
        )

    def _files(self) -> dict[str, Path]:
        """The files by name, in order; MisconfiguredError when there are none."""
        pattern = self.path / "**" / "*" if self.path.is_dir() else self.path
        magic = next((i for i, part in enumerate(pattern.parts) if glob.has_magic(part)), -1)
        root = Path(*pattern.parts[:magic])
        paths = [Path(found) for found in glob.glob(str(pattern), recursive=True)]  # noqa: PTH207
        if self.path.is_file():
            root, paths = self.path.parent, [self.path]
        files = sorted(path for path in paths if path.is_file())
        if not files:
            lack = "no file is in this folder" if self.path.is_dir() else "no such file"
            raise MisconfiguredError(f"{self.path}: {lack}; check path")
        names = [path.relative_to(root).with_suffix("").as_posix() for path in files]
        return {
            name if names.count(name) == 1 else path.relative_to(root).as_posix(): path
            for name, path in zip(names, files, strict=True)
        }


def _same(known: str, name: str) -> bool:
    return known == name


def _same_stem(known: str, name: str) -> bool:
    return known.rpartition("/")[2] == name


def _seen(after: Cursor | None) -> _Seen:
    if after is None:
        return {}
    try:
        seen = json.loads(after.value)
        return {str(name): [int(v[0]), int(v[1]), str(v[2])] for name, v in seen.items()}
    except (ValueError, TypeError, AttributeError, LookupError):
        raise MisconfiguredError(
            "the stored position is not one of files; was the source another one before? "
            "Read once in full"
        ) from None


def _paged(parts: Iterator[Part], size: int) -> Iterator[Page]:
    """Pages of at most `size` rows; one without rows at the end where something needs it.

    It has the columns of the others: whoever lands it sees no other table.
    """
    rejected: list[RejectedRow] = []
    empty: pa.RecordBatch | Sequence[Any] = ()
    any_rows = False
    for rows, met in parts:
        rejected += met
        empty = rows[:0]
        for start in range(0, len(rows), size):
            yield Page(rows[start : start + size], rejected=rejected)
            rejected, any_rows = [], True
    if rejected or not any_rows:
        yield Page(empty, rejected=rejected)
