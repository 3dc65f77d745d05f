"""Transform: landed rows of one source become source profiles, or dead letters with reasons.

Everything happens in one DuckDB database beside the landing files: load, map by one SELECT, judge
by the quality gate. Nothing is stored here; the caller commits what comes out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.store import digest_of
from mappings.batch import compile_batch
from mappings.checker import check_columns
from mappings.coverage import coverage
from mappings.errors import MappingError
from mappings.tree import Document
from mappings.values import quote_name
from pipelines import landing
from pipelines.errors import ProjectError
from pipelines.quality.gate import GateResult, Reason, Rejected, check
from pipelines.quality.model import Suite

LANDED, MAPPED = "landed", "mapped"
"""The tables of a workbench: rows as they landed, and what the mapping made of them."""
_GOOD, _BAD = "good", "bad"
_CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class DeadRow:
    """A row that did not pass: why, and the row as it landed, so that it can be replayed."""

    rejected: Rejected
    row: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Transformed:
    """One source's landed rows after mapping and checking; valid while its database is open.

    `columns` are the DuckDB types of what landed.
    """

    source: str
    document: Document
    con: duckdb.DuckDBPyConnection
    landed: int
    gate: GateResult
    columns: Mapping[str, str]

    @property
    def strange(self) -> tuple[str, ...]:
        """One line for columns that nobody spoke of."""
        unmapped = coverage(self.document, self.columns).unmapped
        return self._told(unmapped, "neither mapped nor under ignore")

    @property
    def missing(self) -> tuple[str, ...]:
        """One line for columns that are read and not there."""
        missing = self._missing(coverage(self.document, self.columns).missing)
        return self._told(missing, "read by the mapping, but not in what was read")

    def _told(self, names: Sequence[str], what: str) -> tuple[str, ...]:
        return (f"{self.document.place.file}: {', '.join(names)}: {what}",) if names else ()

    def _missing(self, names: Sequence[str]) -> Sequence[str]:
        """Leave out what deletions cannot have: a feed tells of them by their key alone."""
        only = f"SELECT bool_and(coalesce(_deleted, false)) FROM {MAPPED}"
        (deletions,) = self.con.execute(only).fetchone() or (False,)
        return () if deletions else names

    @property
    def left_out(self) -> int:
        """Rows that the mapping's ``where`` leaves out."""
        return self.landed - self.gate.rows

    def silent(self) -> tuple[str, ...]:
        """Return the attributes that the mapping gives and no good record says."""
        described = self.con.execute(f"DESCRIBE {_GOOD}").fetchall()
        said = {
            name: f"nullif(len({quote_name(name)}), 0)" if kind.endswith("[]") else quote_name(name)
            for name, kind, *_ in described
            if not name.startswith("_")
        }
        counts = ", ".join(f"count({value})" for value in said.values())
        found = self.con.execute(f"SELECT {counts} FROM {_GOOD} WHERE _deleted IS NOT TRUE")
        (row,) = found.fetchall()
        return tuple(name for name, count in zip(said, row, strict=True) if not count)

    def keys(self) -> list[str]:
        """Return the keys of the good records."""
        return [key for (key,) in self.con.execute(f"SELECT _key FROM {_GOOD}").fetchall()]

    def profiles(self) -> Iterator[SourceProfile]:
        """Yield the good records that the source still has."""
        for _, profile in self.numbered():
            yield profile

    def numbered(self) -> Iterator[tuple[int, SourceProfile]]:
        """Yield the good records that the source still has, each with its landed row's number."""
        query = f"SELECT * EXCLUDE (_cursor, _deleted, _erased, _problems) FROM {_GOOD} "
        con = self.con.cursor()
        relation = con.sql(f"{query} WHERE _deleted IS NOT TRUE ORDER BY _row")
        for batch in relation.to_arrow_reader(_CHUNK):
            for row in batch.to_pylist():
                number, key = row.pop("_row"), row.pop("_key")
                yield number, self._profile(key, row)

    def _profile(self, key: str, row: dict[str, Any]) -> SourceProfile:
        attributes = {n: v for n, v in row.items() if v is not None and v != []}
        return SourceProfile(
            ref=SourceRef(self.source, key),
            attributes=attributes,
            mapping=self.document.id,
            digest=digest_of(attributes),
            changed_at=attributes.get("updated_at"),
        )

    def deleted_keys(self) -> list[str]:
        """Return the keys that the source says are deleted."""
        return sorted({key for _, key in self.deletions()})

    def erased_keys(self) -> list[str]:
        """Return the keys whose person shall be erased, as the source says; deleted keys, too."""
        found = self.con.execute(f"SELECT DISTINCT _key FROM {_GOOD} WHERE _erased ORDER BY 1")
        return [key for (key,) in found.fetchall()]

    def deletions(self) -> list[tuple[int, str]]:
        """Return the landed rows that say a key is deleted, by their number."""
        found = self.con.execute(f"SELECT _row, _key FROM {_GOOD} WHERE _deleted ORDER BY 1")
        return found.fetchall()

    def dead_rows(self) -> Iterator[DeadRow]:
        """Yield the rows that did not pass, in the order they landed."""
        page: list[Rejected] = []
        for rejected in self.gate.rejected(self.con):
            page.append(rejected)
            if len(page) == _CHUNK:
                yield from self._dead(page)
                page = []
        yield from self._dead(page)

    def _dead(self, page: Sequence[Rejected]) -> Iterator[DeadRow]:
        rows = landing.rows_as_json(self.con, LANDED, [each.row for each in page])
        for each in page:
            yield DeadRow(each, rows[each.row])


