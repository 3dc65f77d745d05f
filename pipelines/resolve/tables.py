"""The evidence of many records as DuckDB tables, so that comparing them is set-based.

record(i, source, given, family, suffix, birth, logs_in)   one row per record
identifier(i, kind, value, verified)                       kind is its place in the policy
crowded(kind, value)                                       values on too many records
usable(i, kind, value, verified)                           the identifiers without those
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from idp_core.profiles.evidence import Evidence
from idp_core.profiles.policy import IdentifierPolicy

_RECORD = pa.schema(
    [
        ("i", pa.int32()),
        ("source", pa.string()),
        ("given", pa.string()),
        ("family", pa.string()),
        ("suffix", pa.string()),
        ("birth", pa.date32()),
        ("logs_in", pa.bool_()),
    ]
)
_IDENTIFIER = pa.schema(
    [("i", pa.int32()), ("kind", pa.int8()), ("value", pa.string()), ("verified", pa.bool_())]
)


def load(
    con: duckdb.DuckDBPyConnection, records: Sequence[Evidence], policy: IdentifierPolicy
) -> None:
    """Write `records` into tables, numbered by their place, and count their values."""
    fill(con, "record", _records(records))
    fill(con, "identifier", _identifiers(records, policy))
    sources = len({record.ref.source for record in records})
    limits = pa.table(
        {
            "kind": pa.array(range(len(policy.kinds)), pa.int8()),
            "most": [
                max(kind.max_records, kind.max_per_source * sources)
                for kind in policy.identifiers.values()
            ],
        }
    )
    fill(con, "allowed", limits)
    con.execute(
        """
        create or replace table crowded as
          select kind, value from identifier join allowed using (kind)
          group by kind, value, most having count(*) > most;
        create or replace table usable as
          select i, kind, value, verified from identifier anti join crowded using (kind, value);
        """
    )


def fill(con: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    """Write Arrow `rows` as the table `name`."""
    con.register("arriving", rows)
    con.execute(f"create or replace table {name} as select * from arriving")
    con.unregister("arriving")


def one(con: duckdb.DuckDBPyConnection, query: str) -> int:
    """Return the single whole number that `query` gives."""
    return int(con.execute(query).fetchall()[0][0])


def _records(records: Sequence[Evidence]) -> pa.Table:
    return pa.table(
        [
            pa.array(range(len(records)), pa.int32()),
            [record.ref.source for record in records],
            [record.given or None for record in records],
            [record.family or None for record in records],
            [record.suffix or None for record in records],
            pa.array([record.birth for record in records], pa.date32()),
            [record.logs_in for record in records],
        ],
        schema=_RECORD,
    )


def _identifiers(records: Sequence[Evidence], policy: IdentifierPolicy) -> pa.Table:
    place = {name: index for index, name in enumerate(policy.kinds)}
    rows = [
        (i, place[found.kind], found.value, found.verified)
        for i, record in enumerate(records)
        for found in record.identifiers
    ]
    columns = zip(*rows, strict=True) if rows else ([], [], [], [])
    return pa.table(
        [pa.array(c, f.type) for c, f in zip(columns, _IDENTIFIER, strict=True)], schema=_IDENTIFIER
    )
