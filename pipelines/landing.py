"""Landing files: what a source said, kept as it came until it is mapped.

Arrow batches land as Parquet with their types, JSON rows as JSON lines. A file appears under its
name only when it is whole and on the disk, so a killed run leaves no half page.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.contract import Page, Row
from mappings.values import quote
from pipelines.errors import JobError
from pipelines.workbench import room

TYPED = ".parquet"
"""The suffix of pages whose columns are fixed; those of JSON rows may come and go."""
ROW = "_row"
"""The column that numbers landed rows from 0, in the order of their pages."""


@dataclass(frozen=True, slots=True)
class Landed:
    """One page on the disk: its file and its rows, which are not read again to be counted."""

    path: Path
    rows: int


class Landing:
    """The landing folder of one source in one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, number: int, page: Page) -> Landed:
        """Put one page on the disk; a page of the same number is replaced.

        Raises JobError when the disk is full or the folder cannot be written, or when two columns
        differ only in case, which SQL cannot tell apart.
        """
        arrow = isinstance(page.rows, pa.RecordBatch)
        if isinstance(page.rows, pa.RecordBatch):
            _require_distinct(page.rows.schema.names)
        path = self.folder / f"{number:06d}{TYPED if arrow else '.jsonl'}"
        half = path.with_suffix(".half")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with half.open("wb") as file:
                rows = _write_parquet(file, page.rows) if arrow else _write_json(file, page.rows)
                file.flush()
                os.fsync(file.fileno())
            half.replace(path)
            _sync_folder(self.folder)
        except OSError as error:
            with suppress(OSError):
                half.unlink(missing_ok=True)
            raise JobError(
                f"{self.folder}: cannot be written: {error.strerror}{room(self.folder)}; "
                "nothing is lost: free some space or mend the folder's rights and run again"
            ) from None
        return Landed(path, rows)

    def clear(self) -> None:
        """Remove the folder with all pages in it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _sync_folder(folder: Path) -> None:
    """Have the names in a folder outlive a power cut: the database is told of them next."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_parquet(file: Any, batch: pa.RecordBatch) -> int:
    pq.write_table(pa.Table.from_batches([batch]), file, compression="zstd")
    return int(batch.num_rows)


def _write_json(file: Any, rows: Sequence[Row]) -> int:
    for row in rows:
        text = json.dumps(row, ensure_ascii=False, default=_plain, separators=(",", ":"))
        file.write(_utf8(text) + b"\n")
    return len(rows)


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:  # half a surrogate pair is no character: it lands as U+FFFD
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _plain(value: object) -> object:
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a row holds a {type(value).__name__}, which has no JSON form")


def load(con: duckdb.DuckDBPyConnection, table: str, pages: Iterable[Path]) -> Mapping[str, str]:
    """Load landed pages, in their order, into a DuckDB table with a `_row` number.

    Returns the column types.

    Columns of JSON rows have the type JSON: DuckDB's own guess would turn texts that look like
    dates into dates, depending on what else is in the page. A column that some pages lack is NULL
    there. Raises JobError when two columns differ only in case, which SQL cannot tell apart, and
    when a page is damaged.
    """
    files = list(pages)
    try:
        return _load(con, table, files)
    except (duckdb.IOException, duckdb.InvalidInputException):
        damaged = next((file for file in files if not _is_whole(con, file)), None)
        if damaged is None:
            raise
        raise JobError(
            f"{damaged}: this landed page is damaged. Nothing of it was stored; remove the file: "
            "the source is then read again"
        ) from None


def _is_whole(con: duckdb.DuckDBPyConnection, file: Path) -> bool:
    try:
        _load(con, "probe", [file])
    except (duckdb.IOException, duckdb.InvalidInputException):
        return False
    return True


