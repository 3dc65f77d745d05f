"""The engine for one record: a checked document compiled into closures.

The same tree as `mappings.batch` compiles to SQL; a test holds both to the same answers. Used for
a login, a webhook, an example in a mapping file, and for expressions over a profile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter
from typing import Any

from sqlglot import exp

from mappings.closures import ClosureBackend, Form
from mappings.elements import ElementPlan, ListPlan, plan_record
from mappings.pipeline import KEY, NO_KEY, Recipe, at, type_of, where_of
from mappings.profilepaths import profile_reader
from mappings.schema import CUSTOMER, Schema
from mappings.shapes import shape_of
from mappings.terms import Translator
from mappings.tree import Document, Each, Field, OnError
from mappings.valueclosures import Maker, Refusal, compile_maker
from mappings.values import SPACES, Kind

Row = Mapping[str, Any]
Clock = Callable[[], date]


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """A value that a step refused: which field, which step, its reason and what follows."""

    field: str
    step: str
    reason: str
    severity: OnError


@dataclass(frozen=True, slots=True)
class MappedRecord:
    """One record in canonical words: every attribute the mapping sets, None or [] when empty.

    An `erased` one is `deleted`, too.
    """

    key: str | None
    cursor: str | None
    deleted: bool
    attributes: dict[str, Any] = field(repr=False)
    problems: tuple[FieldProblem, ...] = ()
    erased: bool = False


Mapper = Callable[[Row], MappedRecord | None]

_Problems = list[FieldProblem]
_Values = list[Any]
_Element = dict[str, Any]


def compile_record(
    document: Document, *, columns: Mapping[str, str] | None = None, today: Clock | None = None
) -> Mapper:
    """Compile a document into a function from a row to its record; None when `where` leaves it out.

    With `columns` (name to DuckDB type) values are read as those types, and columns not named are
    NULL; without it each value's own type counts. Raises MappingError for an argument or pattern
    that cannot be used, and for today() without `today`.
    """
    shapes = None if columns is None else {n: shape_of(t) for n, t in columns.items()}
    backend = ClosureBackend(day=today, columns=shapes)
    row = Translator(backend)
    where = _edge(document, "where", document.where, row, Kind.BOOLEAN)
    key = _edge(document, "key", document.key, row, Kind.TEXT)
    cursor = _edge(document, "cursor", document.cursor, row, Kind.TEXT)
    delete = _edge(document, "delete", document.delete, row, Kind.BOOLEAN)
    erase = _edge(document, "erase", document.erase, row, Kind.BOOLEAN)
    lines = [_line(document, line, backend) for line in document.fields]
    fillers: list[tuple[str, Callable[[_Values], Any]]] = [
        (attribute.name, itemgetter(plan) if isinstance(plan, int) else _list(plan))
        for attribute, plan in plan_record(document).attributes
    ]
    no_key = FieldProblem(KEY, KEY, NO_KEY, OnError.QUARANTINE)

    def map_row(given: Row) -> MappedRecord | None:
        if document.where is not None and where(given) is not True:
            return None
        problems: _Problems = []
        values = [line(given, problems) for line in lines]
        attributes = {name: fill(values) for name, fill in fillers}
        name = key(given)
        if name is None or not name.strip(SPACES):
            problems.insert(0, no_key)
        erased = erase(given) is True
        deleted = erased or delete(given) is True
        return MappedRecord(name, cursor(given), deleted, attributes, tuple(problems), erased)

    return map_row


def _edge(
    document: Document, name: str, node: exp.Expr | None, row: Translator[Form], kind: Kind
) -> Form:
    if node is None:
        return lambda _: None
    with at(document.place, name):
        return row.converted(row.term(node), kind).form


def _line(document: Document, line: Field | Each, backend: ClosureBackend) -> Maker:
    if isinstance(line, Each):
        return _each(document, line, backend)
    attribute = document.schema.attributes[line.slot.attribute]
    kind = type_of(attribute, line.slot.part)

    def report(step: str, reason: str) -> FieldProblem:
        return FieldProblem(line.name, step, reason, line.on_error)

    with at(line.place, where_of(line)):
        return compile_maker(line, Translator(backend), kind, report)


def _each(document: Document, line: Each, backend: ClosureBackend) -> Maker:
    with at(line.place, f"fields.{line.name}.each"):
        source = Translator(backend).term(line.source)
    shape = source.shape.element if source.shape is not None else None
    if source.shape is not None and shape is None:
        shape = source.shape
    inner = ClosureBackend(
        day=backend.day, columns=backend.columns, element=line.alias, element_shape=shape
    )
    parts = [(str(part.slot.part), _line(document, part, inner)) for part in line.parts]
    items = source.form

    def run(row: Row, problems: _Problems) -> list[dict[str, Any]]:
        found = items(row)
        if not isinstance(found, list):
            return []
        return [{part: make((row, element), problems) for part, make in parts} for element in found]

    return run


def _list(plan: ListPlan) -> Callable[[_Values], list[_Element]]:
    makers = [_elements(plan, item) for item in plan.items]
    primary = plan.promote and "primary" in plan.parts
    if len(makers) == 1 and isinstance(plan.items[0], ElementPlan):
        only = makers[0]

        def fill_one(values: _Values) -> list[_Element]:
            elements = only(values)
            if primary and elements:
                elements[0]["primary"] = True
            return elements

        return fill_one

    def fill(values: _Values) -> list[_Element]:
        elements = _unique(plan, [element for make in makers for element in make(values)])
        if primary and elements:
            elements[0]["primary"] = True
        return elements

    return fill


def _elements(plan: ListPlan, item: ElementPlan | int) -> Callable[[_Values], list[_Element]]:
    """Return what makes the elements of one item that have a value, all parts in order."""
    needed = plan.values
    empty: _Element = dict.fromkeys(plan.parts)
    if "primary" in plan.parts:
        empty["primary"] = False
    if isinstance(item, ElementPlan):
        return _element(item, empty | dict(item.constants), needed)

    def many(values: _Values) -> list[_Element]:
        found = []
        for held in values[item]:
            element = empty | held
            if any(element[part] is not None for part in needed):
                if "primary" in empty and element["primary"] is None:
                    element["primary"] = False
                found.append(element)
        return found

    return many


def _element(
    item: ElementPlan, empty: _Element, needed: Sequence[str]
) -> Callable[[_Values], list[_Element]]:
    parts = tuple(item.parts.items())
    always = any(item.constants.get(part) is not None for part in needed)
    tested = tuple(item.parts[part] for part in needed if part in item.parts)

    def make(values: _Values) -> list[_Element]:
        for position in tested:
            if values[position] is not None:
                break
        else:
            if not always:
                return []
        element = empty.copy()
        for part, position in parts:
            element[part] = values[position]
        return [element]

    return make


def _unique(plan: ListPlan, elements: list[_Element]) -> list[_Element]:
    """Make one of equal elements: the first, its flags or-ed."""
    if len(elements) < 2:
        return elements
    found: dict[tuple[Any, ...], _Element] = {}
    for element in elements:
        first = found.setdefault(tuple([element[part] for part in plan.identity]), element)
        if first is not element:
            for flag in plan.flags:
                first[flag] = _either(first[flag], element[flag])
    return list(found.values())


def _either(left: bool | None, right: bool | None) -> bool | None:  # noqa: FBT001 (an operand)
    if left or right:
        return True
    return None if left is None and right is None else False


def compile_expression(
    expression: exp.Expr, schema: Schema = CUSTOMER, *, today: Clock | None = None
) -> Callable[[Mapping[str, Any]], Any]:
    """Compile an expression over a canonical record or profile, short names included.

    Names that are no attribute (``gid``) are read as they are. Raises ValueError with the mend.
    """
    backend = ClosureBackend(day=today, reader=profile_reader(schema))
    return Translator(backend).term(expression).form


def compile_value(
    recipe: Recipe, schema: Schema = CUSTOMER, *, today: Clock | None = None
) -> Callable[[Mapping[str, Any]], tuple[Any, Refusal | None]]:
    """Compile a recipe over a canonical record into a function that gives (value, refusal).

    Raises ValueError with the mend.
    """
    backend = ClosureBackend(day=today, reader=profile_reader(schema))
    make = compile_maker(recipe, Translator(backend), None)

    def value(record: Mapping[str, Any]) -> tuple[Any, Refusal | None]:
        refusals: list[Refusal] = []
        made = make(record, refusals)
        return made, refusals[0] if refusals else None

    return value
