"""How one file is read: its format and dialect, declared or found out, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from connectors.contract import Column, Query
from connectors.errors import MisconfiguredError
from connectors.files import delimited, jsondoc, lines, parquet, records, xmldoc
from connectors.files.dialect import Dialect, Encoding, detect_dialect, detect_encoding, head
from connectors.files.found import Found
from connectors.files.options import Layout, Part, Reading
from connectors.files.scan import Scan, prove
from connectors.files.settings import AUTO, FilesSettings
from connectors.notices import notice

_SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".xml": "xml",
    ".parquet": "parquet",
}
_READERS: Mapping[str, Callable[[Reading], Iterator[Part]]] = {
    "csv": delimited.read,
    "jsonl": lines.read_jsonl,
    "json": jsondoc.read,
    "xml": xmldoc.read,
    "parquet": parquet.read,
    "fixed": lines.read_fixed,
}
_COLUMNS: Mapping[str, Callable[[Reading], tuple[Column, ...]]] = {
    "jsonl": lines.columns,
    "json": jsondoc.columns,
    "xml": xmldoc.columns,
    "parquet": parquet.columns,
}
_TEXTS = {"csv", "jsonl", "fixed"}
_WIDE = ("utf-16", "utf-32")
_STRAY = 0.1
"""Up to this part of a file NUL bytes are slips of single rows."""
_SHOWN = {"\t": "tab", " ": "blank", "": "none"}


class Formats:
    """One file and how it is read; what settings leave to us is found out once, at the start."""

    def __init__(self, settings: FilesSettings, found: Found) -> None:
        self._settings, self._found = settings, found
        self.format = self._format()
        self._encoding = Encoding(settings.encoding, sure=True)
        self._dialect = Dialect(self._declared_delimiter(), settings.quote, 0)
        wanted = {settings.encoding, settings.delimiter, settings.quote}
        if AUTO in wanted and self.format in {*_TEXTS, "json"}:
            self._find_out()

    @property
    def quote(self) -> str:
        """The sign that encloses values."""
        return self._dialect.quote

    def parts(self, query: Query, looked: Scan) -> Iterator[Part]:
        """Yield the rows."""
        reading = self._reading(query, looked)
        if self._settings.copybook is not None:
            return records.read(self._settings.copybook, reading)
        return _READERS[self.format](reading)

    def columns(self) -> tuple[Column, ...]:
        """The columns as far as the format tells."""
        if self._settings.copybook is not None:
            return records.columns(self._settings.copybook)
        reading = self._reading(Query(""), None)
        if self.format in _COLUMNS:
            return _COLUMNS[self.format](reading)
        if self.format == "fixed":
            return tuple(Column(name, "text", nullable=False) for name in reading.names)
        if self._settings.encoding != AUTO:
            prove(self._found.file, reading.encoding)
        names, _ = delimited.header(reading)
        return tuple(Column(name, "text", nullable=False) for name in names)

    def about(self, columns: int) -> dict[str, str]:
        """Say how the file is written, what of it was found out, and what may be wrong."""
        said = {"format": self.format}
        if self.format in {*_TEXTS, "json", "copybook"}:
            how = "" if self._settings.encoding != AUTO else " (found)"
            said["encoding"] = self._encoding.name + (how if self._encoding.sure else " (a guess)")
        if self.format == "csv":
            said["delimiter"] = self._shown(self._dialect.delimiter, self._settings.delimiter)
            said["quote"] = self._shown(self._dialect.quote, self._settings.quote)
            said |= self._doubt(columns)
        return said

    def _shown(self, sign: str, declared: str) -> str:
        return _SHOWN.get(sign, sign) + (" (found)" if declared == AUTO else "")

    def _doubt(self, columns: int) -> dict[str, str]:
        """Say where another delimiter would make columns of what is one now."""
        if columns > 1 or self._settings.delimiter == AUTO:
            return {}
        try:
            other = self._looked()
        except MisconfiguredError:
            return {}
        if other.columns <= 1:
            return {}
        sign = _SHOWN.get(other.delimiter, other.delimiter)
        return {"looks wrong": f"delimiter {sign} would give {other.columns} columns"}

    def _find_out(self) -> None:
        settings = self._settings
        if settings.encoding == AUTO:
            start, whole = head(self._found.file)
            self._encoding = detect_encoding(start, whole=whole)
            if not self._encoding.sure:
                notice("files.encoding_guessed", file=self._found.file.name, to=self._encoding.name)
        if self.format == "csv" and AUTO in {settings.delimiter, settings.quote}:
            seen = self._looked()
            declared = self._declared_delimiter()
            self._dialect = Dialect(
                seen.delimiter if declared == AUTO else declared,
                seen.quote if settings.quote == AUTO else settings.quote,
                seen.columns,
            )

    def _looked(self) -> Dialect:
        start, whole = head(self._found.file)
        text = start.decode(self._encoding.name, "replace").removeprefix("\ufeff")
        return detect_dialect(self._found.file, text, whole=whole)

    def _declared_delimiter(self) -> str:
        tabs = self._found.suffix == ".tsv" and "delimiter" not in self._settings.model_fields_set
        return "\t" if tabs else self._settings.delimiter

    def _reading(self, query: Query, looked: Scan | None) -> Reading:
        settings, file = self._settings, self._found.file
        nuls = 0
        if looked and self.format in _TEXTS and not self._encoding.name.startswith(_WIDE):
            nuls = looked.nuls
            if nuls > looked.stamp.size * _STRAY:
                raise MisconfiguredError(
                    f"{file.name}: is full of NUL bytes, which no {self._encoding.name} text has; "
                    "set encoding to what the file is in, such as utf-16 or utf-16-le"
                )
        return Reading(
            file=file,
            encoding=self._encoding.name,
            delimiter=self._dialect.delimiter,
            quote=self._dialect.quote,
            header=settings.header,
            names=tuple(column.name for column in settings.columns),
            layout=_layout(settings),
            fields=query.fields,
            page_size=query.page_size,
            quotes=looked.quotes if looked else 0,
            nuls=nuls,
            records=settings.records,
            lists=settings.lists,
        )

    def _format(self) -> str:
        if self._settings.format != "auto":
            return self._settings.format
        try:
            return _SUFFIXES[self._found.suffix]
        except KeyError:
            raise MisconfiguredError(
                f"{self._found.file.name}: its suffix tells no format; set format: csv, jsonl, "
                "json, xml, parquet, fixed or copybook"
            ) from None


def _layout(settings: FilesSettings) -> tuple[Layout, ...]:
    return tuple(
        Layout(column.name, column.start - 1, column.start - 1 + column.width)
        for column in settings.columns
        if column.start and column.width
    )
