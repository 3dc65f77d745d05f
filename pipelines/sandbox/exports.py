"""The two systems that drop files: the newsletter's CSV and the mainframe's fixed-width file."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path

from pipelines.sandbox.people import plain
from pipelines.sandbox.shapes import COLUMNS, WIDTHS, Row

ENCODING = "cp1252"
"""What the newsletter tool writes; letters it does not have lose their accents."""


def write_newsletter(file: Path, rows: Iterable[Row]) -> None:
    """Write the CSV: semicolons, a header, one line per subscriber."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS["newsletter"])
    writer.writerows([_representable(str(cell)) for cell in row] for row in rows)
    _replace(file, text.getvalue().encode(ENCODING))


def write_loyalty(file: Path, rows: Iterable[Row]) -> None:
    """Write the fixed-width file; a row with too few columns becomes a line cut short."""
    lines = [
        "".join(f"{cell:<{width}}" for cell, width in zip(row, WIDTHS, strict=False))
        for row in rows
    ]
    _replace(file, "".join(f"{line}\n" for line in lines).encode("ascii"))


def _representable(text: str) -> str:
    try:
        text.encode(ENCODING)
    except UnicodeEncodeError:
        return plain(text)
    return text


def _replace(file: Path, content: bytes) -> None:
    """Put the file in place in one move; nothing happens when it holds this already."""
    if file.exists() and file.read_bytes() == content:
        return
    half = file.with_name(f".{file.name}.new")
    half.write_bytes(content)
    os.replace(half, file)  # noqa: PTH105 (the move that is atomic, by name)
