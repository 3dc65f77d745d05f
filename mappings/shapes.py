"""What a column of a DuckDB relation holds, read from its type's text (``STRUCT(a VARCHAR)[]``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mappings.values import DUCKDB_TYPES, Kind

_WORD = re.compile(
    r'\s*("(?:[^"]|"")*"|[A-Za-z_][A-Za-z0-9_]*|[(),\[\]]|[0-9]+|\'(?:[^\']|\'\')*\')'
)

_SIGNED = {"TINYINT", "SMALLINT", "INTEGER", "INT", "UTINYINT", "USMALLINT", "UINTEGER"}
_AS_THEY_ARE = {"VARCHAR", "BOOLEAN", "BIGINT", "DATE", "TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE"}
_HUGE = {"UBIGINT", "HUGEINT", "UHUGEINT", "BIGNUM"}


@dataclass(frozen=True, slots=True)
class Shape:
    """A type: its kind, DuckDB's name of it, and what lists and structs hold."""

    kind: Kind
    name: str = ""
    element: Shape | None = None
    members: Mapping[str, Shape] = field(default_factory=dict)
    is_map: bool = False

    def read(self, sql: str) -> str:
        """Return SQL that brings a value of this type to the type of its kind.

        The connection's time zone is UTC; a time without a zone is taken as UTC.
        """
        name = self.name
        if self.kind not in DUCKDB_TYPES or name in _AS_THEY_ARE:
            return sql
        if self.kind is Kind.INTEGER:
            return f"{'TRY_CAST' if name in _HUGE else 'CAST'}({sql} AS BIGINT)"
        if self.kind is Kind.DECIMAL:
            value = f"CAST({sql} AS DOUBLE)" if name in {"FLOAT", "REAL"} else sql
            return f"TRY_CAST({value} AS DECIMAL(18, 4))"
        if name == "BLOB":
            return "CAST(NULL AS VARCHAR)"
        return f"CAST({sql} AS {DUCKDB_TYPES[self.kind]})"


def shape_of(type_: str) -> Shape:
    """Read the text of a DuckDB type; an unknown name is a kind of text."""
    words = [match[1] for match in _WORD.finditer(type_)]
    shape, _ = _shape(words, 0)
    return shape


def _shape(words: list[str], at: int) -> tuple[Shape, int]:
    name = words[at].upper() if at < len(words) else ""
    at += 1
    arguments: list[tuple[str, Shape]] = []
    if at < len(words) and words[at] == "(":
        arguments, at = _arguments(words, at + 1, named=name in {"STRUCT", "UNION"})
    while at < len(words) and words[at].upper() in {"WITH", "TIME", "ZONE", "WITHOUT", "PRECISION"}:
        name = f"{name} {words[at].upper()}"
        at += 1
    shape = _named(name, arguments)
    while at < len(words) and words[at] == "[":
        shape = Shape(Kind.LIST, f"{shape.name}[]", element=shape)
        while at < len(words) and words[at] != "]":
            at += 1
        at += 1
    return shape, at


def _arguments(words: list[str], at: int, *, named: bool) -> tuple[list[tuple[str, Shape]], int]:
    found: list[tuple[str, Shape]] = []
    while at < len(words) and words[at] != ")":
        name = ""
        if named:
            name = words[at]
            name = name[1:-1].replace('""', '"') if name.startswith('"') else name
            at += 1
        shape, at = _shape(words, at)
        found.append((name, shape))
        if at < len(words) and words[at] == ",":
            at += 1
    return found, at + 1


def _named(name: str, arguments: list[tuple[str, Shape]]) -> Shape:
    if name == "STRUCT":
        return Shape(Kind.STRUCT, name, members=dict(arguments))
    if name == "MAP" and len(arguments) == 2:
        return Shape(Kind.STRUCT, name, element=arguments[1][1], is_map=True)
    return Shape(_kind(name), name)


def _kind(name: str) -> Kind:  # noqa: PLR0911 (one for each kind)
    if name == "JSON":
        return Kind.JSON
    if name in {"BOOLEAN", "BOOL"}:
        return Kind.BOOLEAN
    if name in _SIGNED | _HUGE | {"BIGINT"}:
        return Kind.INTEGER
    if name in {"DECIMAL", "NUMERIC", "DOUBLE", "FLOAT", "REAL"}:
        return Kind.DECIMAL
    if name == "DATE":
        return Kind.DATE
    if name.startswith("TIMESTAMP"):
        return Kind.TIMESTAMP
    return Kind.NULL if name == '"NULL"' else Kind.TEXT


NOTHING = Shape(Kind.NULL)
"""The shape of a column that the relation does not have."""
