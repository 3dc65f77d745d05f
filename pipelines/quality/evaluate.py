"""Judging a suite: one SELECT for all that is compiled, the real engine for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from pipelines.quality import engine
from pipelines.quality.compiler import compile_expectation
from pipelines.quality.errors import UnsupportedError
from pipelines.quality.literals import quoted
from pipelines.quality.measure import Check, counted
from pipelines.quality.model import Expectation, Verdict
from pipelines.quality.table import Table


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict and the SQL of the rows that fail, None when it is not about rows."""

    verdict: Verdict
    failing: str | None


def evaluate(table: Table, expectations: Sequence[Expectation]) -> list[Judged]:
    """Judge all expectations, in their order.

    An expectation about a whole column cannot fail on a table without rows: a run without news is
    no accident. Raises SuiteError for one that cannot be judged as it is written.
    """
    compiled = [_compiled(expectation, table) for expectation in expectations]
    measured = iter(_measured([one for one in compiled if one is not None], table))
    return [
        _by_engine(expectation, table, number) if check is None else next(measured)
        for number, (expectation, check) in enumerate(zip(expectations, compiled, strict=True))
    ]


def _compiled(expectation: Expectation, table: Table) -> Check | None:
    try:
        return compile_expectation(expectation, table)
    except UnsupportedError:
        return None


def _measured(checks: Sequence[Check], table: Table) -> list[Judged]:
    wanted = [counted(table.live), *(sql for check in checks for sql in check.measures)]
    aliased = ", ".join(f"{sql} AS m{number}" for number, sql in enumerate(wanted))
    found = table.con.execute(f"SELECT {aliased} FROM {table.name}").fetchall()[0]
    rows, at, judged = found[0], 1, []
    for check in checks:
        values = found[at : at + len(check.measures)]
        at += len(check.measures)
        success, result = check.judge(values)
        if rows == 0 and check.vacuous and check.failing is None:
            success = True
        judged.append(Judged(Verdict(check.expectation, success, result), check.failing))
    return judged


def _by_engine(expectation: Expectation, table: Table, number: int) -> Judged:
    verdict, rows = engine.judge(table, expectation)
    if rows is None:
        return Judged(verdict, None)
    failed, given = quoted(f"_failed_{number}"), f"_failed_{number}_rows"
    table.con.register(given, pa.table({"n": pa.array(rows, pa.int64())}))
    table.con.execute(f"CREATE OR REPLACE TEMP TABLE {failed} AS SELECT n FROM {quoted(given)}")
    table.con.unregister(given)
    return Judged(verdict, f"{quoted(table.row)} IN (SELECT n FROM {failed})")
