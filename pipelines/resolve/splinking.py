"""The probabilistic stage: Splink on DuckDB, trained without examples, scoring pairs of records.

Training is deterministic (a seed, one thread, rounded weights), so a run that is killed and
started again finds the same. Splink is imported where it is used: it takes half a second.
"""

from __future__ import annotations

import logging
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import fsum, log2
from typing import Any, NamedTuple, Protocol

import duckdb
import pyarrow as pa

from pipelines.resolve import blocks
from pipelines.resolve.columns import ID
from pipelines.resolve.dependence import together
from pipelines.resolve.edits import quick
from pipelines.resolve.holds import held
from pipelines.resolve.modelfile import Model
from pipelines.resolve.pairs import compact
from pipelines.resolve.settings import compared, rule, settings, shared, usable
from pipelines.resolve.trained import SEVERAL, Trained, digest
from pipelines.resolve.usual import usual
from pipelines.resolve.weights import floored, learn, teaching
from pipelines.workbench import scratch

_FEWEST_MATCHES = 0.1  # for each record: without a certain pair there still are matches
_RECALL = 0.8  # of the matches, the share that the certain pairs are taken to be
SETTLES = 4.0
"""Bits by which the prior rises at most when the pairs settle it (see `_settled`)."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Scored pairs by place, the smaller one first, in their order; `held` must not join."""

    left: array[int] = field(default_factory=lambda: array("q"))
    right: array[int] = field(default_factory=lambda: array("q"))
    bits: array[float] = field(default_factory=lambda: array("d"))
    held: Sequence[bool] = ()


class Scored(NamedTuple):
    """A model and the pairs that it scored."""

    trained: Trained
    pairs: Pairs


class Scorer(Protocol):
    """Scores elsewhere or here."""

    def __call__(
        self, table: pa.Table, model: Model, trained: Trained, *, settle: bool = False
    ) -> Scored:
        """Score all pairs of a table that share a blocking key.

        With `settle` by the prior that they themselves speak for: the model that comes back has it.
        """


def train(table: pa.Table, model: Model, scorer: Scorer | None = None) -> Scored:
    """Learn from the records what each likeness is worth, and how many are one person.

    The pairs come with the model: how many are one person is learnt by scoring them. `scorer`
    scores elsewhere than here.
    """
    there = _there(table, model)
    with _database(table, threads=1) as con:
        prior = _prior(con, table.num_rows, model, there)
        keys = shared(con, "records", teaching(model, frozenset(there)))
        learnt = learn(lambda: _linker(con, settings(model, there, [], None, prior))[0], keys)
        weights, warnings = floored(learnt, model, prior, usual(con, model, there))
        frequencies = _frequencies(con, model, there)
        bits = together(con, model, there)
        rules, crowded = blocks.choose(con, table.num_rows, model, usable(model.blocking, there))
    made = Trained(
        digest(model), table.num_rows, prior, bits, weights, frequencies, rules, warnings, crowded
    )
    return (scorer or score)(table, model, made, settle=True)


def costly(table: pa.Table, model: Model, trained: Trained) -> bool:
    """Whether a frozen key makes many times the pairs that are affordable."""
    most = model.max_pairs * model.retrain_at * table.num_rows
    with _database(table, threads=2) as con:
        blocks.keep_crowded(con, trained)
        return any(
            blocks.pairs(con, "records", key, blocks.compares(trained, at, "t")) > most
            for at, key in enumerate(trained.blocking)
            if key
        )


def score(
    table: pa.Table,
    model: Model,
    trained: Trained,
    *,
    records: int | None = None,
    among: pa.Table | None = None,
    settle: bool = False,
) -> Scored:
    """Score the pairs of records that share a blocking key, by a frozen model (see `Scorer`).

    A table of some of so many `records` is scored as they are among all; `among` are the pairs
    (left, right) to score, by place, the smaller one first.
    """
    if not trained.blocking:
        return Scored(trained, Pairs())
    there = learnt_columns(model, trained)
    with _database(table, threads=2, trained=trained) as con:
        prior = trained.prior_among(table.num_rows if records is None else records)
        said = settings(model, there, blocks.rules(trained), trained.weights, prior)
        linker, api = _linker(con, said)
        _register(con, api, linker, trained, frequency_columns(model, there))
        if among is not None:
            con.register("given", among)
            con.execute(
                "CREATE TABLE blocked AS SELECT '0' AS match_key,"
                " a AS join_key_l, b AS join_key_r FROM given"
            )
            linker.table_management.register_blocked_pairs_for_predict(api.register("blocked"))
        least = model.keep_at - SETTLES * settle
        answer = linker.inference.predict(threshold_match_weight=least, warning_mode="never")
        found = Found(lambda sql: con.sql(sql).to_arrow_table(), answer.physical_name, prior)
        return found.settled(model, trained) if settle else found.read(model, trained, prior)


