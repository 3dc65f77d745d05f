"""How often the records of one person are merely alike: counted on pairs that surely are one.

Expectation maximisation cannot tell by itself. Where names are common it learns from namesakes,
too, whose mailboxes spell the same name, and takes it for usual that a person's mailboxes are
nearly the same. Pairs that are surely one person, by what is not in question, show whether it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import duckdb

from pipelines.resolve.columns import ID
from pipelines.resolve.edits import quicker
from pipelines.resolve.modelfile import Model, keys
from pipelines.resolve.settings import compared, levels_of, rule, usable

OWN = ("birth", "personal")
"""What says who somebody is, and not only how they are called or where they live."""
_FEWEST = 30  # sure pairs, to say anything
_MOST = 50_000  # of one key, to look at

Usual = Mapping[str, Sequence[float]]
"""For each comparison that sure pairs tell something of, the share of them at each level."""


def usual(con: duckdb.DuckDBPyConnection, model: Model, there: Iterable[str]) -> Usual:
    """Return how often sure pairs of the table ``records`` are at each level of a comparison.

    Only of comparisons of what is one's own. The connection knows the macros of `edits`.
    """
    held = frozenset(there)
    found: dict[str, Sequence[float]] = {}
    for name, comparison in compared(model, held).items():
        if comparison.says not in OWN:
            continue
        columns = comparison.uses(name)
        sure = [
            text
            for text in usable(model.certain, held)
            if not columns & {key.column for key in keys(text)}
        ]
        counts = Counter[int]()
        for text in sure:
            counts.update(_counted(con, model, name, text))
        total = counts.total()
        if total >= _FEWEST:
            found[name] = [counts[at] / total for at in range(len(comparison.levels) + 1)]
    return found


def _counted(
    con: duckdb.DuckDBPyConnection, model: Model, name: str, text: str
) -> Mapping[int, int]:
    """Return how many pairs that share a key are at each level; those unknown at none."""
    comparison = model.comparisons[name]
    unknown, *levels, _ = (quicker(each["sql_condition"]) for each in levels_of(name, comparison))
    whens = " ".join(f"WHEN {condition} THEN {at}" for at, condition in enumerate(levels))
    sides = ", ".join(
        f'{side}."{column}" AS "{column}_{side}"'
        for column in sorted(comparison.uses(name))
        for side in ("l", "r")
    )
    rows = con.execute(
        f"SELECT level, count(*) FROM (SELECT CASE WHEN {unknown} THEN NULL {whens}"
        f" ELSE {len(levels)} END AS level FROM (SELECT {sides} FROM records l JOIN records r"
        f" ON {rule(text)} AND l.{ID} < r.{ID} LIMIT {_MOST}))"
        " WHERE level IS NOT NULL GROUP BY level"
    ).fetchall()
    return dict(rows)
