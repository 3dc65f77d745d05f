"""What the expectations of one run look at: a relation, its columns and its short names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import duckdb

from mappings.schema import CUSTOMER, Attribute, Schema
from mappings.suggest import did_you_mean
from pipelines.quality.errors import SuiteError
from pipelines.quality.literals import is_list, quoted
from pipelines.quality.model import Expectation

LIVE = '"_deleted" IS NOT TRUE'
_OWN = ("_row", "_cursor", "_deleted", "_erased", "_problems")
_KEY = ("_key",)


@dataclass(frozen=True, slots=True)
class Table:
    """A relation to judge.

    `name` is a quoted relation of `con`. `types` maps each column that an expectation may name to
    its DuckDB type. `listed` are the columns it counts as its own, in order. `live` is the SQL of
    the rows that expectations on anything but the key look at. `row` numbers the rows.
    """

    con: duckdb.DuckDBPyConnection = field(repr=False)
    name: str
    types: Mapping[str, str]
    listed: Sequence[str]
    live: str = "TRUE"
    row: str = "_row"

    def column(self, name: str, expectation: Expectation) -> str:
        """Return the column as SQL. Raises SuiteError with the nearest known name."""
        self.type(name, expectation)
        return quoted(name)

    def type(self, name: str, expectation: Expectation) -> str:
        """Return the DuckDB type of a column. Raises SuiteError with the nearest known name."""
        if name not in self.types:
            mend = did_you_mean(name, self.types)
            raise SuiteError(
                f"{expectation.place}: {expectation.type}: the mapping gives no {name!r}{mend}"
            )
        return self.types[name]

    def rows(self, columns: Sequence[str]) -> str:
        """Return the SQL of the rows looked at: a deletion needs nothing but its key."""
        return "TRUE" if columns and set(columns) <= set(_KEY) else self.live


def columns_of(con: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Return the columns of a relation and their DuckDB types, in order."""
    found = con.execute(f"DESCRIBE SELECT * FROM {quoted(relation)}").fetchall()
    return {str(name): str(type_) for name, type_, *_ in found}


def checked_view(
    con: duckdb.DuckDBPyConnection, relation: str, view: str, schema: Schema = CUSTOMER
) -> Table:
    """Make a temporary view of a mapped relation with its short names, and describe it.

    ``email`` is the value of the primary element of ``emails`` (the first one where none is
    marked), ``email.type`` its other parts, ``address.locality`` a part of the primary address.
    Raises SuiteError when the relation is no mapped one.
    """
    columns = columns_of(con, relation)
    missing = [name for name in (*_OWN, *_KEY) if name not in columns]
    if missing:
        raise SuiteError(f"relation {relation!r} is not a mapped one: it has no {missing[0]!r}")
    shorts = {
        name: sql
        for attribute in schema.attributes.values()
        if attribute.name in columns
        for name, sql in _shorts(attribute, columns)
    }
    more = "".join(f", {sql} AS {quoted(name)}" for name, sql in shorts.items())
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW {quoted(view)} AS SELECT *{more} FROM {quoted(relation)}"
    )
    types = {n: t for n, t in columns_of(con, view).items() if n not in _OWN}
    listed = [name for name in columns if not name.startswith("_")]
    return Table(con, quoted(view), types, listed, live=LIVE)


def _shorts(attribute: Attribute, columns: Mapping[str, str]) -> list[tuple[str, str]]:
    if attribute.short is None or attribute.parts is None or not is_list(columns[attribute.name]):
        return []
    many = quoted(attribute.name)
    first = f"{many}[1]"
    if "primary" in attribute.parts:
        marked = f'list_filter({many}, lambda e: e."primary")[1]'
        quick = f'{first}."primary" OR len({many}) < 2'
        first = f"(CASE WHEN {quick} THEN {first} ELSE coalesce({marked}, {first}) END)"
    found = [
        (f"{attribute.short}.{part}", f"{first}.{quoted(part)}")
        for part in attribute.parts
        if part not in {attribute.short_part, "primary"}
    ]
    if attribute.short_part:
        found.insert(0, (attribute.short, f"{first}.{quoted(attribute.short_part)}"))
    return [(name, sql) for name, sql in found if name not in columns]
