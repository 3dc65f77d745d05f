"""What can be wrong with a mapping whose parts can each be read: doubles, types, examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

import yaml
from sqlglot import exp

from mappings.errors import MappingError, Place, Problem
from mappings.kinds import kind_problems
from mappings.names import NameProblem, resolve
from mappings.reading import Reader
from mappings.record import compile_record
from mappings.schema import Schema
from mappings.suggest import did_you_mean
from mappings.tree import Document, Each, Field, Slot, Test
from mappings.uses import uses

QUARANTINE, SKIP, TODAY = "$quarantine", "$skip", "$today"
"""What a test may expect instead of values: fields that refuse the row, a row left out; and what
its ``given:`` may hold beside columns: the day for ``today()``."""

_NO_CONDITION = (exp.Literal, exp.Neg, exp.Array, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.DPipe)
_NO_CLOCK = date(2000, 1, 1)


def check_truth(
    reader: Reader,
    conditions: Mapping[str, exp.Expr | None],
    entries: Mapping[str, yaml.Node],
) -> None:
    """Note conditions that can be neither true nor false."""
    for key, condition in conditions.items():
        bare = condition.unnest() if condition is not None else None
        if isinstance(bare, _NO_CONDITION):
            reader.problem(entries[key], key, "is no condition; compare it: c.Status = 'gone'")


def check_fields(reader: Reader, fields: Iterable[Field | Each], schema: Schema) -> None:
    """Note values that are set twice."""
    seen: dict[tuple[str, Slot], Place] = {}
    for field in fields:
        parts = field.parts if isinstance(field, Each) else (field,)
        source = field.name if isinstance(field, Each) else ""
        for part in parts:
            slot = _value_part(part.slot, schema)
            first = seen.setdefault((source, slot), part.place)
            if first is not part.place:
                message = f"is already set in line {first.line}; remove one, or write first_of:"
                reader.problems.append(Problem(part.place, f"fields.{part.name}", message))


def _value_part(slot: Slot, schema: Schema) -> Slot:
    """``emails[work]`` and ``emails[work].value`` are one place."""
    attribute = schema.attributes[slot.attribute]
    if attribute.many and slot.part is None:
        return Slot(slot.attribute, attribute.value_part, slot.label, slot.primary)
    return slot


def check_tests(
    reader: Reader, tests: Iterable[Test], fields: Iterable[Field | Each], schema: Schema
) -> None:
    """Note examples of one name, and expectations of what the mapping does not set."""
    made = tuple(fields)
    attributes = {f.attribute if isinstance(f, Each) else f.slot.attribute for f in made}
    names = {f.name for f in made} | {"_key", "_cursor", "_deleted", "_erased"}
    seen: set[str] = set()
    for test in tests:
        if test.name in seen:
            note(reader, test, "another test has this name; give it its own")
        seen.add(test.name)
        check_given_words(reader, test)
        for key, value in test.expect.items():
            if key == QUARANTINE:
                _check_quarantine(reader, test, value, names | {"key"})
            elif key != SKIP and key not in names:
                _check_expected(reader, test, key, attributes, schema)


def check_given_words(reader: Reader, test: Test, *, also: Sequence[str] = ()) -> None:
    """Note words with a dollar sign that mean nothing, and a day that is none."""
    for name, value in test.given.items():
        if name == TODAY and not isinstance(value, date):
            note(reader, test, f"{TODAY} is a day: write {TODAY}: 2024-02-29")
        elif name.startswith("$") and name not in {TODAY, *also}:
            note(reader, test, f"unknown word {name!r}{did_you_mean(name, [TODAY, *also])}")


def _check_quarantine(reader: Reader, test: Test, value: object, names: set[str]) -> None:
    fields = value if isinstance(value, list) else [value]
    for field in fields:
        if not isinstance(field, str) or field not in names:
            hint = did_you_mean(str(field), names)
            note(reader, test, f"{QUARANTINE} names {field!r}, which is no field{hint}")


def _check_expected(
    reader: Reader, test: Test, key: str, attributes: set[str], schema: Schema
) -> None:
    try:
        slot = resolve(key, schema)
    except NameProblem as problem:
        note(reader, test, str(problem))
        return
    if slot.attribute not in attributes:
        note(reader, test, f"expects {key!r}, which no field sets")


def note(reader: Reader, test: Test, message: str) -> None:
    """Note a problem of an example."""
    reader.problems.append(Problem(test.place, f"tests.{test.name}", message))


def check_meaning(reader: Reader, document: Document) -> None:
    """Note arguments, patterns and types that only show when all is together."""
    reader.problems += [*_compile_problems(document)] or [*kind_problems(document)]


def _compile_problems(document: Document) -> Iterator[Problem]:
    """Compile the whole, and when that fails each line alone, so that all problems are told."""
    if not _compiled(document):
        return
    yield from _compiled(replace(document, fields=()))
    edges = replace(document, key=exp.Null(), cursor=None, delete=None, erase=None, where=None)
    for line in document.fields:
        yield from _compiled(replace(edges, fields=(line,)))


def _compiled(document: Document) -> tuple[Problem, ...]:
    try:
        compile_record(document, today=lambda: _NO_CLOCK)
    except MappingError as error:
        return error.problems
    return ()


def check_columns(document: Document, columns: Mapping[str, str]) -> tuple[Problem, ...]:
    """Compare a mapping with its source's columns, by name to DuckDB type.

    Returns a problem for each line that reads a column the source does not have, and for each
    whose type can never be the attribute's. Letters count as written.
    """
    problems = [
        Problem(
            use.place,
            use.where,
            f"the source has no column {use.column!r}{did_you_mean(use.column, columns)}",
        )
        for use in uses(document)
        if use.column not in columns
    ]
    return tuple(dict.fromkeys([*problems, *kind_problems(document, columns)]))
