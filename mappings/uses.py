"""Which columns of a source each line of a mapping reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from mappings.errors import Place
from mappings.tree import Document, Each, Field


@dataclass(frozen=True, slots=True)
class Use:
    """One reading of a column: in which part of the file, where, and the path below the row."""

    where: str
    place: Place
    column: str
    path: str


def uses(document: Document) -> Iterator[Use]:
    """Yield every reading of a column of the row, in the order of the file."""
    for where, place, expression in expressions(document):
        for column, path in _paths(expression, document.alias):
            yield Use(where, place, column, path)


def expressions(document: Document) -> Iterator[tuple[str, Place, exp.Expr]]:
    """Yield every expression of a document: the part it stands in, that part's place, the tree."""
    for name in ("key", "cursor", "delete", "erase", "where"):
        expression = getattr(document, name)
        if expression is not None:
            yield name, document.place, expression
    for line in document.fields:
        if isinstance(line, Each):
            yield f"fields.{line.name}", line.place, line.source
        for field in line.parts if isinstance(line, Each) else (line,):
            for expression in of_field(field):
                yield f"fields.{field.name}", field.place, expression


def of_field(field: Field) -> Iterator[exp.Expr]:
    """Yield the expressions a field is made of: its origin, its arguments, its default."""
    yield field.expression
    for step in field.steps:
        yield from step.arguments.values()
    if field.default is not None:
        yield field.default


def paths_of(expression: exp.Expr, alias: str) -> tuple[str, ...]:
    """Return the paths below the row that an expression reads, each once: ``a.b``, ``items[1]``."""
    return tuple(dict.fromkeys(path for _, path in _paths(expression, alias)))


def _paths(expression: exp.Expr, alias: str) -> Iterator[tuple[str, str]]:
    for column in expression.find_all(exp.Column, bfs=False):
        if column.table == alias:
            yield column.name, _path(column)


def _path(column: exp.Column) -> str:
    path, node = column.name, column.parent
    below: exp.Expr = column
    while isinstance(node, exp.Dot | exp.Bracket) and node.this is below:
        if isinstance(node, exp.Dot):
            path += f".{node.expression.name}"
        else:
            path += f"[{int(node.expressions[0].name) + 1}]"
        below, node = node, node.parent
    return path
