"""A model file written as Splink's settings: comparisons with their SQL, blocking rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import duckdb

from pipelines.resolve.columns import ID
from pipelines.resolve.likeness import condition
from pipelines.resolve.modelfile import Comparison, Key, Level, Model, keys
from pipelines.resolve.trained import Weights

RAREST = 1e-6  # a value nobody else has is not taken for proof


def settings(
    model: Model, held: Iterable[str], rules: Iterable[str], weights: Weights | None, prior: float
) -> dict[str, Any]:
    """Return Splink's settings for the comparisons whose columns anybody has a value in (`held`).

    `rules` are blocking rules in SQL; with `weights` there are those that learnt, and what.
    """
    chosen = compared(model, frozenset(held)) if weights is None else weights
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": ID,
        "probability_two_random_records_match": prior,
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": each, "sql_dialect": "duckdb"} for each in rules
        ],
        "comparisons": [
            _comparison(name, model.comparisons[name], (weights or {}).get(name)) for name in chosen
        ],
        "retain_matching_columns": True,  # the likenesses found (gamma) come with them
        "retain_intermediate_calculation_columns": False,
        "max_iterations": 25,
    }


def compared(model: Model, held: frozenset[str]) -> Mapping[str, Comparison]:
    """Return the comparisons that can be made: one of their columns has values."""
    return {
        name: comparison
        for name, comparison in model.comparisons.items()
        if held & set(comparison.needs(name))
    }


def rule(text: str) -> str:
    """Return the SQL of a blocking key, such as ``family_name:3 + birth_date:year``; "" is all."""
    if not text:
        return "1=1"
    return " AND ".join(f"{side(key, 'l')} = {side(key, 'r')}" for key in keys(text))


def side(key: Key, alias: str) -> str:
    """Return the SQL of one part of a key; of text that is too short for it NULL."""
    column = f'{alias}."{key.column}"'
    if key.length is None:
        return column
    end = key.start + key.length - 1
    least = end if key.start > 1 else 1
    return (
        f"CASE WHEN length({column}) >= {least}"
        f" THEN substr({column}, {key.start}, {key.length}) END"
    )


def usable(texts: Iterable[str], held: Iterable[str]) -> list[str]:
    """Return the keys all of whose columns anybody has a value in."""
    there = frozenset(held)
    return [text for text in texts if all(key.column in there for key in keys(text))]


def shared(con: duckdb.DuckDBPyConnection, table: str, texts: Iterable[str]) -> list[str]:
    """Return the keys that any two records of the table share."""
    found = []
    for text in texts:
        said = [side(key, "t") for key in keys(text)]
        there = " AND ".join(f"{each} IS NOT NULL" for each in said)
        sql = f"SELECT 1 FROM {table} t WHERE {there} GROUP BY {', '.join(said)}"
        if con.execute(f"{sql} HAVING count(*) > 1 LIMIT 1").fetchall():
            found.append(text)
    return found


def _comparison(
    name: str, comparison: Comparison, weights: tuple[tuple[float, float], ...] | None
) -> dict[str, Any]:
    levels = levels_of(name, comparison)
    if weights is not None:
        for level, (m, u) in zip(levels[1:], weights, strict=True):
            level |= {"m_probability": m, "u_probability": u}
    return {"output_column_name": name, "comparison_levels": levels}


def levels_of(name: str, comparison: Comparison) -> list[dict[str, Any]]:
    """Return the levels as Splink takes them: unknown, the likenesses best first, and none."""
    levels = [_unknown(name, comparison)]
    levels += [_level(level) for level in comparison.levels]
    levels.append({"sql_condition": "ELSE", "label_for_charts": "different"})
    return levels


def _unknown(name: str, comparison: Comparison) -> dict[str, Any]:
    missing = " AND ".join(
        f'("{column}_l" IS NULL OR "{column}_r" IS NULL)' for column in comparison.needs(name)
    )
    other = [condition(word, columns) for word, columns in comparison.unknown.items()]
    sql = " OR ".join([f"({missing})", *other])
    return {"sql_condition": sql, "label_for_charts": "unknown", "is_null_level": True}


def _level(level: Level) -> dict[str, Any]:
    entries = (
        " AND ".join(condition(word, columns) for word, columns in entry.items())
        for entry in level.when
    )
    made: dict[str, Any] = {
        "sql_condition": " OR ".join(f"({entry})" for entry in entries),
        "label_for_charts": level.name,
    }
    if level.frequency is not None:
        made |= {
            "tf_adjustment_column": level.frequency,
            "tf_adjustment_weight": 1.0,
            "tf_minimum_u_value": RAREST,
        }
    return made
