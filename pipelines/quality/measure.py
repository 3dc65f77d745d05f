"""What compiling an expectation gives: SQL to measure with, and the judgement of what it found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.quality.conditions import condition
from pipelines.quality.model import Expectation
from pipelines.quality.table import Table

Judged = tuple[bool, dict[str, Any]]
"""Whether the expectation is met, and the result in Great Expectations' shape."""


@dataclass(frozen=True, slots=True)
class Check:
    """A compiled expectation.

    `measures` are SQL aggregates over the table; `judge` turns their values into the verdict.
    `failing` is the SQL of the rows that fail (never NULL), None when it is not about rows.
    `vacuous` says that an empty table cannot fail it.
    """

    expectation: Expectation
    measures: Sequence[str]
    judge: Callable[[Sequence[Any]], Judged]
    failing: str | None = None
    vacuous: bool = True


def scope(expectation: Expectation, table: Table) -> str:
    """Return the SQL of the rows an expectation is about."""
    found = [table.rows(expectation.columns), condition(expectation, table)]
    return " AND ".join(sql for sql in found if sql != "TRUE") or "TRUE"


def both(*conditions: str) -> str:
    """Join SQL conditions by AND."""
    return " AND ".join(f"({sql})" for sql in conditions if sql != "TRUE") or "TRUE"


def counted(where: str) -> str:
    """Return the aggregate that counts rows."""
    return "count(*)" if where == "TRUE" else f"count(*) FILTER (WHERE {where})"
