"""Which records likeness compares: those that share what they say under a blocking key.

What very many say under a key (a common first name with a common family name) is crowded: it brings
together strangers, more of them with every record that comes, and who is one person among them
shares something rarer under another key. So it compares nothing, and pairs grow as records do. What
is crowded is frozen with the model, as its weights are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb
import pyarrow as pa

from pipelines.resolve.modelfile import Model, keys
from pipelines.resolve.settings import side
from pipelines.resolve.trained import Trained
from pipelines.workbench import scratch


def said(text: str, alias: str) -> tuple[str, str]:
    """Return the SQL of what a record says under a key, and the condition that it says it all."""
    parts = [side(key, alias) for key in keys(text)]
    there = " AND ".join(f"{part} IS NOT NULL" for part in parts)
    return f"concat_ws(chr(31), {', '.join(parts)})", f"({there})"


Crowded = tuple[tuple[str, str], ...]
"""Keys, each with one value of theirs that too many records share."""


def choose(
    con: duckdb.DuckDBPyConnection, records: int, model: Model, texts: Iterable[str]
) -> tuple[tuple[str, ...], Crowded]:
    """Return those of the keys by which so many ``records`` are compared, "" being every pair, and
    what is crowded under them.
    """
    if records <= model.compare_all:
        return ("",), ()
    chosen, crowded = [], list[tuple[str, str]]()
    for text in texts:
        if pairs(con, "records", text, most=model.max_compared) <= model.max_pairs * records:
            chosen.append(text)
            crowded += ((text, value) for value in _crowded(con, text, model.max_compared))
    return tuple(chosen), tuple(crowded)


def _crowded(con: duckdb.DuckDBPyConnection, text: str, most: int) -> Sequence[str]:
    """Return what more than `most` of the ``records`` say under a key."""
    value, there = said(text, "t")
    rows = con.execute(
        f"SELECT {value} AS value FROM records t WHERE {there}"
        f" GROUP BY value HAVING count(*) > {most} ORDER BY value"
    ).fetchall()
    return [value for (value,) in rows]


def keep_crowded(con: duckdb.DuckDBPyConnection, trained: Trained) -> None:
    """Write the crowded values of a model into the table ``crowded``, by the place of their key."""
    place = {text: at for at, text in enumerate(trained.blocking)}
    rows = [(place[text], value) for text, value in trained.crowded if text in place]
    con.execute("CREATE OR REPLACE TEMP TABLE crowded (key INTEGER, value VARCHAR)")
    table = {
        "key": pa.array([key for key, _ in rows], pa.int32()),
        "value": pa.array([value for _, value in rows], pa.string()),
    }
    con.register("listed", pa.table(table))
    con.execute("INSERT INTO crowded FROM listed")
    con.unregister("listed")


def compares(trained: Trained, at: int, alias: str) -> str:
    """Return the condition that a record is compared by the key at a place; asks ``crowded``."""
    value, there = said(trained.blocking[at], alias)
    if not any(text == trained.blocking[at] for text, _ in trained.crowded):
        return there
    return f"({there} AND {value} NOT IN (SELECT value FROM crowded WHERE key = {at}))"


def columns(trained: Trained, alias: str) -> Sequence[str]:
    """Return a column for each blocking key: a hash of what is compared, NULL where nothing is."""
    return [
        f"CASE WHEN {compares(trained, at, alias)}"
        f" THEN (hash({said(text, alias)[0]}) >> 1)::BIGINT END AS {name(at)}"
        for at, text in enumerate(trained.blocking)
        if text
    ]


def added(table: pa.Table, trained: Trained) -> pa.Table:
    """Return a table with these columns."""
    with scratch() as con:
        keep_crowded(con, trained)
        con.register("given", table)
        return con.sql(
            f"SELECT {', '.join(['*', *columns(trained, 'given')])} FROM given"
        ).to_arrow_table()


def rules(trained: Trained) -> Sequence[str]:
    """Return the blocking rules over these columns, as Splink takes them."""
    return [f"l.{name(at)} = r.{name(at)}" if text else "1=1"
            for at, text in enumerate(trained.blocking)]  # fmt: skip


def name(at: int) -> str:
    """Return what the column of the blocking key at a place is called."""
    return f"block_{at}"


def pairs(
    con: duckdb.DuckDBPyConnection,
    table: str,
    text: str,
    where: str = "true",
    most: int | None = None,
) -> int:
    """Return how many pairs of a table's records (``t``) share what at most so many say."""
    value, there = said(text, "t")
    few = "" if most is None else f" HAVING count(*) <= {most}"
    ((found,),) = con.execute(
        "SELECT coalesce(sum(n * (n - 1) / 2), 0)::BIGINT FROM (SELECT count(*) AS n"
        f" FROM {table} t WHERE {there} AND {where} GROUP BY {value}{few})"
    ).fetchall()
    return int(found)