class Found(NamedTuple):
    """What Splink answered by a prior: the table's name, and what asks its database."""

    ask: Callable[[str], pa.Table]
    name: str
    prior: float

    def settled(self, model: Model, trained: Trained) -> Scored:
        """Return the model with the prior that the pairs speak for, and the pairs by this prior."""
        counts = self.ask(
            f"SELECT round(match_weight, 3) AS bits, count(*) AS n FROM {self.name}"
            f" WHERE match_weight >= {model.keep_at} GROUP BY round(match_weight, 3)"
        )
        chances = zip(counts["bits"].to_pylist(), counts["n"].to_pylist(), strict=True)
        prior = _settled(fsum(n / (1 + 2.0**-bits) for bits, n in chances), trained)
        return self.read(model, replace(trained, prior=prior), prior)

    def read(self, model: Model, trained: Trained, prior: float) -> Scored:
        """Return the pairs as they are worth by a prior: it shifts what all are worth."""
        shift = log2(prior / (1 - prior)) - log2(self.prior / (1 - self.prior))
        weight = f"(p.match_weight + {shift!r})" if shift else "p.match_weight"
        must_not = held(model, trained, weight)
        answer = self.ask(
            f"SELECT least(p.{ID}_l, p.{ID}_r) AS a, greatest(p.{ID}_l, p.{ID}_r) AS b,"
            f" round({weight}, 3) AS bits, coalesce({must_not}, true) AS held"
            f" FROM {self.name} p JOIN records l ON l.{ID} = p.{ID}_l"
            f" JOIN records r ON r.{ID} = p.{ID}_r WHERE {weight} >= {model.keep_at} ORDER BY a, b"
        )
        left, right, bits, must = (answer[name] for name in ("a", "b", "bits", "held"))
        pairs = Pairs(compact("q", left), compact("q", right), compact("d", bits), must.to_pylist())
        return Scored(trained, pairs)


def _settled(expected: float, trained: Trained) -> float:
    """Return the prior by which so many pairs match, not far from the first guess."""
    every = trained.records * (trained.records - 1) / 2
    return float(f"{min(max(expected / every, trained.prior / 8), trained.prior * 8, 0.5):.6g}")


def _prior(con: duckdb.DuckDBPyConnection, records: int, model: Model, there: set[str]) -> float:
    """Return the share of all pairs that match, by those that surely do; never none."""
    keys = usable(model.certain, there)
    parts = [
        f"SELECT l.{ID} AS a, r.{ID} AS b FROM records l JOIN records r ON {rule(key)}"
        f" WHERE l.{ID} < r.{ID}"
        for key in keys
    ]
    certain = 0
    if parts:
        ((certain,),) = con.execute(f"SELECT count(*) FROM ({' UNION '.join(parts)})").fetchall()
    every = records * (records - 1) / 2
    return min(max(certain / _RECALL, _FEWEST_MATCHES * records) / every, 0.5)


def _frequencies(con: duckdb.DuckDBPyConnection, model: Model, there: Iterable[str]) -> pa.Table:
    """Return how common each value is of the columns whose levels ask for it.

    Only values of several records are kept.
    """
    parts = [
        f'SELECT \'{column}\' AS "column", "{column}" AS value,'
        f' count(*) / (SELECT count("{column}") FROM records) AS share FROM records'
        f' WHERE "{column}" IS NOT NULL GROUP BY "{column}" HAVING count(*) >= {SEVERAL}'
        for column in frequency_columns(model, there)
    ]
    if not parts:
        return pa.table({"column": [], "value": [], "share": []})
    sql = f'SELECT * FROM ({" UNION ALL ".join(parts)}) ORDER BY "column", value'
    return con.sql(sql).to_arrow_table()


