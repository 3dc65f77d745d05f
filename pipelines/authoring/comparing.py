"""What an edit of a mapping changes on rows: both mappings over them, by the steps of a run.

Fates of rows, attributes of records, reasons of quarantine: counted in one DuckDB database, with
the first examples of each. Examples hold customers' values; whoever prints them masks them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import duckdb

from mappings.batch import compile_batch
from mappings.errors import MappingError
from mappings.tree import Document
from pipelines.authoring.fates import Fate
from pipelines.errors import ProjectError
from pipelines.landing import ROW
from pipelines.quality.gate import GateResult, check
from pipelines.quality.literals import quoted
from pipelines.quality.model import Suite

ROWS = "compared"
"""The table that holds the rows when `compare` is called."""

_EDGES = {"_row", "_key", "_cursor", "_deleted", "_erased", "_problems"}
_BOTH = "fates"
_BEFORE, _AFTER = "mapped_before", "mapped_after"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: a mapping and the suite that judges what it gives."""

    document: Document
    suite: Suite


@dataclass(frozen=True, slots=True)
class Example:
    """One value of one record before and after; None where there is none."""

    key: str | None
    before: Any = field(repr=False)
    after: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class Changed:
    """What happens to one attribute, in records: got a value, lost it, got another one."""

    attribute: str
    gained: int
    lost: int
    other: int
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Moved:
    """Rows that meet another fate: how many, the first keys, and why (by ``field: reason``)."""

    before: Fate
    after: Fate
    rows: int
    keys: tuple[str | None, ...] = ()
    reasons: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What an edit changes. `records` are rows that pass both before and after, `changed` those of
    them that differ, `rekeyed` rows that get another key: another source profile each.

    `stopped` says that these rows would stop a run with the new mapping, and why.
    """

    rows: int = 0
    records: int = 0
    changed: int = 0
    rekeyed: int = 0
    moved: tuple[Moved, ...] = ()
    attributes: tuple[Changed, ...] = ()
    stopped: str | None = None

    @property
    def nothing(self) -> bool:
        """Whether every row comes out as before."""
        return not (self.changed or self.rekeyed or self.moved)


def compare(
    con: duckdb.DuckDBPyConnection,
    columns: Mapping[str, str],
    before: Side,
    after: Side,
    *,
    today: date,
    examples: int = 3,
) -> Comparison:
    """Compare two mappings on the rows of the table `ROWS`, whose columns have these types.

    Raises ProjectError when a column has a type that a mapping cannot take.
    """
    _map(con, _BEFORE, before, columns, today)
    gate = _map(con, _AFTER, after, columns, today)
    con.execute(
        f"CREATE OR REPLACE TABLE {_BOTH} AS SELECT _row, b.fate AS was, a.fate AS now "
        f"FROM {_BEFORE}_fate b JOIN {_AFTER}_fate a USING (_row)"
    )
    rows, records, rekeyed = _one(
        con,
        "SELECT count(*), count(*) FILTER (WHERE was = 'passes' AND now = 'passes'), "
        "count(*) FILTER (WHERE b._key IS DISTINCT FROM a._key AND b._row IS NOT NULL "
        f"AND a._row IS NOT NULL) FROM {_BOTH} LEFT JOIN {_BEFORE} b USING (_row) "
        f"LEFT JOIN {_AFTER} a USING (_row)",
    )
    names = _attributes(con, before.document)
    changed, attributes = _changes(con, names, examples)
    return Comparison(
        rows=rows,
        records=records,
        changed=changed,
        rekeyed=rekeyed,
        moved=_moves(con, examples),
        attributes=attributes,
        stopped=gate.stopped,
    )


def count_fates(
    con: duckdb.DuckDBPyConnection, columns: Mapping[str, str], side: Side, *, today: date
) -> Mapping[Fate, int]:
    """Return how many rows of the table `ROWS` meet which fate by one mapping."""
    _map(con, _AFTER, side, columns, today)
    found = con.execute(f"SELECT fate, count(*) FROM {_AFTER}_fate GROUP BY ALL").fetchall()
    return {Fate(fate): rows for fate, rows in found}


def leave_latest(
    con: duckdb.DuckDBPyConnection, columns: Mapping[str, str], document: Document, *, today: date
) -> None:
    """Leave of each key only the row that landed last."""
    select = keys_select(con, ROWS, columns, document, today=today)
    con.execute(
        f"DELETE FROM {ROWS} WHERE {ROW} NOT IN (SELECT _row FROM ({select}) QUALIFY _key IS NULL "
        "OR row_number() OVER (PARTITION BY _key ORDER BY _row DESC) = 1)"
    )


def keys_select(
    con: duckdb.DuckDBPyConnection,
    table: str,
    columns: Mapping[str, str],
    document: Document,
    *,
    today: date,
) -> str:
    """Return the SELECT of ``_row`` and ``_key`` of all rows, also those that ``where`` leaves out.

    Raises ProjectError when the key cannot be made of these columns.
    """
    plan = compile_batch(replace(document, fields=(), where=None))
    plan.prepare(con)
    try:
        return plan.select(table, columns, today=today)
    except MappingError as error:
        raise ProjectError(str(error)) from None


def _map(
    con: duckdb.DuckDBPyConnection,
    name: str,
    side: Side,
    columns: Mapping[str, str],
    today: date,
) -> GateResult:
    """Make the tables ``<name>`` of records and ``<name>_fate`` of all rows."""
    plan = compile_batch(side.document)
    plan.prepare(con)
    try:
        select = plan.select(ROWS, columns, today=today)
    except MappingError as error:
        raise ProjectError(str(error)) from None
    con.execute(f"CREATE OR REPLACE TABLE {name} AS {select}")
    good, bad = f"{name}_good", f"{name}_bad"
    gate = check(con, name, side.suite, good=good, bad=bad, schema=side.document.schema)
    con.execute(
        f"CREATE OR REPLACE TABLE {name}_fate AS SELECT r.{ROW} AS _row, CASE "
        f"WHEN m._row IS NULL THEN '{Fate.LEFT_OUT}' "
        f"WHEN b._row IS NOT NULL THEN '{Fate.QUARANTINED}' "
        f"WHEN m._deleted THEN '{Fate.DELETED}' ELSE '{Fate.PASSES}' END AS fate "
        f"FROM {ROWS} r LEFT JOIN {name} m ON m._row = r.{ROW} "
        f"LEFT JOIN {bad} b ON b._row = r.{ROW}"
    )
    return gate


def _attributes(con: duckdb.DuckDBPyConnection, document: Document) -> dict[str, tuple[str, str]]:
    """Return the attributes that either mapping sets, with the SQL of their value in each."""
    before, after = _columns(con, _BEFORE), _columns(con, _AFTER)
    return {
        name: (_value("b", name, before), _value("a", name, after))
        for name in document.schema.attributes
        if name in {**before, **after}
    }


def _value(side: str, name: str, columns: Mapping[str, str]) -> str:
    """Return the SQL of an attribute's value; an empty list is nothing."""
    if name not in columns:
        return "NULL"
    value = f"{side}.{quoted(name)}"
    return f"CASE WHEN len({value}) > 0 THEN {value} END" if columns[name][-1] == "]" else value


