"""What a function of the expression language is: one name, one meaning, two forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mappings.values import Kind

SAME = "same"
"""A parameter or result whose kind is what all `SAME` arguments have in common."""

NUMBER = "number"
"""A parameter that is a BIGINT when all such arguments are, otherwise a DECIMAL.

The SQL template of such a function may also use ``{type}``, ``{wide}`` (which sums fit) and
``{factor}`` (whose products fit).
"""

LIST = Kind.LIST

Parameter = Kind | str


@dataclass(frozen=True, slots=True)
class Function:
    """One allowed function.

    `parameters` are the kinds of the arguments in order, `rest` the kind of any further ones;
    arguments of another kind are converted first. `result` is the kind it gives. Arguments whose
    positions are in `literals` must be written as literals, so that they can be checked. A strict
    function gives NULL when any argument is NULL, and its Python form is then not called.
    """

    name: str
    parameters: tuple[Parameter, ...]
    result: Parameter
    sql: Callable[..., str]
    python: Callable[..., Any]
    doc: str
    optional: int = 0
    rest: Parameter | None = None
    literals: tuple[int, ...] = ()
    strict: bool = True

    @property
    def min_args(self) -> int:
        """The fewest arguments it takes."""
        return len(self.parameters) - self.optional

    @property
    def max_args(self) -> int | None:
        """The most arguments it takes; None when there is no limit."""
        return None if self.rest else len(self.parameters)

    def parameter(self, position: int) -> Parameter:
        """Return the kind that the argument at this position (from 0) must have."""
        if position < len(self.parameters):
            return self.parameters[position]
        return self.rest if self.rest is not None else Kind.ANY


def template(text: str) -> Callable[..., str]:
    """Return an SQL form from a template: ``{0}`` is the first argument."""
    return text.format


def plain(name: str) -> Callable[..., str]:
    """Return the SQL form of a function that DuckDB knows under this name."""
    return lambda *arguments: f"{name}({', '.join(arguments)})"
