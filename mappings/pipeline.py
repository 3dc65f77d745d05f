"""What both engines know about making one value: steps with their arguments, reasons, types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Protocol

from sqlglot import exp

from mappings.errors import MappingError, Place, Problem
from mappings.schema import Attribute, Type
from mappings.steps import STEPS, StepSpec
from mappings.steps.arguments import read_arguments
from mappings.tree import Field, Step
from mappings.values import Kind, kind_of, to_text

Scalar = str | bool | int | None


class Recipe(Protocol):
    """How a value is made: expression, steps, lookup, conversion to its type, default."""

    @property
    def expression(self) -> exp.Expr:
        """Where the value comes from."""

    @property
    def steps(self) -> Sequence[Step]:
        """What is done to it, in order."""

    @property
    def lookup(self) -> Mapping[str, Scalar] | None:
        """The table it is looked up in."""

    @property
    def default(self) -> exp.Expr | None:
        """What stands in for nothing."""


@dataclass(frozen=True, slots=True)
class StepCall:
    """A step with its plain arguments read and its expressions on the row, in declared order."""

    spec: StepSpec
    values: Mapping[str, Any]
    expressions: Mapping[str, exp.Expr]


LOOKUP = "lookup"
TRIM = "trim"
NOT_FOUND = "not in the lookup table"
TYPE = "type"
WRONG_TYPE = {
    Kind.TEXT: "a list or an object, not a text; name one of its parts, or join a list",
    Kind.BOOLEAN: "neither true nor false",
    Kind.INTEGER: "not a whole number",
    Kind.DECIMAL: "not a number",
    Kind.DATE: "not an ISO date; the step date reads other formats",
    Kind.TIMESTAMP: "not an ISO time; the step timestamp reads other formats",
}
KEY = "key"
NO_KEY = "the row has no key"


def step_calls(steps: Sequence[Step]) -> list[StepCall]:
    """Read the arguments of steps, a trim that the next step does anyway left out.

    Raises ValueError with the mend.
    """
    calls = [
        StepCall(STEPS[step.name], *read_arguments(STEPS[step.name], step.arguments))
        for step in steps
    ]
    return [
        call
        for call, then in zip_longest(calls, calls[1:])
        if call.spec.name != TRIM or then is None or not then.spec.trims
    ]


def lookup_table(table: Mapping[str, Scalar]) -> tuple[dict[str, Any], Kind]:
    """Return a lookup with values of one kind, text when they differ, and that kind."""
    kinds = {_KINDS[type(value)] for value in table.values() if value is not None}
    if len(kinds) > 1:
        return {key: to_text(value) for key, value in table.items()}, Kind.TEXT
    return dict(table), kinds.pop() if kinds else Kind.TEXT


_KINDS: dict[type, Kind] = {bool: Kind.BOOLEAN, int: Kind.INTEGER, str: Kind.TEXT}


def type_of(attribute: Attribute, part: str | None) -> Kind:
    """Return the kind a slot holds."""
    if attribute.parts is None:
        return kind_of(attribute.type)
    return kind_of(attribute.parts.get(part or "", Type.TEXT))


@contextmanager
def at(place: Place, where: str) -> Iterator[None]:
    """Turn a ValueError with a mend into a MappingError with its place."""
    try:
        yield
    except ValueError as error:
        raise MappingError([Problem(place, where, str(error))]) from None


def where_of(field: Field) -> str:
    """Return how a field is named in problems."""
    return f"fields.{field.name}"