def transform(
    con: duckdb.DuckDBPyConnection,
    source: str,
    document: Document,
    suite: Suite,
    pages: Sequence[Path],
    *,
    today: date,
    latest: bool = False,
) -> Transformed | None:
    """Map and check the landed pages; None when they hold no row.

    With `latest` a key that landed more than once counts once, as it landed last: pages of a
    cursor overlap. Without, two rows of one key are the source's mistake, for the gate to judge.
    Raises ProjectError when a column has a type that the mapping cannot take or, where the source
    has fixed columns, is not there; SuiteError when an expectation cannot be judged.
    """
    columns = landing.load(con, LANDED, pages)
    if pages and all(page.suffix == landing.TYPED for page in pages):
        _require(document, columns)
    rows = _count(con, LANDED) if columns else 0
    if rows == 0:
        return None
    select = _select(con, document, columns, today=today)
    if latest:
        select = (
            f"SELECT * FROM ({select}) QUALIFY _key IS NULL OR "
            "row_number() OVER (PARTITION BY _key ORDER BY _row DESC) = 1"
        )
    con.execute(f"CREATE OR REPLACE TABLE {MAPPED} AS {select}")
    gate = check(con, MAPPED, suite, good=_GOOD, bad=_BAD, schema=document.schema)
    return Transformed(source, document, con, rows, gate, columns)


def _require(document: Document, columns: Mapping[str, str]) -> None:
    """Stop before a column that is gone empties an attribute of every record."""
    problems = check_columns(document, columns)
    if problems:
        raise ProjectError("\n".join(map(str, problems)))


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows that dead letters kept, at least one, and the types that their columns had."""

    rows: Sequence[Mapping[str, Any]] = field(repr=False)
    types: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Again:
    """What became of kept rows, which are numbered from 0.

    `left_out` are the rows that the mapping's ``where`` leaves out, `older` those of whose key
    there is a later row, `failed` those that a step refused whose on_error is ``fail``.
    """

    found: Transformed
    left_out: frozenset[int]
    older: frozenset[int]
    failed: Mapping[int, tuple[Reason, ...]]


def transform_again(
    con: duckdb.DuckDBPyConnection,
    source: str,
    document: Document,
    suite: Suite,
    kept: Kept,
    *,
    today: date,
    latest: bool = False,
) -> Again:
    """Map and check kept rows; `latest` and what is raised are as for `transform`."""
    columns = landing.restore(con, LANDED, kept.rows, kept.types)
    select = _select(con, document, columns, today=today)
    con.execute(f"CREATE OR REPLACE TABLE {MAPPED} AS {select}")
    keys = dict(con.execute(f"SELECT _row, _key FROM {MAPPED} ORDER BY _row").fetchall())
    last = {key: row for row, key in keys.items()}
    older = frozenset(row for row, key in keys.items() if latest and key and last[key] != row)
    con.execute(f"DELETE FROM {MAPPED} WHERE _row IN (SELECT unnest($rows))", {"rows": [*older]})
    gate = check(con, MAPPED, suite, good=_GOOD, bad=_BAD, schema=document.schema)
    rows = len(kept.rows)
    found = Transformed(source, document, con, rows, gate, columns)
    return Again(found, frozenset(range(rows)) - keys.keys(), older, _failed(con))


def _failed(con: duckdb.DuckDBPyConnection) -> Mapping[int, tuple[Reason, ...]]:
    found = con.execute(
        "SELECT _row, list_filter(_problems, lambda p: p.severity = 'fail') AS problems "
        f"FROM {MAPPED} WHERE _deleted IS NOT TRUE AND len(problems) > 0"
    ).fetchall()
    return {
        row: tuple(Reason("mapping", p["step"], p["field"], p["reason"]) for p in problems)
        for row, problems in found
    }


def _select(
    con: duckdb.DuckDBPyConnection,
    document: Document,
    columns: Mapping[str, str],
    *,
    today: date,
) -> str:
    plan = compile_batch(document)
    plan.prepare(con)
    try:
        return plan.select(LANDED, columns, today=today)
    except MappingError as error:
        raise ProjectError(str(error)) from None


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    found = con.execute(f'SELECT count(*) FROM "{table}"').fetchone()
    return int(found[0]) if found else 0
