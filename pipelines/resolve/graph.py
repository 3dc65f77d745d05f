"""The stored graph: what a run knew, so that the next one looks only at what changed.

A DuckDB file beside the database: which record holds which value (as hashes), which keys bring
records together, which values are crowded, contested or of namesakes (and by whose word), the
pairs that speak for a join, and, with likeness, what it compares (as it is) and the pairs it
scored. It is made of the database and may be deleted at any time: then the
next run looks at everything again.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import duckdb
import pyarrow as pa

from idp_core.profiles.edges import Edge
from idp_core.profiles.evidence import Evidence
from idp_core.profiles.model import SourceRef
from idp_core.profiles.policy import IdentifierPolicy
from idp_core.profiles.vetoes import Constraints
from pipelines.resolve.batch import Basis
from pipelines.resolve.pairs import held_table, keys_sql, most_sharing, names_table
from pipelines.resolve.population import Survey, Witnesses, most_records

if TYPE_CHECKING:
    from pipelines.resolve.splinking import Pairs

FORMAT = 2
GIVEN, FAMILY, FULL = -1, -2, -3
"""What is said beside identifiers, which are called by their place in the policy."""

_SCHEMA = """
CREATE TABLE record (id INTEGER, source VARCHAR, key VARCHAR);
CREATE TABLE said (what SMALLINT, value UHUGEINT, record INTEGER);
CREATE TABLE keyed (word SMALLINT, value UHUGEINT, record INTEGER);
CREATE TABLE flag (what SMALLINT, value UHUGEINT, a INTEGER, b INTEGER);
CREATE TABLE edge (a INTEGER, b INTEGER);
CREATE TABLE word (kind VARCHAR, source VARCHAR, key VARCHAR, source2 VARCHAR, key2 VARCHAR);
CREATE TABLE alike (a INTEGER, b INTEGER, bits DOUBLE, held BOOLEAN);
CREATE TABLE mark (
    format INTEGER, seq BIGINT, fingerprint BIGINT, token BIGINT, sources INTEGER, standing VARCHAR
);
"""
_SAID = f"""
SELECT kind::SMALLINT AS what, md5_number(value) AS value, record::INTEGER AS record FROM held
UNION ALL SELECT {GIVEN}, md5_number(given_name), record FROM names WHERE given_name <> ''
UNION ALL SELECT {FAMILY}, md5_number(family_name), record FROM names WHERE family_name <> ''
UNION ALL SELECT {FULL}, md5_number(concat_ws(chr(31), given_name, family_name)), record FROM names
WHERE given_name <> '' AND family_name <> ''
"""


class Mark(NamedTuple):
    """What a graph is made of: changes up to `seq`, a policy, and the run that wrote it."""

    seq: int
    fingerprint: int
    token: int


class Kept(NamedTuple):
    """What a mark says beside: the number of sources, and what names the scores of likeness."""

    sources: int
    standing: str


def save(
    path: Path,
    mark: Mark,
    basis: Basis,
    *,
    policy: IdentifierPolicy,
    constraints: Constraints,
) -> None:
    """Write the graph of a whole run."""
    known, telling, found, edges, likes = basis
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with duckdb.connect(str(part)) as con:
        part.chmod(0o600)
        con.execute("SET enable_progress_bar = false")
        con.execute("SET memory_limit = '25%'")  # much of the rest is what the run found
        con.execute(_SCHEMA)
        add_records(con, range(len(known)), [record.ref for record in known])
        con.execute(f"INSERT INTO said {said_sql(con, known)}")
        con.execute(f"INSERT INTO keyed {keyed_sql(con, telling, policy)}")
        add_flags(con, _flags(known, found, policy))
        add_edges(con, edges)
        keep_words(con, constraints)
        if likes is not None:
            con.register("given", likes.columns)
            con.execute("CREATE TABLE looks AS FROM given")
            con.unregister("given")
            add_alike(con, likes.pairs)
        sources = len({record.ref.source for record in known})
        keep_mark(con, mark, Kept(sources, likes.standing if likes else ""))
        con.execute("CHECKPOINT")
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    part.replace(path)


@contextmanager
def opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection | None]:
    """Give the graph in a transaction that is rolled back unless the block commits it.

    None when there is no graph that can be read.
    """
    if not path.exists():
        yield None
        return
    try:
        con = duckdb.connect(str(path))
    except duckdb.Error:  # cut off, or of another version
        yield None
        return
    with con:
        if not _fits(con):
            yield None
            return
        con.execute("SET enable_progress_bar = false")
        con.execute("BEGIN")
        yield con


def _fits(con: duckdb.DuckDBPyConnection) -> bool:
    try:
        return con.execute("SELECT format FROM mark").fetchall() == [(FORMAT,)]
    except duckdb.Error:
        return False


def read_mark(con: duckdb.DuckDBPyConnection) -> tuple[Mark, Kept]:
    """Return what the graph is made of."""
    (row,) = con.execute("SELECT * EXCLUDE (format) FROM mark").fetchall()
    return Mark(*row[:3]), Kept(*row[3:])


def forget(path: Path, refs: Iterable[SourceRef]) -> None:
    """Remove what likeness compares of records whose person was erased, if there is a graph."""
    with opened(path) as con:
        if con is None or not read_mark(con)[1].standing:
            return
        for ref in refs:
            con.execute(
                "DELETE FROM looks WHERE unique_id IN"
                " (SELECT id FROM record WHERE source = ? AND key = ?)",
                list(ref),
            )
        con.execute("COMMIT")
        con.execute("CHECKPOINT")


def count(con: duckdb.DuckDBPyConnection) -> int:
    """Return how many records are in the graph."""
    ((found,),) = con.execute("SELECT count(*) FROM record").fetchall()
    return int(found)


def keep_mark(con: duckdb.DuckDBPyConnection, mark: Mark, kept: Kept) -> None:
    """Write what the graph is made of."""
    con.execute("DELETE FROM mark")
    con.execute("INSERT INTO mark VALUES (?, ?, ?, ?, ?, ?)", [FORMAT, *mark, *kept])


def said_sql(
    con: duckdb.DuckDBPyConnection,
    records: Sequence[Evidence],
    ids: Sequence[int] | None = None,
) -> str:
    """Return the SELECT of what records say, as hashes."""
    con.register("names", names_table(records, ids))
    con.register("held", held_table(records, ids))
    return _SAID


def keyed_sql(
    con: duckdb.DuckDBPyConnection,
    records: Sequence[Evidence],
    policy: IdentifierPolicy,
    ids: Sequence[int] | None = None,
) -> str:
    """Return the SELECT of the comparison keys of records, which are usable, as hashes."""
    said_sql(con, records, ids)
    keys = " UNION ALL ".join(keys_sql(policy))
    return (
        "SELECT word::SMALLINT AS word, md5_number(value) AS value, record::INTEGER AS record"
        f" FROM ({keys})"
    )


def limits(policy: IdentifierPolicy, sources: int) -> Mapping[int, int]:
    """Return on how many records a value of each kind may stand, by its place."""
    kinds = policy.identifiers.values()
    return {place: most_records(kind, sources) for place, kind in enumerate(kinds)}


def key_limits(policy: IdentifierPolicy) -> Mapping[int, int]:
    """Return how many records may share each comparison key, by its place."""
    return {place: most_sharing(words, policy) for place, words in enumerate(policy.keys)}


def add_records(
    con: duckdb.DuckDBPyConnection, ids: Sequence[int], refs: Sequence[SourceRef]
) -> None:
    """Add records by their numbers."""
    insert(
        con,
        "record",
        {
            "id": pa.array(ids, pa.int32()),
            "source": pa.array([ref.source for ref in refs], pa.string()),
            "key": pa.array([ref.key for ref in refs], pa.string()),
        },
    )


Flag = tuple[int, str, int | None, int | None]
"""What is flagged, its value, and the two records that cannot be one; crowded without any."""


def add_flags(con: duckdb.DuckDBPyConnection, flags: Iterable[Flag]) -> None:
    """Add what is crowded, contested or of namesakes."""
    listed = list(flags)
    table = {
        "what": pa.array([flag[0] for flag in listed], pa.int16()),
        "value": pa.array([flag[1] for flag in listed], pa.string()),
        "a": pa.array([flag[2] for flag in listed], pa.int32()),
        "b": pa.array([flag[3] for flag in listed], pa.int32()),
    }
    insert(con, "flag", table, "what, md5_number(value), a, b")


def add_edges(con: duckdb.DuckDBPyConnection, edges: Iterable[Edge]) -> None:
    """Add the pairs that speak for a join."""
    left, right = array("i"), array("i")
    for a, b, weight, _ in edges:
        if weight > 0:
            left.append(a)
            right.append(b)
    insert(con, "edge", {"a": pa.array(left, pa.int32()), "b": pa.array(right, pa.int32())})


def add_alike(con: duckdb.DuckDBPyConnection, pairs: Pairs) -> None:
    """Add pairs that likeness scored."""
    columns = {
        "a": pa.array(pairs.left, pa.int32()),
        "b": pa.array(pairs.right, pa.int32()),
        "bits": pa.array(pairs.bits, pa.float64()),
        "held": pa.array(pairs.held, pa.bool_()),
    }
    insert(con, "alike", columns)


def insert(
    con: duckdb.DuckDBPyConnection, into: str, columns: Mapping[str, pa.Array], read: str = "*"
) -> None:
    """Insert Arrow columns into a table."""
    con.register("given", pa.table(columns))
    con.execute(f"INSERT INTO {into} SELECT {read} FROM given")
    con.unregister("given")


Word = tuple[str, str, str, str, str]


def keep_words(con: duckdb.DuckDBPyConnection, constraints: Constraints) -> None:
    """Keep the words of stewards that the groups were made by."""
    con.execute("DELETE FROM word")
    rows = sorted(words_of(constraints))
    names = ("kind", "source", "key", "source2", "key2")
    columns = {
        name: pa.array([row[place] for row in rows], pa.string())
        for place, name in enumerate(names)
    }
    insert(con, "word", columns)


def read_words(con: duckdb.DuckDBPyConnection) -> set[Word]:
    """Return the words that were kept."""
    return set(con.execute("SELECT * FROM word").fetchall())


def words_of(constraints: Constraints) -> set[Word]:
    """Return stewards' words as rows."""
    return {
        (kind, *left, *right)
        for kind, pairs in (("must", constraints.must), ("cannot", constraints.cannot))
        for left, right in (sorted(pair) for pair in pairs if len(pair) > 1)
    }


def _flags(known: Sequence[Evidence], found: Survey, policy: IdentifierPolicy) -> Iterator[Flag]:
    number = {name: place for place, name in enumerate(policy.identifiers)}
    ids = _places(known, found)
    for kind, value in found.population.crowded:
        yield number[kind], value, None, None
    contested: Witnesses = found.contested
    for (kind, value), (one, other) in contested.items():
        yield number[kind], value, ids[one.ref], ids[other.ref]
    for names, (one, other) in found.namesakes.items():
        yield FULL, chr(31).join(names), ids[one.ref], ids[other.ref]


def _places(known: Sequence[Evidence], found: Survey) -> Mapping[SourceRef, int]:
    """Return the places of the witnesses."""
    pairs = (*found.contested.values(), *found.namesakes.values())
    refs = {record.ref for pair in pairs for record in pair}
    return {record.ref: place for place, record in enumerate(known) if record.ref in refs}
