"""The settings of the files source, and which of them go together."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    NonNegativeFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from connectors.contract import Connector
from connectors.files.cloud import StorageOptions
from connectors.files.found import Choice
from connectors.files.places import Address, where
from connectors.files.records import CopybookOptions
from connectors.files.sftp import SftpOptions

AUTO = "auto"
Format = Literal["auto", "csv", "jsonl", "json", "xml", "parquet", "fixed", "copybook"]


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


class FilesSettings(Connector):
    """What a user sets."""

    type: ClassVar[str] = "files"

    path: Annotated[Path | Address, BeforeValidator(where)]
    """A file, a folder or a pattern such as `drop/*.csv`, here or at `sftp://…`, `s3://…`."""
    format: Format = "auto"
    """The format; `auto` goes by the suffix."""
    encoding: str = "utf-8"
    """The encoding of text files, such as `cp1252` or `cp037` (EBCDIC); `auto` finds out."""
    delimiter: str = ","
    """What separates the values of a CSV; `auto` finds out; `.tsv` has tabs unless it is set."""
    quote: str = '"'
    """What encloses CSV values that hold delimiters or line breaks; empty for none; `auto`."""
    header: bool = True
    """Whether a CSV begins with the names of its columns."""
    columns: tuple[ColumnSpec, ...] = ()
    """Names for a CSV without header; name, start (from 1) and width for a fixed-width file."""
    records: str = ""
    """JSON: the list that holds the rows (`data.customers`). XML: the element that is one."""
    lists: tuple[str, ...] = ()
    """XML elements that are lists even where there is one."""
    copybook: CopybookOptions | None = None
    """The copybook of a file of COBOL records."""
    ignore: tuple[str, ...] = ("*.part", "*.filepart", "*.partial", "*.tmp", "*~")
    """Names of files that are being written, and of others to leave out."""
    marker: str = ""
    """A file counts when one with this suffix stands beside it: `.done` for `a.csv.done`."""
    settle: NonNegativeFloat = 0.0
    """Seconds between two looks; a file that changes between them is not read yet."""
    unpack_limit: ByteSize = ByteSize(8 << 30)
    """How much may come out of one packed file, such as `20GB`."""
    sftp: SftpOptions | None = None
    """The server and the login of `sftp://`."""
    storage: StorageOptions = StorageOptions()
    """What the driver of `s3://` and other stores is told."""

    @field_validator("encoding")
    @classmethod
    def _known(cls, name: str) -> str:
        if name == AUTO:
            return name
        try:
            return codecs.lookup(name).name
        except LookupError:
            raise ValueError("is no encoding that Python knows") from None

    @field_validator("delimiter", "quote")
    @classmethod
    def _one_character(cls, text: str) -> str:
        if text != AUTO and (len(text) > 1 or not text.isascii()):
            raise ValueError("is one ASCII character, or auto")
        return text

    @model_validator(mode="after")
    def _columns_fit(self) -> FilesSettings:
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

    @model_validator(mode="after")
    def _fits_together(self) -> FilesSettings:
        if (self.format == "copybook") != (self.copybook is not None):
            raise ValueError("format: copybook and copybook go together")
        if self.format in {"copybook", "fixed"} and self.encoding == AUTO:
            raise ValueError(f"format {self.format} needs an encoding, such as cp037 for EBCDIC")
        remote = self.path.scheme if isinstance(self.path, Address) else ""
        if (remote == "sftp") != (self.sftp is not None):
            raise ValueError("sftp://… needs sftp with host_keys and a login, nothing else does")
        return self

    def choice(self) -> Choice:
        """Which files count."""
        return Choice(self.ignore, self.marker, self.settle, int(self.unpack_limit))
