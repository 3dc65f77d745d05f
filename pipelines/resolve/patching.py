"""The likeness of what changed: the rows and scored pairs of the stored graph, brought up to date.

Records that say something else now are compared with all others by the keys, weights and prior
that are frozen with the model, so that the pairs are those that scoring everything would give.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping

import duckdb
import pyarrow as pa

from idp_core.profiles.evidence import Evidence
from idp_core.profiles.model import SourceProfile
from idp_core.profiles.scoring import Population
from pipelines.resolve import blocks, graph
from pipelines.resolve.columns import ID, sayer, table
from pipelines.resolve.modelfile import Model
from pipelines.resolve.settings import rule
from pipelines.resolve.splinking import Pairs, score
from pipelines.resolve.stage import Stage
from pipelines.resolve.trained import Trained


def patch(
    con: duckdb.DuckDBPyConnection,
    profiles: Mapping[int, SourceProfile],
    telling: Mapping[int, Evidence],
    others: Population,
    stage: Stage,
) -> bool:
    """Bring rows and pairs up to date; `profiles` may say something else now, and so may `telling`.

    Both are by number; ``gone`` holds the numbers of deleted records. ``parted`` gets the ends of
    pairs that spoke for a join and may do so no more. False when so many pairs are to be scored
    that scoring all is quicker.
    """
    trained = stage.trained()
    assert trained is not None  # noqa: S101 (what names the scores was read from it)
    _write_rows(con, profiles, telling, others, stage.model)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE unlike AS FROM alike"
        " WHERE a IN (FROM relooked) OR b IN (FROM relooked)"
    )
    con.execute("DELETE FROM alike WHERE a IN (FROM relooked) OR b IN (FROM relooked)")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE parted AS"
        f" SELECT unnest([a, b]) AS record FROM unlike WHERE {joining(stage.model)}"
    )
    if not _block(con, stage.model, trained):
        return False
    graph.add_alike(con, _scored(con, stage.model, trained))
    return True


def joining(model: Model) -> str:
    """Return the SQL condition of a scored pair that speaks for a join."""
    return f"(bits - {model.join_at} > 0 AND NOT held)"


def weight(model: Model) -> str:
    """Return the SQL of what a scored pair is worth: bits above what joins."""
    over = f"(bits - {model.join_at})"
    return f"(CASE WHEN held AND {over} > 0 THEN -1.0 ELSE {over} END)"


def pairs_of(con: duckdb.DuckDBPyConnection, ids: str, model: Model, least: float) -> Pairs:
    """Return the scored pairs of the records of a table, and those with others worth `least`."""
    among = f"(FROM {ids})"
    rows = con.execute(
        f"SELECT a, b, bits, held FROM alike WHERE (a IN {among} OR b IN {among})"
        f" AND (a IN {among} AND b IN {among} OR {weight(model)} >= {least}) ORDER BY a, b"
    ).fetchall()
    if not rows:
        return Pairs()
    left, right, bits, held = zip(*rows, strict=True)
    return Pairs(array("q", left), array("q", right), array("d", bits), held)


def _write_rows(
    con: duckdb.DuckDBPyConnection,
    profiles: Mapping[int, SourceProfile],
    telling: Mapping[int, Evidence],
    others: Population,
    model: Model,
) -> None:
    """Write rows anew; ``relooked`` gets the numbers of those that differ or are gone."""
    numbers = sorted(profiles)
    say = sayer(model)
    said = [say(profiles[number]) for number in numbers]
    rows = table(said, [telling[number] for number in numbers], model, others)
    con.register("given", rows.set_column(0, ID, pa.array(numbers, pa.int64())))
    con.execute("CREATE OR REPLACE TEMP TABLE fresh AS FROM given")
    con.unregister("given")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE relooked AS SELECT {ID} AS record FROM"
        f" (FROM fresh EXCEPT (FROM looks SEMI JOIN fresh USING ({ID}))) UNION SELECT id FROM gone"
    )
    con.execute(f"DELETE FROM looks WHERE {ID} IN (FROM relooked)")
    con.execute(f"INSERT INTO looks FROM fresh WHERE {ID} IN (FROM relooked)")


def _block(con: duckdb.DuckDBPyConnection, model: Model, trained: Trained) -> bool:
    """Write into ``blocked`` the pairs of relooked records with all; False: they are too many."""
    con.execute("CREATE OR REPLACE TEMP TABLE blocked (one INTEGER, other INTEGER)")
    con.execute(f"CREATE OR REPLACE TEMP TABLE mine AS FROM looks WHERE {ID} IN (FROM relooked)")
    most = max(int(model.max_pairs * graph.count(con)), model.compare_all**2)
    blocks.keep_crowded(con, trained)
    for at, key in enumerate(trained.blocking):
        compared = blocks.compares(trained, at, "m") if key else "true"
        ((made,),) = con.execute(
            f"INSERT INTO blocked SELECT l.{ID}, r.{ID}"
            f" FROM (SELECT * FROM mine m WHERE {compared}) l JOIN looks r"
            f" ON {rule(key)} AND l.{ID} <> r.{ID} LIMIT {most + 1}"
        ).fetchall()
        if made > most:
            return False
    return True


def _scored(con: duckdb.DuckDBPyConnection, model: Model, trained: Trained) -> Pairs:
    """Score ``blocked``; the first of a pair is the one whose source and key come first."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE placed AS SELECT id,"
        " row_number() OVER (ORDER BY source, key) - 1 AS place FROM record"
        " WHERE id IN (SELECT one FROM blocked UNION SELECT other FROM blocked)"
    )
    among = con.sql(
        "SELECT DISTINCT least(l.place, r.place) AS a, greatest(l.place, r.place) AS b"
        " FROM blocked JOIN placed l ON one = l.id JOIN placed r ON other = r.id"
    ).to_arrow_table()
    if not among.num_rows:
        return Pairs()
    rows = con.sql(
        f"SELECT looks.* REPLACE (place AS {ID}) FROM looks JOIN placed ON {ID} = id"
    ).to_arrow_table()
    found = score(rows, model, trained, records=graph.count(con), among=among).pairs
    ids = [row[0] for row in con.execute("SELECT id FROM placed ORDER BY place").fetchall()]
    left, right = (array("q", [ids[at] for at in side]) for side in (found.left, found.right))
    return Pairs(left, right, found.bits, found.held)
