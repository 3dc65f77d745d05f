"""Where each canonical attribute comes from: columns, steps and the line of the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from mappings.errors import Place
from mappings.tree import Document, Each, Field
from mappings.uses import of_field, paths_of


@dataclass(frozen=True, slots=True)
class Origin:
    """One line that sets an attribute, or a part of it.

    `columns` are paths below the row (``address.city``, ``items[1].sku``); for a line inside
    ``each:`` they begin with the list: ``emails[].kind``.
    """

    field: str
    place: Place
    columns: tuple[str, ...]
    steps: tuple[str, ...]

    def __str__(self) -> str:
        steps = f" by {', '.join(self.steps)}" if self.steps else ""
        return f"{self.field} from {', '.join(self.columns) or 'no column'}{steps} ({self.place})"


def lineage(document: Document) -> Mapping[str, tuple[Origin, ...]]:
    """Return the origins of every attribute the mapping sets, in the order of the schema."""
    found: dict[str, list[Origin]] = {}
    for line in document.fields:
        attribute = line.attribute if isinstance(line, Each) else line.slot.attribute
        found.setdefault(attribute, []).extend(_origins(line, document.alias))
    return {name: tuple(found[name]) for name in document.schema.attributes if name in found}


def _origins(line: Field | Each, alias: str) -> list[Origin]:
    if isinstance(line, Field):
        return [_origin(line, _columns(line, alias))]
    lists = paths_of(line.source, alias)
    return [
        _origin(part, (*_in_lists(part, line, lists), *_columns(part, alias)))
        for part in line.parts
    ]


def _in_lists(part: Field, line: Each, lists: tuple[str, ...]) -> tuple[str, ...]:
    below = [f".{path}" for path in _columns(part, line.alias)]
    bare = any(
        column.name == line.alias and not column.table
        for expression in of_field(part)
        for column in expression.find_all(exp.Column)
    )
    ends = ["", *below] if bare else below
    return tuple(f"{name}[]{end}" for name in lists for end in ends)


def _columns(field: Field, alias: str) -> tuple[str, ...]:
    found = [path for expression in of_field(field) for path in paths_of(expression, alias)]
    return tuple(dict.fromkeys(found))


def _origin(field: Field, columns: tuple[str, ...]) -> Origin:
    steps = [step.name for step in field.steps]
    if field.lookup is not None:
        steps.append("lookup")
    if field.default is not None:
        steps.append("default")
    return Origin(field.name, field.place, columns, tuple(steps))