def _columns(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    described = con.execute(f"DESCRIBE {table}").fetchall()
    return {name: kind for name, kind, *_ in described if name not in _EDGES}


_PASSING = (
    f"FROM {_BOTH} f JOIN {_BEFORE} b USING (_row) JOIN {_AFTER} a USING (_row) "
    "WHERE f.was = 'passes' AND f.now = 'passes'"
)


def _changes(
    con: duckdb.DuckDBPyConnection, names: Mapping[str, tuple[str, str]], examples: int
) -> tuple[int, tuple[Changed, ...]]:
    """Count records that differ, as a whole and by attribute."""
    if not names:
        return 0, ()
    differ = {name: f"(({old}) IS DISTINCT FROM ({new}))" for name, (old, new) in names.items()}
    parts = [f"count(*) FILTER (WHERE {' OR '.join(differ.values())})"]
    for name, (old, new) in names.items():
        here = differ[name]
        parts += [
            f"count(*) FILTER (WHERE {here} AND ({old}) IS NULL)",
            f"count(*) FILTER (WHERE {here} AND ({new}) IS NULL)",
            f"count(*) FILTER (WHERE {here} AND ({old}) IS NOT NULL AND ({new}) IS NOT NULL)",
        ]
    changed, *counts = _one(con, f"SELECT {', '.join(parts)} {_PASSING}")
    found = []
    for place, name in enumerate(names):
        gained, lost, other = counts[3 * place : 3 * place + 3]
        if gained or lost or other:
            old, new = names[name]
            few = con.execute(
                f"SELECT a._key, {old}, {new} {_PASSING} AND {differ[name]} ORDER BY _row "
                f"LIMIT {examples}"
            ).fetchall()
            found.append(Changed(name, gained, lost, other, tuple(Example(*each) for each in few)))
    return changed, tuple(found)


def _moves(con: duckdb.DuckDBPyConnection, examples: int) -> tuple[Moved, ...]:
    found = con.execute(
        f"SELECT was, now, count(*) FROM {_BOTH} WHERE was <> now GROUP BY ALL "
        "ORDER BY 3 DESC, 1, 2"
    ).fetchall()
    return tuple(_moved(con, Fate(was), Fate(now), rows, examples) for was, now, rows in found)


def _moved(con: duckdb.DuckDBPyConnection, was: Fate, now: Fate, rows: int, examples: int) -> Moved:
    here = f"SELECT _row FROM {_BOTH} WHERE was = '{was}' AND now = '{now}'"
    keys = con.execute(
        f"SELECT coalesce(a._key, b._key) FROM ({here} ORDER BY _row LIMIT {examples}) "
        f"LEFT JOIN {_AFTER} a USING (_row) LEFT JOIN {_BEFORE} b USING (_row) ORDER BY _row"
    ).fetchall()
    reasons: dict[str, int] = {}
    if Fate.QUARANTINED in (was, now):
        side = _AFTER if now is Fate.QUARANTINED else _BEFORE
        reasons = dict(
            con.execute(
                "SELECT r.field || ': ' || r.reason || ' (' || r.rule || ')', count(*) FROM "
                f"(SELECT unnest(_reasons) AS r FROM {side}_bad WHERE _row IN ({here}))"
                " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10"
            ).fetchall()
        )
    return Moved(was, now, rows, tuple(key for (key,) in keys), reasons)


def _one(con: duckdb.DuckDBPyConnection, query: str) -> Sequence[int]:
    found = con.execute(query).fetchone()
    return found or ()
