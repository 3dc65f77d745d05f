"""What a text file is written in, told from its beginning: encoding, delimiter and quote.

A guess is said to be one. Nothing here reads on: what stands further down is proved as it is read.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.errors import MisconfiguredError
from connectors.files.stored import Stored, failure

HEAD = 1 << 20
"""How many bytes are looked at."""
_LINES = 2_000
_GUESSED = 1 << 16
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LEGACY = [
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257"),
    *("koi8_r", "shift_jis", "gb18030", "big5", "euc_kr", "cp437", "cp850"),
]
_USUAL = (",", ";", "\t", "|")
_DELIMITERS = (*_USUAL, "^", "~", "\x1f", "\x01", ":")
_QUOTES = ('"', "'")
_ENOUGH = 0.9
"""This part of the lines must be of one width, or the delimiter is another one."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding, and whether the bytes say so or only look like it."""

    name: str
    sure: bool


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV is written; `columns` is how many that makes."""

    delimiter: str
    quote: str
    columns: int


def head(file: Stored, most: int = HEAD) -> tuple[bytes, bool]:
    """Return the beginning of a file, and whether that is all of it."""
    try:
        with file.peek() as stream:
            start = stream.read(most)
            return start, not stream.read(1)
    except OSError as error:
        raise failure(file.name, error) from None


def detect_encoding(start: bytes, *, whole: bool) -> Encoding:
    """Tell the encoding by a byte-order mark, by NULs, by being UTF-8, else guess a legacy one."""
    for mark, name in _MARKS:
        if start.startswith(mark):
            return Encoding(name, sure=True)
    nuls = start.count(0)
    if nuls > len(start) // 10:
        return Encoding("utf-16-le" if start[1::2].count(0) * 2 > nuls else "utf-16-be", sure=False)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start, final=whole)
    except UnicodeDecodeError:
        return Encoding(_guessed(start), sure=False)
    return Encoding("utf-8", sure=True)


def _guessed(start: bytes) -> str:
    """Guess by the lines that are not plain ASCII: the others say nothing."""
    from charset_normalizer import from_bytes

    odd = b"\n".join(line for line in start.splitlines() if not line.isascii())[:_GUESSED]
    best = from_bytes(odd, cp_isolation=_LEGACY).best()
    if best is None or "cp1252" in best.could_be_from_charset:
        return "cp1252"  # of those that read it alike, the most usual
    return best.encoding


def detect_dialect(file: Stored, text: str, *, whole: bool) -> Dialect:
    """Tell delimiter and quote from the beginning of a CSV.

    The delimiter is the one that cuts most lines, the first among them, into the same number of
    columns, and into more of them than any other; an unusual one only where no usual one does.
    Raises MisconfiguredError when none does and the lines are no single column.
    """
    lines = text.splitlines(keepends=True)[:_LINES]
    if not whole and len(lines) > 1 and len(lines) < _LINES:
        lines.pop()  # it may be cut
    found = [
        (delimiter in _USUAL, round(share, 1), columns, -_DELIMITERS.index(delimiter), quote)
        for delimiter in _DELIMITERS
        for quote in [_quote(lines, delimiter)]
        for columns, share in [_width(lines, delimiter, quote)]
        if columns > 1 and share >= _ENOUGH
    ]
    if found:
        _, _, columns, place, quote = max(found)
        return Dialect(_DELIMITERS[-place], quote, columns)
    if lines and any(sign in lines[0] for sign in _USUAL):
        raise MisconfiguredError(
            f"{file.name}: no delimiter cuts its lines into the same number of columns; "
            "set delimiter and quote"
        )
    return Dialect(",", '"', 1)


def _width(lines: Sequence[str], delimiter: str, quote: str) -> tuple[int, float]:
    """How many columns the first line has, and which part of all lines has as many."""
    reader = csv.reader(
        io.StringIO("".join(lines), newline=""), delimiter=delimiter, quotechar=quote
    )
    try:
        widths = Counter[int]()
        first = 0
        for row in reader:
            if row:
                first = first or len(row)
                widths[len(row)] += 1
    except csv.Error:
        return 0, 0.0
    return first, widths[first] / max(1, widths.total())


def _quote(lines: Sequence[str], delimiter: str) -> str:
    """The sign that values are enclosed by: a single quote only where it plainly does that."""
    edge = re.escape(delimiter)
    text = "".join(lines)
    counts = {
        sign: len(
            re.findall(rf"(?:^|{edge}){sign}[^{sign}\n]*{sign}(?={edge}|\r?$)", text, re.MULTILINE)
        )
        for sign in _QUOTES
    }
    return "'" if counts["'"] * 2 >= len(lines) and not counts['"'] else '"'
