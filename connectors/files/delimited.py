"""CSV: pyarrow for files whose quotes pair up, a patient reader for the others.

Every value is text: what it means is the mapping's business.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

import pyarrow as pa
from pyarrow import csv as pacsv

from connectors.contract import RejectedRow
from connectors.errors import MisconfiguredError
from connectors.files.options import NUL, Part, Reading, text_batch
from connectors.files.scan import prove
from connectors.files.stored import opened, opened_text

_BLOCKS = (4 << 20, 32 << 20, 256 << 20)
_QUOTED_BLOCKS = (8 << 20, 32 << 20, 256 << 20)
"""Sizes to read with, in bytes: one record must fit, and with quotes it may have many lines."""
_MAX_LINES = 100
"""A quoted value of more lines than this is a quote that was never closed."""


def header(reading: Reading) -> tuple[tuple[str, ...], int]:
    """The names of the columns and the number of lines they take.

    Raises MisconfiguredError for a file without a header, or one with a name twice.
    """
    if not reading.header:
        return reading.names, 0
    with opened_text(reading.file, reading.text_encoding()) as file:
        lines = csv.reader(file, delimiter=reading.delimiter, quotechar=reading.quote)
        try:
            first = next((row for row in lines if row), None)
        except UnicodeDecodeError:
            prove(reading.file, reading.encoding)
            raise
        except csv.Error:
            first = None
    if not first:
        raise MisconfiguredError(f"{reading.file.name}: is empty, not even a header is there")
    names = tuple(name.strip() or f"column_{i}" for i, name in enumerate(first, 1))
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        raise MisconfiguredError(
            f"{reading.file.name}:1: two columns are named {twice!r}; "
            "rename one, or set header: false and name them under columns"
        )
    return names, lines.line_num


def read(reading: Reading) -> Iterator[Part]:
    """Yield batches of text and what has too many or too few columns.

    A rejected row is named by its line; in a file whose values hold line breaks, each such value
    counts as one line.
    """
    patient = bool(reading.quote and reading.quotes % 2) or reading.nuls > 0
    if patient or reading.encoding != "utf-8":  # pyarrow proves UTF-8 as it reads
        prove(reading.file, reading.encoding)
    names, skip = header(reading)
    wanted = reading.wanted(names)
    if patient:
        yield from _patient(reading, names, wanted, skip)
    else:
        yield from _fast(reading, names, wanted, skip)


def _fast(reading: Reading, names: tuple[str, ...], wanted: list[str], skip: int) -> Iterator[Part]:
    """Yield pyarrow's batches; where a record does not fit into a block, go on with larger ones."""
    given = told = 0
    for block in _QUOTED_BLOCKS if reading.quotes else _BLOCKS:
        rows = faults = 0
        try:
            for batch, rejected in _batches(reading, names, wanted, skip, block):
                fresh = batch.slice(max(0, given - rows))
                news = rejected[max(0, told - faults) :]
                rows, faults = rows + batch.num_rows, faults + len(rejected)
                given, told = max(given, rows), max(told, faults)
                if fresh.num_rows or news:
                    yield fresh, news
        except _TooLongError:
            continue
        yield text_batch([[]] * len(wanted), wanted), []
        return
    raise MisconfiguredError(
        f"{reading.file.name}: one row has more than {_BLOCKS[-1] >> 20} MB; is a quote never "
        "closed, or is the delimiter another one?"
    )


class _TooLongError(Exception):
    """A record does not fit into a block."""


def _batches(
    reading: Reading, names: tuple[str, ...], wanted: list[str], skip: int, block: int
) -> Iterator[tuple[pa.RecordBatch, list[RejectedRow]]]:
    rejected: list[RejectedRow] = []

    def reject(row: pacsv.InvalidRow) -> str:
        reason = f"{row.actual_columns} columns where {row.expected_columns} were expected"
        rejected.append(RejectedRow(f"{reading.file.name}:{row.number}", reason, row.text))
        return "skip"

    with opened(reading.file) as file:
        try:
            batches = pacsv.open_csv(
                file,
                pacsv.ReadOptions(
                    column_names=list(names),
                    skip_rows=skip,
                    encoding=reading.encoding,
                    block_size=block,
                    use_threads=False,
                ),
                pacsv.ParseOptions(
                    delimiter=reading.delimiter,
                    quote_char=reading.quote or False,
                    newlines_in_values=bool(reading.quotes),
                    invalid_row_handler=reject,
                ),
                pacsv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    include_columns=wanted,
                    strings_can_be_null=False,
                ),
            )
            for batch in batches:
                rejected, met = [], rejected
                yield batch, met
        except pa.ArrowInvalid as error:
            if "straddl" in str(error):
                raise _TooLongError from None
            prove(reading.file, reading.encoding)
            if "Empty CSV" not in str(error):
                raise MisconfiguredError(
                    f"{reading.file.name}: cannot be read as CSV; check delimiter and quote"
                ) from None
    yield text_batch([[]] * len(wanted), wanted), rejected


def _patient(
    reading: Reading, names: tuple[str, ...], wanted: list[str], skip: int
) -> Iterator[Part]:
    places = [names.index(name) for name in wanted]
    rows: list[list[str]] = []
    rejected: list[RejectedRow] = []
    for number, raw, row in _records(reading, skip):
        reason = _fault(raw, row, len(names))
        if reason:
            rejected.append(RejectedRow(f"{reading.file.name}:{number}", reason, raw))
        elif row:
            rows.append(row)
        if len(rows) + len(rejected) >= reading.page_size:
            yield text_batch([[row[i] for row in rows] for i in places], wanted), rejected
            rows, rejected = [], []
    yield text_batch([[row[i] for row in rows] for i in places], wanted), rejected


def _fault(raw: str, row: list[str] | None, columns: int) -> str | None:
    """Return why a record is no row, None when it is one."""
    if row is None:
        return "a quote is never closed"
    if len(row) != columns:
        return f"{len(row)} columns where {columns} were expected"
    return NUL if "\0" in raw else None


def _records(reading: Reading, skip: int) -> Iterator[tuple[int, str, list[str] | None]]:
    """Each record with its first line's number and raw text; None for an unclosed quote.

    After an unclosed quote reading goes on at the very next line.
    """
    with opened_text(reading.file, reading.text_encoding()) as file:
        pending: list[str] = []
        number = 0
        ended = False
        while pending or not ended:
            taken, row = 0, None
            while row is None and taken < _MAX_LINES:
                if taken == len(pending):
                    line = file.readline()
                    ended = not line
                    if ended:
                        break
                    pending.append(line)
                taken += 1
                row = _parsed(reading, pending[:taken])
            if not pending:
                return
            used = taken if row is not None else 1
            raw = "".join(pending[:used]).rstrip("\r\n")
            del pending[:used]
            number += used
            if number > skip and raw:
                yield number - used + 1, raw, row


def _parsed(reading: Reading, lines: list[str]) -> list[str] | None:
    """One record, or None while a quote is open."""
    try:
        rows = list(
            csv.reader(
                lines,
                delimiter=reading.delimiter,
                quotechar=reading.quote or None,
                quoting=csv.QUOTE_MINIMAL if reading.quote else csv.QUOTE_NONE,
                strict=True,
            )
        )
    except csv.Error:
        return None
    return rows[0] if rows else []
