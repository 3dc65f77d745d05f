"""Terms as SQL text for DuckDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from mappings.functions import Function
from mappings.functions.spec import NUMBER
from mappings.shapes import NOTHING, Shape
from mappings.terms import Term
from mappings.values import DUCKDB_TYPES, Kind, convert_sql, quote, quote_name

INPUT = "_in"
"""The name under which the innermost SELECT knows the relation."""

_NUMBER_TYPES = {
    Kind.INTEGER: {"type": "BIGINT", "wide": "HUGEINT", "factor": "HUGEINT"},
    Kind.DECIMAL: {
        "type": "DECIMAL(18, 4)",
        "wide": "DECIMAL(38, 4)",
        "factor": "DECIMAL(19, 4)",
    },
}


@dataclass(frozen=True, slots=True)
class SqlBackend:
    """Makes SQL over a relation with these columns; inside a list, over its `element` too."""

    columns: Mapping[str, Shape]
    day: date | None = None
    element: tuple[str, str, Shape] | None = None  # alias, SQL and shape

    def literal(self, value: Any, kind: Kind) -> str:  # noqa: ARG002 (the protocol's form)
        """Write a value as SQL."""
        return literal_sql(value)

    def column(self, table: str, name: str) -> Term[str]:
        """Read a column; one that the relation lacks is NULL."""
        if self.element is not None:
            alias, sql, shape = self.element
            if table == alias:
                return self._member(sql, shape, name)
            if not table and name == alias:
                return _read(sql, shape)
        shape = self.columns.get(name, NOTHING)
        return _read(f"{INPUT}.{quote_name(name)}" if shape is not NOTHING else "NULL", shape)

    def member(self, term: Term[str], name: str) -> Term[str]:
        """Read a member of a STRUCT, MAP or JSON object; NULL when there is none."""
        return self._member(term.form, term.shape or NOTHING, name)

    def _member(self, sql: str, shape: Shape, name: str) -> Term[str]:
        if shape.kind is Kind.JSON:
            pointer = "/" + name.replace("~", "~0").replace("/", "~1")
            return _read(f"({sql} -> {quote(pointer)})", shape)
        if shape.is_map and shape.element is not None:
            return _read(f"({sql})[{quote(name)}]", shape.element)
        member = shape.members.get(name, NOTHING)
        return _read(
            f"struct_extract({sql}, {quote(name)})" if member is not NOTHING else "NULL", member
        )

    def item(self, term: Term[str], index: int) -> Term[str]:
        """Read an item of a LIST or JSON array; NULL when there is none."""
        shape = term.shape or NOTHING
        if shape.kind is Kind.JSON:
            return _read(f"({term.form} -> {index})", shape)
        if shape.element is None or shape.is_map:
            return _read("NULL", NOTHING)
        return _read(f"({term.form})[{index + 1}]", shape.element)

    def convert(self, term: Term[str], kind: Kind) -> str:
        """Convert; NULL where it cannot be done."""
        if kind is Kind.LIST:
            return _texts(term)
        return f"({convert_sql(term.form, term.kind, kind)})"

    def apply(self, function: Function, terms: Sequence[Term[str]], kind: Kind) -> str:
        """Write a call."""
        forms = [term.form for term in terms]
        if function.result == NUMBER:
            return f"({function.sql(*forms, **_NUMBER_TYPES[kind])})"
        return f"({function.sql(*forms)})"

    def today(self) -> str:
        """Write the run's date."""
        if self.day is None:
            raise ValueError("today() is not known here: pass the date of the run")
        return literal_sql(self.day)


def literal_sql(value: Any) -> str:
    """Write a Python value as SQL of its kind's type."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"CAST({value} AS BIGINT)"
    if isinstance(value, Decimal):
        return f"CAST({value} AS DECIMAL(18, 4))"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    return quote(value)


def list_items(term: Term[str]) -> tuple[str, Shape]:
    """Return SQL for a list's items and their shape; the items of what is no list are none."""
    shape = term.shape or NOTHING
    if shape.kind is Kind.JSON:
        return f"TRY_CAST({term.form} AS JSON[])", shape
    if shape.kind is Kind.LIST and shape.element is not None:
        return term.form, shape.element
    return "CAST(NULL AS VARCHAR[])", NOTHING


def _read(sql: str, shape: Shape) -> Term[str]:
    return Term(shape.read(sql), shape.kind, shape=shape)


def _texts(term: Term[str]) -> str:
    if term.kind is Kind.LIST and term.shape is None:
        return term.form  # made by a function or step: texts already
    sql, shape = list_items(term)
    if shape.name == "VARCHAR" or shape is NOTHING:
        return sql
    item = _read("_item", shape)
    text = convert_sql(item.form, item.kind, Kind.TEXT)
    return f"list_transform({sql}, lambda _item: {text})"


def type_sql(kind: Kind) -> str:
    """Return the DuckDB type of a kind."""
    return DUCKDB_TYPES.get(kind, "VARCHAR")
