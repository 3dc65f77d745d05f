"""Which records must be looked at again when some changed: all whose pairs may weigh otherwise.

A change is felt beyond the record itself where something is counted over all records: a value
becomes crowded or contested, a full name gets its second owner, a key is shared by too many, a name
becomes rarer or more common. Whoever holds such a value is looked at again, so that what comes of
it is what looking at everything would give.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor

import duckdb
import pyarrow as pa

from idp_core.profiles.evidence import Evidence
from idp_core.profiles.policy import IdentifierPolicy
from idp_core.profiles.scoring import Population, rarity, usable
from idp_core.profiles.vetoes import Constraints
from pipelines.resolve import graph
from pipelines.resolve.graph import FAMILY, FULL, GIVEN
from pipelines.resolve.population import several

Known = Callable[[Collection[int]], Mapping[int, Evidence]]
"""Gives what records say about who they are, by their numbers."""


@dataclass(frozen=True, slots=True)
class Judges:
    """By what it is judged who is touched; `sources` and `former` count sources and records."""

    known: Known
    policy: IdentifierPolicy
    constraints: Constraints
    sources: int
    former: int


def find_dirty(
    con: duckdb.DuckDBPyConnection,
    changed: Collection[int],
    fresh: Mapping[int, Evidence],
    by: Judges,
) -> None:
    """Take changed records into the graph; write all that must be looked at again into ``dirty``.

    ``reread`` gets those of them whose identifiers may say something else. `changed` are their
    numbers, `fresh` what those say that are still there; the table ``record`` is up to date.
    """
    numbers(con, "changed", changed)
    numbers(con, "dirty", fresh)
    numbers(con, "reread", fresh)
    news = graph.said_sql(con, list(fresh.values()), list(fresh))
    _count_anew(con, "said", "what", news)
    _flip_crowded(con, by)
    rekeyed = {*fresh, *ids(con, "SELECT record FROM said SEMI JOIN flipped USING (what, value)")}
    _add_holders(con, "said", "what")
    _reread(con)
    _flip_judged(con, by)
    _add_holders(con, "said", "what")
    _reread(con)
    _flip_rare(con, by)
    _add_holders(con, "said", "what")
    _rekey(con, rekeyed, by)
    _add_holders(con, "keyed", "word")


def population_of(
    con: duckdb.DuckDBPyConnection, records: Iterable[Evidence], policy: IdentifierPolicy
) -> Population:
    """Return what all records say about the names and values that some of them have."""
    kinds = list(policy.identifiers)
    texts: dict[tuple[int, str], tuple[str, str]] = {}
    for record in records:
        for what, text in ((GIVEN, record.given), (FAMILY, record.family)):
            texts[what, text] = ("", text)
        full = (record.given, record.family)
        texts[FULL, chr(31).join(full)] = full
        for kind, values in record.by_kind():
            texts |= {(kinds.index(kind), value): (kind, value) for value in values}
    con.register(
        "given",
        pa.table(
            {
                "what": pa.array([what for what, _ in texts], pa.int16()),
                "text": pa.array([text for _, text in texts], pa.string()),
            }
        ),
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE texts AS SELECT what, text, md5_number(text) AS value"
        " FROM given WHERE text <> ''"
    )
    con.unregister("given")
    counts = con.execute(
        f"SELECT what, text, count(*) FROM texts JOIN said USING (what, value)"
        f" WHERE what IN ({GIVEN}, {FAMILY}) GROUP BY ALL"
    ).fetchall()
    flags = con.execute(
        "SELECT what, text, a IS NULL FROM texts JOIN flag USING (what, value)"
    ).fetchall()
    return Population(
        records=graph.count(con),
        given={text: n for what, text, n in counts if what == GIVEN},
        family={text: n for what, text, n in counts if what == FAMILY},
        contested=frozenset(texts[w, t] for w, t, crowded in flags if w >= 0 and not crowded),
        crowded=frozenset(texts[w, t] for w, t, crowded in flags if crowded),
        namesakes=frozenset(texts[w, t] for w, t, _ in flags if w == FULL),
    )


def numbers(con: duckdb.DuckDBPyConnection, table: str, found: Iterable[int]) -> None:
    """Make a temporary table of the numbers of records."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} (record INTEGER)")
    graph.insert(con, table, {"record": pa.array(sorted(set(found)), pa.int32())})


def ids(con: duckdb.DuckDBPyConnection, query: str) -> list[int]:
    """Return the first column of an answer."""
    return [row[0] for row in con.execute(query).fetchall()]