def _load(con: duckdb.DuckDBPyConnection, table: str, files: Sequence[Path]) -> Mapping[str, str]:
    parquet = [str(path) for path in files if path.suffix == TYPED]
    lines = [str(path) for path in files if path.suffix == ".jsonl"]
    con.execute(f'DROP TABLE IF EXISTS "{table}"')
    parts = []
    if parquet:
        parts.append("SELECT * FROM read_parquet($parquet, union_by_name := true)")
    if lines:
        columns = ", ".join(f"{quote(name)}: 'JSON'" for name in _keys(con, lines))
        parts.append(
            f"SELECT * FROM read_json($lines, format := 'newline_delimited', columns := "
            f"{{{columns}}}, maximum_object_size := 67108864)"
        )
    if not parts:
        return {}
    given = {k: v for k, v in (("parquet", parquet), ("lines", lines)) if v}
    body = " UNION ALL BY NAME ".join(parts)
    con.execute(
        f'CREATE TABLE "{table}" AS SELECT row_number() OVER () - 1 AS {ROW}, * FROM ({body})',
        given,
    )
    described = con.execute(f'DESCRIBE "{table}"').fetchall()
    return {name: kind for name, kind, *_ in described if name != ROW}


def _keys(con: duckdb.DuckDBPyConnection, files: list[str]) -> list[str]:
    """Return the keys that occur in any row, in order of name; rows without any count as one."""
    found = con.execute(
        "SELECT DISTINCT unnest(json_keys(json)) AS name FROM read_json_objects($files,"
        " format := 'newline_delimited', maximum_object_size := 67108864) ORDER BY name",
        {"files": files},
    ).fetchall()
    names = [name for (name,) in found]
    _require_distinct(names)
    return names or ["_"]


def _require_distinct(names: Sequence[str]) -> None:
    folded = {name.lower(): name for name in names}
    if twin := next((name for name in names if folded[name.lower()] != name), None):
        raise JobError(
            f"the rows have two columns that differ only in case, {twin!r} and "
            f"{folded[twin.lower()]!r}; leave one of them out at the source"
        )


def rows_as_json(
    con: duckdb.DuckDBPyConnection, table: str, numbers: Sequence[int]
) -> dict[int, str]:
    """Return landed rows by their number, as JSON text: what a dead letter keeps."""
    if not numbers:
        return {}
    described = con.execute(f'DESCRIBE "{table}"').fetchall()
    members = ", ".join(_member(name, kind) for name, kind, *_ in described if name != ROW)
    found = con.execute(
        f'SELECT {ROW}, to_json({{{members}}})::VARCHAR FROM "{table}" '
        f"WHERE {ROW} IN (SELECT unnest($numbers))",
        {"numbers": list(numbers)},
    ).fetchall()
    return dict(found)


def _member(name: str, kind: str) -> str:
    """Return one member of a row's JSON object; decimals are text, as JSON would round them."""
    column = _column(name)
    return f"{quote(name)}: {f'{column}::VARCHAR' if kind.startswith('DECIMAL') else column}"


def restore(
    con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Row], types: Mapping[str, str]
) -> Mapping[str, str]:
    """Make a table like `load`'s of rows that were kept as JSON, numbered from 0 in their order.

    `types` are the DuckDB types their columns had; one that it does not name is JSON. Returns the
    column types. Raises JobError when two columns differ only in case.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    _require_distinct(names)
    columns = {name: types.get(name, "JSON") for name in names}
    selected = "".join(f", {_restored(name, kind)}" for name, kind in columns.items())
    con.execute(f'DROP TABLE IF EXISTS "{table}"')
    texts = [json.dumps(row, ensure_ascii=False) for row in rows]
    con.execute(
        f'CREATE TABLE "{table}" AS SELECT number - 1 AS {ROW}{selected} '
        "FROM (SELECT unnest($rows)::JSON AS kept, generate_subscripts($rows, 1) AS number)",
        {"rows": texts},
    )
    return columns


def _restored(name: str, kind: str) -> str:
    pointer = quote("/" + name.replace("~", "~0").replace("/", "~1"))
    if kind.endswith(("]", ")")) and not kind.startswith("DECIMAL"):
        value = f"CAST(kept -> {pointer} AS {kind})"
    else:
        value = f"CAST(kept ->> {pointer} AS {kind})"
    if kind == "JSON":
        value = f"nullif(kept -> {pointer}, 'null'::JSON)"
    return f"{value} AS {_column(name)}"


def _column(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
