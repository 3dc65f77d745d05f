"""Builds documents without YAML, so that the engines are tested alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import exp

from mappings.batch import compile_batch
from mappings.errors import Place
from mappings.expressions import parse
from mappings.names import resolve
from mappings.record import FieldProblem, MappedRecord, compile_record
from mappings.schema import CUSTOMER, Schema
from mappings.scopes import RowScope
from mappings.tree import Document, Each, Field, OnError, Slot, Step

PLACE = Place("test.yaml", 1, 1)


def expression(text: str, element: str | None = None) -> exp.Expr:
    return parse(text, RowScope("c", element))


def argument(value: Any, element: str | None = None) -> exp.Expr:
    if isinstance(value, list):
        return exp.Array(expressions=[argument(item) for item in value])
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, int):
        return exp.Neg(this=exp.Literal.number(-value)) if value < 0 else exp.Literal.number(value)
    if value.startswith(("c.", f"{element}.")):
        return expression(value, element)
    return exp.Literal.string(value)


def step(spec: str | tuple[str, Mapping[str, Any]], element: str | None = None) -> Step:
    name, arguments = (spec, {}) if isinstance(spec, str) else spec
    return Step(name, {key: argument(value, element) for key, value in arguments.items()})


def field(
    name: str,
    text: str,
    steps: Sequence[Any] = (),
    *,
    slot: Slot | None = None,
    element: str | None = None,
    lookup: Mapping[str, Any] | None = None,
    default: Any = None,
    on_error: OnError = OnError.QUARANTINE,
    schema: Schema = CUSTOMER,
) -> Field:
    return Field(
        name=name,
        slot=slot or resolve(name, schema),
        place=PLACE,
        expression=expression(text, element),
        steps=tuple(step(spec, element) for spec in steps),
        lookup=lookup,
        default=None if default is None else argument(default, element),
        on_error=on_error,
    )


def each(attribute: str, source: str, parts: Mapping[str, tuple[Any, ...]]) -> Each:
    made = tuple(
        field(f"{attribute}.{part}", *spec, slot=Slot(attribute, part), element="e")
        for part, spec in parts.items()
    )
    return Each(attribute, attribute, PLACE, expression(source), "e", made)


def document(
    *fields: Field | Each, key: str = "c.id", schema: Schema = CUSTOMER, **edges: str | None
) -> Document:
    return Document(
        name="test",
        place=PLACE,
        connector="files",
        object="rows",
        alias="c",
        key=expression(key),
        fields=fields,
        schema=schema,
        digest="0" * 64,
        **{name: expression(text) for name, text in edges.items() if text is not None},
    )


def run_batch(
    made: Document, table: pa.Table, con: duckdb.DuckDBPyConnection
) -> list[MappedRecord]:
    """Map a table by the batch engine and read the relation as records."""
    plan = compile_batch(made)
    plan.prepare(con)
    con.register("given", table)
    columns = {name: type_ for name, type_, *_ in con.execute("DESCRIBE given").fetchall()}
    cursor = con.execute(f"SELECT * FROM ({plan.select('given', columns)}) ORDER BY _row")
    names = [item[0] for item in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    con.unregister("given")
    return [record_of(row) for row in rows]


def columns_of(table: pa.Table, con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    con.register("given", table)
    columns = {name: type_ for name, type_, *_ in con.execute("DESCRIBE given").fetchall()}
    con.unregister("given")
    return columns


def run_records(
    made: Document, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str] | None
) -> list[MappedRecord]:
    """Map rows one by one."""
    mapped = map(compile_record(made, columns=columns), rows)
    return [record for record in mapped if record is not None]


def record_of(row: dict[str, Any]) -> MappedRecord:
    """Read a row of the batch engine as a record."""
    problems = tuple(
        FieldProblem(p["field"], p["step"], p["reason"], OnError(p["severity"]))
        for p in row.pop("_problems")
    )
    row.pop("_row")
    erased = row.pop("_erased")
    edges = row.pop("_key"), row.pop("_cursor"), row.pop("_deleted")
    return MappedRecord(*edges, row, problems, erased)
