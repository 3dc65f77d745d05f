"""The same scoring on Spark, for more pairs than one machine compares: Splink's other backend.

Conditions, holds and frequencies are those of DuckDB, translated. Records stand in the driver's
memory, as in every run; their pairs, which grow faster, are made and compared by the cluster.
Spark's string distances are Splink's Java functions: a likeness at the edge of a threshold may be
seen otherwise than in DuckDB.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import pyarrow as pa
import sqlglot
from sqlglot import exp

from pipelines.errors import ProjectError
from pipelines.resolve import blocks
from pipelines.resolve.modelfile import Model
from pipelines.resolve.settings import settings
from pipelines.resolve.splinking import (
    SETTLES,
    Found,
    Pairs,
    Scored,
    frequency_columns,
    frequency_sql,
    hushed,
    learnt_columns,
)
from pipelines.resolve.trained import Trained

_PARTITIONS = "64"
_OTHERWISE: Mapping[type[exp.Expr], str] = {
    exp.JarowinklerSimilarity: "jaro_winkler",
    exp.ArrayOverlaps: "arrays_overlap",
}


def score(
    table: pa.Table, model: Model, trained: Trained, *, master: str, settle: bool = False
) -> Scored:
    """Score the pairs of records that share a blocking key, on the Spark cluster `master`.

    Raises ProjectError when Spark is not there or does not start.
    """
    if not trained.blocking:
        return Scored(trained, Pairs())
    there = learnt_columns(model, trained)
    prior = trained.prior_among(table.num_rows)
    said = spark_settings(settings(model, there, blocks.rules(trained), trained.weights, prior))
    with hushed(), _session(master) as session:
        from splink import Linker, SparkAPI

        session.createDataFrame(blocks.added(table, trained)).createOrReplaceTempView("records")
        make_api: Any = SparkAPI
        api = make_api(spark_session=session, break_lineage_method="persist")
        linker = Linker(api.register("records"), said, log_level=None)
        session.createDataFrame(trained.frequencies).createOrReplaceTempView("frequencies")
        for column in frequency_columns(model, there):
            name = f"frozen_{column}"
            frequencies = session.sql(spark_sql(frequency_sql(column, trained.rare)))
            frequencies.createOrReplaceTempView(name)
            linker.table_management.register_term_frequency_lookup(api.register(name), column)
        least = model.keep_at - SETTLES * settle
        answer = linker.inference.predict(threshold_match_weight=least, warning_mode="never")

        def ask(sql: str) -> pa.Table:
            return session.sql(spark_sql(sql)).toArrow()

        found = Found(ask, answer.physical_name, prior)
        return found.settled(model, trained) if settle else found.read(model, trained, prior)


def spark_settings(said: dict[str, Any]) -> dict[str, Any]:
    """Return Splink's settings with every condition in Spark's SQL."""
    made = deepcopy(said)
    for rule in made["blocking_rules_to_generate_predictions"]:
        rule |= {"blocking_rule": spark_sql(rule["blocking_rule"]), "sql_dialect": "spark"}
    for comparison in made["comparisons"]:
        for level in comparison["comparison_levels"]:
            if level["sql_condition"] != "ELSE":
                level["sql_condition"] = spark_sql(level["sql_condition"])
    return made


def spark_sql(text: str) -> str:
    """Return DuckDB's SQL as Spark's, with the names that Splink's functions have there."""

    def named(node: exp.Expr) -> exp.Expr:
        if (name := _OTHERWISE.get(type(node))) is None:
            return node
        return exp.Anonymous(this=name, expressions=[node.this, node.expression])

    return sqlglot.parse_one(text, read="duckdb").transform(named).sql("spark")


@contextmanager
def _session(master: str) -> Iterator[Any]:
    """Give a session of Spark, and stop it."""
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError:
        raise ProjectError(
            "policies.spark needs a package more: pip install 'isthmus[spark]'"
        ) from None
    from splink.backends.spark import similarity_jar_location

    builder = SparkSession.builder.master(master).appName("isthmus")
    for name, value in _options(similarity_jar_location()).items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except (PySparkException, OSError) as error:
        raise ProjectError(
            f"policies.spark: Spark does not start at {master} ({type(error).__name__}); it needs "
            "Java 17 or later (JAVA_HOME), and a master that can be reached"
        ) from None
    try:
        session.sparkContext.setLogLevel("ERROR")
        yield session
    finally:
        session.stop()


def _options(jar: str) -> dict[str, str]:
    return {
        "spark.jars": jar,
        "spark.sql.shuffle.partitions": _PARTITIONS,
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
