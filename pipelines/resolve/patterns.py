"""Which records to compare, and what comparing them gives: candidate pairs with their patterns.

Equality is decided in DuckDB. What is not equal (names, dates of birth) is compared once per
distinct pair of values by the pure functions of `idp_core.profiles`, never re-written in SQL.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import duckdb
import pyarrow as pa

from idp_core.profiles.names import Likeness, compare_family, compare_given
from idp_core.profiles.policy import IdentifierPolicy
from idp_core.profiles.scoring import Pattern, rarity
from idp_core.profiles.vetoes import Birth, compare_birth
from pipelines.resolve.tables import fill, one

_WORDS = {
    "given_name": "record.given",
    "family_name": "record.family",
    "initial": "record.given[1]",
    "birth_date": "record.birth",
}
_PATTERN = (
    "given, given_rarity, family, family_rarity, birth, suffixes_differ, ids_differ, logs_in, "
    "same, contested, proven, both_have"
)
"""The columns of a pattern, in the order of the fields of `Pattern`."""


def make_candidates(con: duckdb.DuckDBPyConnection, policy: IdentifierPolicy) -> int:
    """Write ``candidate(a, b)``: each pair that shares a comparison key, a < b. Return how many."""
    con.execute("create or replace table pair_found (a integer, b integer)")
    for key in policy.keys:
        con.execute(_pairs_by(key, policy))
    con.execute("create or replace table candidate as select distinct a, b from pair_found")
    con.execute("drop table pair_found")
    return one(con, "select count(*) from candidate")


def _pairs_by(key: tuple[str, ...], policy: IdentifierPolicy) -> str:
    """Return SQL that adds the pairs of one comparison key, crowded groups left out."""
    parts, joins = [], []
    for word in key:
        if word in _WORDS:
            parts.append(_WORDS[word])
        else:
            kind = policy.kinds.index(word)
            parts.append(f"id{kind}.value")
            joins.append(
                f"join usable as id{kind} on id{kind}.i = record.i and id{kind}.kind = {kind}"
            )
    said = " and ".join(f"{part} is not null" for part in parts)
    # a single identifier has its own limit in the policy
    most = policy.max_compared if len(key) > 1 else 2**31
    columns = ", ".join(f"{part} as k{n}" for n, part in enumerate(parts))
    names = ", ".join(f"k{n}" for n in range(len(parts)))
    return f"""
        insert into pair_found
        with keyed as (select distinct record.i, {columns} from record {" ".join(joins)} where {said}),
             held as (select * from keyed semi join (
                 select {names} from keyed group by all having count(*) between 2 and {most}
             ) using ({names}))
        select l.i, r.i from held as l join held as r using ({names}) where l.i < r.i
    """


def make_patterns(con: duckdb.DuckDBPyConnection, policy: IdentifierPolicy) -> list[Pattern]:
    """Write ``pair(a, b, pattern)`` and return the distinct patterns, numbered from 0."""
    _compare_values(con)
    _find_contested(con, policy)
    _compare_identifiers(con, policy)
    con.execute(
        f"""
        create or replace table compared as
        select a, b, c.given, c.family, c.birth, c.suffixes_differ,
               differ.a is not null as ids_differ, c.logs_in,
               if(c.given = 'same' and not swapped, least(g1r.rarity, g2r.rarity), 0) as given_rarity,
               if(c.family = 'same' and not swapped, least(f1r.rarity, f2r.rarity), 0) as family_rarity,
               coalesce(s.same, 0) as same, coalesce(s.contested, 0) as contested,
               coalesce(s.proven, 0) as proven, l.has & r.has as both_have
        from likeness as c
          join has as l on l.i = a join has as r on r.i = b
          left join rare_given as g1r on g1r.name = g1 left join rare_given as g2r on g2r.name = g2
          left join rare_family as f1r on f1r.name = f1
          left join rare_family as f2r on f2r.name = f2
          left join shared as s using (a, b)
          left join ids_that_differ as differ using (a, b);
        create or replace table pattern as
          select row_number() over (order by {_PATTERN}) - 1 as pattern, *
          from (select distinct {_PATTERN} from compared);
        create or replace table pair as
          select a, b, pattern from compared join pattern using ({_PATTERN});
        drop table compared
        """
    )
    rows = con.execute(f"select {_PATTERN} from pattern order by pattern").fetchall()
    return [
        Pattern(Likeness(row[0]), row[1], Likeness(row[2]), row[3], Birth(row[4]), *row[5:])
        for row in rows
    ]


def _compare_values(con: duckdb.DuckDBPyConnection) -> None:
    """Write ``likeness(a, b, …)``: how names, dates of birth and generations compare."""
    con.execute(
        """
        create or replace temp view side as
          select a, b, l.given as g1, r.given as g2, l.family as f1, r.family as f2,
                 l.birth as b1, r.birth as b2, l.suffix as s1, r.suffix as s2,
                 l.logs_in or r.logs_in as logs_in
          from candidate join record as l on l.i = a join record as r on r.i = b
        """
    )
    _verdicts(con, "alike_given", "g1", "g2", compare_given)
    _verdicts(con, "alike_family", "f1", "f2", compare_family)
    _verdicts(con, "alike_birth", "b1", "b2", compare_birth)
    for name in ("given", "family"):
        _rarities(con, name)
    con.execute(
        """
        create or replace table likeness as
        select a, b, coalesce(g1 = f2 and f1 = g2, false) as swapped,
               if(swapped, 'same', coalesce(g.verdict, if(g1 = g2, 'same', 'unknown'))) as given,
               if(swapped, 'same', coalesce(f.verdict, if(f1 = f2, 'same', 'unknown'))) as family,
               coalesce(d.verdict, if(b1 = b2, 'same', 'unknown')) as birth,
               coalesce(s1 <> s2, false) as suffixes_differ, logs_in,
               g1, g2, f1, f2
        from side
          left join alike_given as g on g.l = least(g1, g2) and g.r = greatest(g1, g2)
          left join alike_family as f on f.l = least(f1, f2) and f.r = greatest(f1, f2)
          left join alike_birth as d on d.l = least(b1, b2) and d.r = greatest(b1, b2)
        """
    )


def _verdicts(
    con: duckdb.DuckDBPyConnection,
    table: str,
    left: str,
    right: str,
    compare: Callable[[Any, Any], StrEnum],
) -> None:
    """Write ``table(l, r, verdict)``: each distinct pair of unequal values, compared once."""
    rows = con.sql(
        f"""select distinct least({left}, {right}) as l, greatest({left}, {right}) as r
            from side where {left} <> {right}"""
    ).to_arrow_table()
    pairs = zip(rows["l"].to_pylist(), rows["r"].to_pylist(), strict=True)
    verdicts = [compare(l, r).value for l, r in pairs]  # noqa: E741
    fill(con, table, rows.append_column("verdict", pa.array(verdicts, pa.string())))


def _rarities(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Write ``rare_given`` or ``rare_family``: each name with its rarity in bits."""
    total = one(con, "select count(*) from record")
    rows = con.sql(
        f"select {name} as name, count(*) as n from record where {name} is not null group by all"
    ).to_arrow_table()
    bits = [rarity(count, total) for count in rows["n"].to_pylist()]
    fill(con, f"rare_{name}", rows.append_column("rarity", pa.array(bits, pa.int32())))