def _count_anew(con: duckdb.DuckDBPyConnection, table: str, what: str, news: str) -> None:
    """Put what changed records say into a table; ``counts`` gets each value of theirs with the
    number of its records before and after.
    """
    counted = f"(SELECT {what}, value, count(*) AS n FROM {table} SEMI JOIN v USING ({what}, value)"
    con.execute(f"CREATE OR REPLACE TEMP TABLE fresh AS {news}")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE v AS SELECT {what}, value FROM {table}"
        f" SEMI JOIN changed USING (record) UNION SELECT {what}, value FROM fresh"
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE before AS FROM {counted} GROUP BY ALL)")
    con.execute(f"DELETE FROM {table} WHERE record IN (SELECT record FROM changed)")
    con.execute(f"INSERT INTO {table} FROM fresh")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE counts AS SELECT {what}, value,"
        f" coalesce(b.n, 0) AS before, coalesce(a.n, 0) AS after FROM v"
        f" LEFT JOIN before b USING ({what}, value)"
        f" LEFT JOIN {counted} GROUP BY ALL) a USING ({what}, value)"
    )


def _add_holders(con: duckdb.DuckDBPyConnection, table: str, what: str) -> None:
    """Whoever holds what flipped is dirty."""
    con.execute(
        f"INSERT INTO dirty SELECT DISTINCT record FROM {table}"
        f" SEMI JOIN flipped USING ({what}, value)"
        " WHERE record NOT IN (SELECT record FROM dirty)"
    )


def _reread(con: duckdb.DuckDBPyConnection) -> None:
    """Whoever holds an identifier that flipped is to be reread."""
    con.execute(
        "INSERT INTO reread SELECT DISTINCT record FROM said"
        " SEMI JOIN (FROM flipped WHERE what >= 0) USING (what, value)"
    )


def _flip_crowded(con: duckdb.DuckDBPyConnection, by: Judges) -> None:
    """Find the values that are crowded now and were not, or the other way round."""
    most = graph.limits(by.policy, by.sources)
    con.execute("CREATE OR REPLACE TEMP TABLE flipped (what SMALLINT, value UHUGEINT)")
    if not most:
        return
    cases = " ".join(f"WHEN {what} THEN {limit}" for what, limit in most.items())
    con.execute(
        "CREATE OR REPLACE TEMP TABLE flipped AS SELECT c.what, c.value, c.after > limits AS crowds"
        f" FROM (SELECT *, CASE what {cases} END AS limits FROM counts WHERE what >= 0) c"
        " LEFT JOIN (SELECT what, value FROM flag WHERE a IS NULL) f"
        " ON f.what = c.what AND f.value = c.value"
        " WHERE (c.after > limits) <> (f.value IS NOT NULL)"
    )
    con.execute(
        "DELETE FROM flag WHERE a IS NULL AND (what, value) IN (SELECT (what, value) FROM flipped)"
    )
    con.execute("INSERT INTO flag SELECT what, value, NULL, NULL FROM flipped WHERE crowds")


def _flip_judged(con: duckdb.DuckDBPyConnection, by: Judges) -> None:
    """Find the values that are contested, and the names of several people, now and were not.

    While both records by whose word a value is contested stand, it is; otherwise all holders are
    looked at.
    """
    most = graph.limits(by.policy, by.sources)
    judged = [what for what, kind in enumerate(by.policy.identifiers.values())
              if kind.contested is not None]  # fmt: skip
    rows = con.execute(
        "SELECT what, value, after, f.a, f.a IS NOT NULL"
        " AND f.a NOT IN (SELECT record FROM changed) AND f.b NOT IN (SELECT record FROM changed)"
        " FROM counts c LEFT JOIN (FROM flag WHERE a IS NOT NULL) f USING (what, value)"
        f" WHERE what IN ({', '.join(map(str, [FULL, *judged]))})"
    ).fetchall()
    asked, was = [], {}
    for what, value, count, witness, stands in rows:
        fits = 1 < count <= most.get(what, count)
        if fits and stands:
            continue
        was[what, value] = witness is not None
        if fits:
            asked.append((what, value))
    now = _judged(con, asked, by)
    flips = [key for key, before in was.items() if before != (key in now)]
    _values(con, "flipped", flips)
    _values(con, "renewed", list(was))
    con.execute(
        "DELETE FROM flag WHERE a IS NOT NULL"
        " AND (what, value) IN (SELECT (what, value) FROM renewed)"
    )
    columns = {
        "what": pa.array([what for what, _ in now], pa.int16()),
        "value": pa.array([str(value) for _, value in now], pa.string()),
        "a": pa.array([a for a, _ in now.values()], pa.int32()),
        "b": pa.array([b for _, b in now.values()], pa.int32()),
    }
    graph.insert(con, "flag", columns, "what, value::UHUGEINT, a, b")


