"""What a named step is: declared arguments, an SQL form and a Python form that say the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from mappings.values import STRIP_SQL, Kind


class Accepts(StrEnum):
    """What may be written as a step's argument."""

    TEXT = "text"
    TEXTS = "list of texts"
    INTEGER = "integer"
    EXPRESSION = "text or expression on the row"


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a step. `choices` closes the list of allowed texts; None leaves it open.

    `check` says what is wrong with a value, or None; it is asked for each text of a list.
    """

    accepts: Accepts
    doc: str
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] | None = None
    check: Callable[[str], str | None] | None = None


@dataclass(frozen=True, slots=True)
class Udf:
    """A Python function that the SQL form calls for what SQL alone cannot do.

    `call` takes texts (or None) and gives a text or None; DuckDB calls it only for the values the
    fast path left over, and it is cached by value.
    """

    name: str
    call: Callable[..., str | None]
    arity: int


Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StepSpec:
    """One named step.

    It takes a value of kind `takes` and gives one of kind `gives`; a value that is already of a
    kind in `passes` is only converted. NULL stays NULL, and blank text becomes NULL for a step
    that can refuse. `reason` is what a refusal says (never the value); None when it never refuses.

    `sql(value, arguments)` gets SQL text for the value and for every ``EXPRESSION`` argument (NULL
    when absent), Python values for the others. `prepare` names SQL to be computed first, once,
    from the same; the SQL form finds it among its arguments. `python(arguments)` gets the plain
    arguments and returns the function of the value and of the ``EXPRESSION`` arguments, in their
    declared order. `trims` says that white space around the value makes no difference to it.
    """

    name: str
    doc: str
    sql: Callable[[str, Arguments], str]
    python: Callable[[Arguments], Callable[..., Any]]
    takes: Kind = Kind.TEXT
    gives: Kind = Kind.TEXT
    arguments: Mapping[str, Argument] = field(default_factory=lambda: MappingProxyType({}))
    reason: str | None = None
    passes: frozenset[Kind] = frozenset()
    udfs: tuple[Udf, ...] = ()
    prepare: Callable[[str, Arguments], Mapping[str, str]] | None = None
    trims: bool = False

    @property
    def row_arguments(self) -> tuple[str, ...]:
        """The names of the arguments that may be expressions on the row."""
        return tuple(n for n, a in self.arguments.items() if a.accepts is Accepts.EXPRESSION)


def stripped(value: str, _: Arguments) -> Mapping[str, str]:
    """Prepare the value without white space around it, as ``stripped``."""
    return {"stripped": STRIP_SQL.format(value)}


def simple(sql: str, python: Callable[..., Any]) -> dict[str, Any]:
    """Give both forms of a step without arguments: an SQL template and a function."""
    return {"sql": lambda value, _: sql.format(value), "python": lambda _: python}
