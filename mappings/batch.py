"""The engine for batches: a checked document compiled to one DuckDB SELECT.

The SELECT is a stack of projections, one per stage of the longest field, so that each stage reads
the columns of the one below and nothing is computed twice. It streams: no step looks at more than
the row, and the Python functions of the slow paths are called with chunks and cached by value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from duckdb import DuckDBPyConnection
from sqlglot import exp

from mappings.batchsql import Select
from mappings.shapes import shape_of
from mappings.sqlterms import SqlBackend
from mappings.steps import STEPS, Udf
from mappings.terms import Translator
from mappings.tree import Document, Each, Field
from mappings.udfs import register


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """A compiled document; `select` depends on the columns of the relation it is to read."""

    document: Document

    def prepare(self, con: DuckDBPyConnection) -> None:
        """Make a connection ready: its time zone becomes UTC, the slow paths are registered."""
        con.execute("SET TimeZone = 'UTC'")
        for udf in self.udfs():
            register(con, udf)

    def udfs(self) -> tuple[Udf, ...]:
        """Return the Python functions that the steps of this document may call."""
        fields = [part for line in self.document.fields for part in _parts(line)]
        steps = {step.name for made in fields for step in made.steps}
        return tuple({u.name: u for n in sorted(steps) for u in STEPS[n].udfs}.values())

    def select(
        self, relation: str, columns: Mapping[str, str], *, today: date | None = None
    ) -> str:
        """Return the SELECT that maps a relation.

        `relation` is SQL that can stand after FROM; `columns` its column names and DuckDB types;
        columns that the mapping names and the relation lacks are NULL. ``_row`` is passed through,
        and counted from 1 when there is none. Raises MappingError for an argument or pattern that
        cannot be used, and for today() without `today`.
        """
        shapes = {name: shape_of(type_) for name, type_ in columns.items()}
        return Select(self.document, shapes, today).sql(relation)


def compile_batch(document: Document) -> BatchPlan:
    """Compile a document for batches."""
    return BatchPlan(document)


def render(
    expression: exp.Expr,
    columns: Mapping[str, str],
    *,
    today: date | None = None,
    dialect: str = "duckdb",
) -> str:
    """Return one expression on a row as SQL; columns are those of a relation named ``_in``.

    Another dialect is DuckDB's text transpiled by sqlglot. Raises ValueError with the mend.
    """
    shapes = {name: shape_of(type_) for name, type_ in columns.items()}
    sql = Translator(SqlBackend(shapes, today)).term(expression).form
    if dialect == "duckdb":
        return sql
    from sqlglot import transpile

    return transpile(sql, read="duckdb", write=dialect)[0]


def _parts(line: Field | Each) -> tuple[Field, ...]:
    return line.parts if isinstance(line, Each) else (line,)