def _judged(
    con: duckdb.DuckDBPyConnection, asked: Sequence[tuple[int, int]], by: Judges
) -> Mapping[tuple[int, int], tuple[int, int]]:
    """Return for each value that two people have the numbers of two records that say so."""
    _values(con, "asked", asked)
    rows = con.execute(
        "SELECT what, value, record FROM said SEMI JOIN asked USING (what, value)"
    ).fetchall()
    known = by.known({record for *_, record in rows})
    number = {evidence.ref: record for record, evidence in known.items()}
    holders: dict[tuple[int, int], list[Evidence]] = {}
    for what, value, record in rows:
        holders.setdefault((what, value), []).append(known[record])
    return {
        key: (number[pair[0].ref], number[pair[1].ref])
        for key, found in holders.items()
        if (pair := several(found, by.policy, by.constraints))
    }


def _flip_rare(con: duckdb.DuckDBPyConnection, by: Judges) -> None:
    """Find the names that are worth another number of bits now."""
    total = graph.count(con)
    counts = con.execute(
        f"SELECT DISTINCT s.what, coalesce(c.before, s.n), s.n FROM (SELECT what, value,"
        f" count(*) AS n FROM said WHERE what IN ({GIVEN}, {FAMILY}) GROUP BY ALL) s"
        " LEFT JOIN counts c USING (what, value)"
    ).fetchall()
    ends = {GIVEN: by.policy.given_name.same, FAMILY: by.policy.family_name.same}
    flips = [
        (what, before, after)
        for what, before, after in counts
        if _bits(before, by.former, ends[what]) != _bits(after, total, ends[what])
    ]
    columns = ("what", "before", "after")
    table = {n: pa.array([flip[p] for flip in flips], pa.int64()) for p, n in enumerate(columns)}
    con.execute("CREATE OR REPLACE TEMP TABLE rare (what BIGINT, before BIGINT, after BIGINT)")
    graph.insert(con, "rare", table)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE flipped AS SELECT what, value FROM (SELECT s.what, s.value,"
        " coalesce(c.before, s.n) AS before, s.n AS after FROM (SELECT what, value, count(*) AS n"
        f" FROM said WHERE what IN ({GIVEN}, {FAMILY}) GROUP BY ALL) s"
        " LEFT JOIN counts c USING (what, value)) SEMI JOIN rare USING (what, before, after)"
    )


def _bits(count: int, records: int, ends: tuple[float, float]) -> int:
    """Return what a name of so many records is worth, no further than the policy looks."""
    return min(max(rarity(count, records), floor(ends[0])), ceil(ends[1]))


def _rekey(con: duckdb.DuckDBPyConnection, rekeyed: Collection[int], by: Judges) -> None:
    """Write the keys of records anew; find those that more records share now than are compared."""
    known = by.known(rekeyed)
    others = population_of(con, known.values(), by.policy)
    telling = [usable(record, others) for record in known.values()]
    con.execute("CREATE OR REPLACE TEMP TABLE only_changed AS FROM changed")
    numbers(con, "changed", {*ids(con, "FROM only_changed"), *known})
    _count_anew(con, "keyed", "word", graph.keyed_sql(con, telling, by.policy, list(known)))
    most = graph.key_limits(by.policy)
    cases = " ".join(f"WHEN {word} THEN {limit}" for word, limit in most.items())
    con.execute(
        "CREATE OR REPLACE TEMP TABLE flipped AS SELECT word, value FROM"
        f" (SELECT *, CASE word {cases} END AS limits FROM counts)"
        " WHERE (before > limits) <> (after > limits)"
    )


def _values(con: duckdb.DuckDBPyConnection, table: str, keys: Sequence[tuple[int, int]]) -> None:
    """Make a temporary table of what is said and the hash of its value."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} (what SMALLINT, value UHUGEINT)")
    columns = {
        "what": pa.array([what for what, _ in keys], pa.int16()),
        "value": pa.array([str(value) for _, value in keys], pa.string()),
    }
    graph.insert(con, table, columns, "what, value::UHUGEINT")
