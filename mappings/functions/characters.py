"""Letters as DuckDB sees them: its Unicode tables, read from it once, when first needed.

Python and DuckDB know different versions of Unicode, and Python's ``lower`` looks at neighbouring
letters where DuckDB's does not. Asking DuckDB for its tables makes both engines agree for good.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache

_LAST = 0x20000  # no letter beyond has case or accents
_STABLE = "\u0590"  # below are Latin, Greek and Cyrillic, unchanged since Unicode 5


@cache
def _table(function: str) -> dict[int, str]:
    import duckdb

    with duckdb.connect() as con:
        rows = con.execute(
            f"SELECT i, {function}(chr(CAST(i AS INTEGER))) FROM range(1, {_LAST}) t(i)"
            f" WHERE i NOT BETWEEN 55296 AND 57343"
            f" AND {function}(chr(CAST(i AS INTEGER))) <> chr(CAST(i AS INTEGER))"
        ).fetchall()
    return {int(code): text for code, text in rows}


@cache
def _differs(function: str) -> Callable[[str], object]:
    """Return what finds a letter for which Python's own function may say something else."""
    table, own = _table(function), getattr(str, function)
    odd = [c for i in range(_LAST) if own(c := chr(i)) != table.get(i, c)]
    return re.compile("[" + re.escape("".join([*odd, "\u03a3"])) + "]").search


def lower(text: str) -> str:
    """Make small letters, one by one."""
    if text.isascii() or not _differs("lower")(text):
        return text.lower()
    return text.translate(_table("lower"))


def upper(text: str) -> str:
    """Make capital letters, one by one."""
    if text.isascii() or not _differs("upper")(text):
        return text.upper()
    return text.translate(_table("upper"))


def strip_accents(text: str) -> str:
    """Take the accents from letters, and NUL, at which DuckDB's own stops."""
    text = text.replace("\0", "")
    return text if text.isascii() else text.translate(_table("strip_accents"))


@lru_cache(maxsize=10_000)
def _asked(text: str) -> str:
    import duckdb

    with duckdb.connect() as con:
        rows = con.execute("SELECT nfc_normalize(?)", [text]).fetchall()
    return str(rows[0][0])


def nfc(text: str) -> str:
    """Write accented letters as one character each (Unicode normal form C)."""
    if text.isascii():
        return text
    if max(text) >= _STABLE and any(unicodedata.category(c) == "Cn" for c in text):
        return _asked(text)  # perhaps newer than this Python's tables
    return unicodedata.normalize("NFC", text)