def _find_contested(con: duckdb.DuckDBPyConnection, policy: IdentifierPolicy) -> None:
    """Write ``contested(kind, value)``: values seen on two records that cannot be one person."""
    forbidden = [
        test
        for test, says in (
            ("given = 'different'", policy.given_name.different),
            ("family = 'different'", policy.family_name.different),
            ("birth = 'different'", policy.birth_date.different),
            ("suffixes_differ", policy.suffix.different),
        )
        if says == "veto"
    ]
    con.execute(
        f"""
        create or replace table contested as
        select distinct l.kind, l.value
        from likeness join usable as l on l.i = a
          join usable as r on r.i = b and r.kind = l.kind and r.value = l.value
        where {" or ".join(forbidden) or "false"}
        """
    )


def _compare_identifiers(con: duckdb.DuckDBPyConnection, policy: IdentifierPolicy) -> None:
    """Write ``has``, ``shared`` and ``ids_that_differ``: what identifiers say, one bit per kind."""
    only_one = [n for n, kind in enumerate(policy.identifiers.values()) if kind.different == "veto"]
    con.execute(
        f"""
        create or replace table has as
          select i, coalesce(bit_or(1::bigint << kind), 0) as has
          from record left join usable using (i) group by i;
        create or replace table shared as
          with common as (
            select a, b, l.kind,
                   bool_and(held.value is not null) as contested,
                   bool_or((l.verified or not ra.logs_in) and (r.verified or not rb.logs_in)) as proven
            from candidate
              join usable as l on l.i = a
              join usable as r on r.i = b and r.kind = l.kind and r.value = l.value
              join record as ra on ra.i = a join record as rb on rb.i = b
              left join contested as held on held.kind = l.kind and held.value = l.value
            group by a, b, l.kind
          )
          select a, b, bit_or(1::bigint << kind) as same,
                 bit_or(if(contested, 1::bigint << kind, 0)) as contested,
                 bit_or(if(proven, 1::bigint << kind, 0)) as proven
          from common group by a, b;
        create or replace table ids_that_differ as
          with held as (
            select i, kind, list(value) as values, bool_or(verified) as verified
            from identifier where kind in ({", ".join(map(str, only_one)) or "-1"})
            group by i, kind
          )
          select distinct a, b from candidate
            join held as l on l.i = a join held as r on r.i = b and r.kind = l.kind
            join record as ra on ra.i = a join record as rb on rb.i = b
          where not list_has_any(l.values, r.values)
            and (ra.source = rb.source or (l.verified and r.verified))
        """
    )
