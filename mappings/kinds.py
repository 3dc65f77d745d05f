"""What kind of value a field will give, where that shows without any row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from mappings.closures import ClosureBackend
from mappings.errors import Problem
from mappings.pipeline import lookup_table, type_of
from mappings.shapes import shape_of
from mappings.steps import STEPS
from mappings.terms import Translator
from mappings.tree import Document, Field
from mappings.values import CONVERT, Kind

_ANY_DAY = date(2000, 1, 1)
_SAMPLES: Mapping[Kind, tuple[Any, ...]] = {
    Kind.BOOLEAN: (True, False),
    Kind.INTEGER: (0, 1),
    Kind.DECIMAL: (Decimal(0), Decimal(1)),
    Kind.DATE: (_ANY_DAY,),
    Kind.TIMESTAMP: (datetime(2000, 1, 1, tzinfo=UTC),),
}
_MENDS = {
    Kind.BOOLEAN: "compare it: c.Flag = 1",
    Kind.INTEGER: "take a part of it, such as year(...)",
    Kind.DECIMAL: "take a part of it, such as year(...)",
    Kind.DATE: "use the step date, or make_date(...)",
    Kind.TIMESTAMP: "use the step timestamp",
    Kind.TEXT: "use each: for its elements, or list_join(...)",
}


def kind_problems(
    document: Document, columns: Mapping[str, str] | None = None
) -> Iterator[Problem]:
    """Yield a problem for each field whose value can never be of its attribute's type.

    `columns` are the source's columns with their DuckDB types, where they are known.
    """
    shapes = None if columns is None else {n: shape_of(t) for n, t in columns.items()}
    backend = ClosureBackend(day=lambda: _ANY_DAY, columns=shapes)
    for line in document.fields:
        if isinstance(line, Field):
            yield from _field_problems(document, line, backend)
            continue
        inner = ClosureBackend(day=backend.day, element=line.alias)
        for part in line.parts:
            yield from _field_problems(document, part, inner)


def _field_problems(document: Document, field: Field, backend: ClosureBackend) -> Iterator[Problem]:
    attribute = document.schema.attributes[field.slot.attribute]
    wanted = type_of(attribute, field.slot.part)
    given = _kind(field, backend)
    if _hopeless(given, wanted):
        message = (
            f"gives a {given.value}, which is never a {wanted.value} for {field.name}; "
            f"{_MENDS[wanted]}"
        )
        yield Problem(field.place, f"fields.{field.name}", message)


def _kind(field: Field, backend: ClosureBackend) -> Kind:
    if field.lookup is not None:
        return lookup_table(field.lookup)[1]
    if field.steps:
        return STEPS[field.steps[-1].name].gives
    return Translator(backend).term(field.expression).kind


def _hopeless(given: Kind, wanted: Kind) -> bool:
    if given in {Kind.LIST, Kind.STRUCT}:
        return True
    samples = _SAMPLES.get(given, ())
    return bool(samples) and all(CONVERT[wanted](sample) is None for sample in samples)