def frequency_columns(model: Model, there: Iterable[str]) -> list[str]:
    """Return the columns whose rare values are worth more."""
    wanted = {
        level.frequency
        for comparison in model.comparisons.values()
        for level in comparison.levels
        if level.frequency is not None
    }
    return sorted(wanted & set(there))


def _there(table: pa.Table, model: Model) -> set[str]:
    """Return the columns that anybody has a value in."""
    return {name for name in model.columns if table[name].null_count < table.num_rows}


def comparable(table: pa.Table, model: Model) -> bool:
    """Whether the records have values of anything that the model compares."""
    return bool(compared(model, frozenset(_there(table, model))))


@contextmanager
def _database(
    table: pa.Table, *, threads: int, trained: Trained | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a DuckDB that holds the table as ``records``; Splink says nothing meanwhile.

    With a model what it blocks by comes as columns.
    """
    with hushed(), scratch() as con:
        con.execute(f"SET threads = {threads}")
        con.register("given", table)
        blocked: Sequence[str] = ()
        if trained is not None:
            blocks.keep_crowded(con, trained)
            blocked = blocks.columns(trained, "given")
        said = ", ".join(["*", *blocked])
        con.execute(f"CREATE TABLE records AS SELECT {said} FROM given ORDER BY {ID}")
        con.unregister("given")
        yield con


@contextmanager
def hushed() -> Iterator[None]:
    """Let Splink say nothing meanwhile."""
    logger = logging.getLogger("splink")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _linker(con: duckdb.DuckDBPyConnection, said: dict[str, Any]) -> tuple[Any, Any]:
    from splink import DuckDBAPI, Linker

    api = DuckDBAPI(con)
    return Linker(api.register("records"), quick(con, said), log_level=None), api


def _register(
    con: duckdb.DuckDBPyConnection, api: Any, linker: Any, trained: Trained, columns: Iterable[str]
) -> None:
    """Give a linker the frozen term frequencies; a value that is not among them counts as rare."""
    con.register("frequencies", trained.frequencies)
    for column in columns:
        name = f"frozen_{column}"
        con.execute(f"CREATE TABLE {name} AS {frequency_sql(column, trained.rare)}")
        linker.table_management.register_term_frequency_lookup(api.register(name), column)


def frequency_sql(column: str, rare: float) -> str:
    """Return the SELECT of how common the values of a column of the records are."""
    return (
        f'SELECT DISTINCT r."{column}", coalesce(f.share, {rare}) AS "tf_{column}" FROM records r'
        f' LEFT JOIN frequencies f ON f."column" = \'{column}\' AND f.value = r."{column}"'
        f' WHERE r."{column}" IS NOT NULL'
    )


class Likeness(NamedTuple):
    """What one comparison of two records found, in words without values, and its bits."""

    comparison: str
    level: str
    bits: float


def waterfall(pair: pa.Table, model: Model, trained: Trained) -> tuple[list[Likeness], float]:
    """Return what each comparison of two records says, and the bits they start from.

    `pair` is a table of two records; names are as common as they were when `trained` was.
    """
    said = settings(model, learnt_columns(model, trained), ["1=1"], trained.weights, trained.prior)
    said["retain_intermediate_calculation_columns"] = True
    with _database(pair, threads=1) as con:
        linker, api = _linker(con, said)
        _register(con, api, linker, trained, frequency_columns(model, model.columns))
        name = linker.inference.predict(warning_mode="never").physical_name
        answer = con.sql(f"SELECT * FROM {name}").to_arrow_table().to_pylist()
    found = []
    for each in trained.weights:
        comparison = model.comparisons[each]
        place = len(comparison.levels) - answer[0][f"gamma_{each}"]
        if place <= len(comparison.levels):
            label = [*(level.name for level in comparison.levels), "different"][place]
            bits = sum(answer[0].get(f"mw_{part}{each}", 0.0) for part in ("", "tf_adj_"))
            found.append(Likeness(each, label, round(bits, 2)))
    return found, round(log2(trained.prior / (1 - trained.prior)), 2)


def learnt_columns(model: Model, trained: Trained) -> set[str]:
    """Return the columns of the comparisons that were learnt."""
    return {
        column
        for name, comparison in model.comparisons.items()
        if name in trained.weights
        for column in comparison.uses(name)
    }
