"""Shows single rows and what a mapping makes of them, by the very steps of a run.

What is here holds customers' values: it is for the eyes of whoever asked, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from json import loads
from pathlib import Path
from typing import Any

import duckdb

from mappings.profilepaths import profile_reader
from mappings.tree import Document, Each, Field
from mappings.uses import of_field, paths_of
from pipelines import landing
from pipelines.authoring.comparing import keys_select
from pipelines.authoring.fates import Fate
from pipelines.authoring.samples import Sample, drawer, read_sample
from pipelines.authoring.samples import pages as pages_from
from pipelines.bus import Workspace
from pipelines.errors import JobError
from pipelines.landing import Landing
from pipelines.progress import Progress, silent
from pipelines.quality.gate import Reason
from pipelines.quality.model import Suite
from pipelines.transform import LANDED, MAPPED, Transformed, transform
from pipelines.workbench import workbench

_EDGES = ("_row", "_key", "_cursor", "_deleted", "_erased", "_problems")
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of ``fields:``: its value, what it was made of, and the step that refused it."""

    name: str
    value: Any = field(repr=False)
    origins: Mapping[str, Any] = field(repr=False)
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Previewed:
    """One row: as it came, line by line as it is mapped, and what a run would do with it."""

    key: str | None
    fate: Fate
    row: Mapping[str, Any] = field(repr=False)
    record: Mapping[str, Any] = field(repr=False)
    lines: tuple[Line, ...] = ()
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """Some rows of a source. `rejected` counts what could not be read as a row.

    `stopped` says that these rows alone would stop a run, and why.
    """

    rows: tuple[Previewed, ...]
    rejected: int = 0
    stopped: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """Which rows: the first `limit`, or the one with this key; mapped as on this day."""

    limit: int
    today: date
    key: str | None = None


def preview(
    workspace: Workspace,
    source: str,
    document: Document,
    suite: Suite,
    wish: Wish,
    *,
    progress: Progress = silent,
) -> Preview:
    """Read rows of a source and map them; nothing of it stays.

    A key is looked for among all rows, from the start. Raises RemoteError, JobError when no row
    has it.
    """
    with drawer() as folder:
        if wish.key is not None:
            sample, wanted = _look_for(workspace, source, document, wish, folder, progress)
        else:
            limit = wish.limit
            sample = read_sample(workspace, source, document, folder, limit=limit)
            wanted = list(range(min(limit, sample.rows)))
        return _of_sample(source, document, suite, sample, wanted, wish)


def preview_held(
    source: str, document: Document, suite: Suite, sample: Sample, wish: Wish
) -> Preview:
    """Map rows that have landed already. Raises JobError when no row has the key."""
    wanted = _numbers(document, sample.pages, wish)
    if wish.key is not None and not wanted:
        raise _no_such_key(source, wish)
    return _of_sample(source, document, suite, sample, wanted, wish)


def _no_such_key(source: str, wish: Wish) -> JobError:
    return JobError(f"{source}: no row has the key {wish.key!r}")


def _of_sample(
    source: str,
    document: Document,
    suite: Suite,
    sample: Sample,
    wanted: Sequence[int],
    wish: Wish,
) -> Preview:
    with drawer() as folder, workbench(folder) as con:
        found = transform(con, source, document, suite, sample.pages, today=wish.today)
        if found is None:
            return Preview((), sample.rejected)
        rows = tuple(_previewed(found, wanted))
        return Preview(rows, sample.rejected, found.gate.stopped)


def _previewed(found: Transformed, wanted: Sequence[int]) -> Iterator[Previewed]:
    given = landing.rows_as_json(found.con, LANDED, wanted)
    mapped = {row["_row"]: row for row in _mapped(found.con, wanted)}
    rejected = {each.row: each for each in found.gate.rejected(found.con)}
    for number in wanted:
        row = loads(given[number])
        record = mapped.get(number)
        if record is None:
            yield Previewed(None, Fate.LEFT_OUT, row, {})
            continue
        dead = rejected.get(number)
        fate = Fate.DELETED if record["_deleted"] else Fate.PASSES
        yield Previewed(
            key=record["_key"],
            fate=fate if dead is None else Fate.QUARANTINED,
            row=row,
            record={n: v for n, v in record.items() if n not in _EDGES and v not in (None, [])},
            lines=tuple(_lines(found.document, row, record)),
            reasons=() if dead is None else dead.reasons,
        )


def _mapped(con: duckdb.DuckDBPyConnection, wanted: Sequence[int]) -> list[dict[str, Any]]:
    rows = con.execute(
        f"SELECT * FROM {MAPPED} WHERE _row IN (SELECT unnest($rows))", {"rows": list(wanted)}
    )
    names = [column[0] for column in rows.description or ()]
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def _lines(document: Document, row: Mapping[str, Any], record: Mapping[str, Any]) -> Iterator[Line]:
    read = profile_reader(document.schema)
    refused = {p["field"]: f"{p['step']}: {p['reason']}" for p in record["_problems"]}
    for line in document.fields:
        origins = {path: _at(row, path) for path in _origins(line, document.alias)}
        term = read(line.name)
        value = term.form(record) if term else None
        yield Line(line.name, value, origins, refused.get(line.name))


def _origins(line: Field | Each, alias: str) -> tuple[str, ...]:
    if isinstance(line, Each):
        return paths_of(line.source, alias)
    found = [path for each in of_field(line) for path in paths_of(each, alias)]
    return tuple(dict.fromkeys(found))


def _at(row: Mapping[str, Any], path: str) -> Any:
    """Return the value at a path below a row, ``items[1].sku``; None where there is none."""
    value: Any = row
    for name, index in _STEP.findall(path):
        if name:
            value = value.get(name) if isinstance(value, Mapping) else None
        else:
            inside = isinstance(value, list) and int(index) <= len(value)
            value = value[int(index) - 1] if inside else None
    return value


def _look_for(
    workspace: Workspace,
    source: str,
    document: Document,
    wish: Wish,
    folder: Path,
    progress: Progress,
) -> tuple[Sample, list[int]]:
    """Read page after page until one has the key; give that page and the rows that have it."""
    into, read = Landing(folder), 0
    with closing(pages_from(workspace, source, document)) as found:
        for page in found:
            landed = into.write(0, page)
            numbers = _numbers(document, [landed.path], wish) if landed.rows else []
            if numbers:
                return Sample((landed.path,), landed.rows, len(page.rejected)), numbers
            read += landed.rows
            progress(read, 0)
    raise _no_such_key(source, wish)


def _numbers(document: Document, pages: Sequence[Path], wish: Wish) -> list[int]:
    """Return the rows of pages that are wished for, also those that ``where`` leaves out."""
    with drawer() as folder, workbench(folder) as con:
        columns = landing.load(con, LANDED, pages)
        select = keys_select(con, LANDED, columns, document, today=wish.today)
        which = "_key = $key" if wish.key is not None else "$key IS NULL"
        query = f"SELECT _row FROM ({select}) WHERE {which} ORDER BY _row LIMIT {wish.limit}"
        return [row for (row,) in con.execute(query, {"key": wish.key}).fetchall()]
