"""The arguments of a step in a document: plain values are read and checked, expressions kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from mappings.steps.spec import Accepts, Argument, StepSpec
from mappings.terms import literal_value


def read_arguments(
    spec: StepSpec, given: Mapping[str, exp.Expr]
) -> tuple[dict[str, Any], dict[str, exp.Expr]]:
    """Return the plain arguments, defaults filled in, and the expressions on the row.

    Raises ValueError with the mend.
    """
    values: dict[str, Any] = {}
    expressions: dict[str, exp.Expr] = {}
    for name, argument in spec.arguments.items():
        if name not in given:
            if argument.required:
                raise ValueError(f"{spec.name} needs the argument {name}: {argument.doc}")
            if argument.accepts is not Accepts.EXPRESSION:
                values[name] = argument.default
        elif argument.accepts is Accepts.EXPRESSION:
            expressions[name] = given[name]
        else:
            values[name] = _value(f"{spec.name}: {name}", argument, given[name])
    return values, expressions


def _value(what: str, argument: Argument, node: exp.Expr) -> Any:
    if argument.accepts is Accepts.TEXTS:
        items = node.expressions if isinstance(node, exp.Array) else [node]
        return tuple(_text(what, argument, item) for item in items)
    if argument.accepts is Accepts.INTEGER:
        negative = isinstance(node, exp.Neg)
        value, _ = literal_value(node.this if negative else node, -1 if negative else 1)
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > 1_000_000:
            raise ValueError(f"{what} is a whole number")
        return value
    return _text(what, argument, node)


def _text(what: str, argument: Argument, node: exp.Expr) -> str:
    value, _ = literal_value(node)
    if isinstance(value, bool):
        value = "true" if value else "false"
    if value is None:
        raise ValueError(f"{what} is a text")
    text = str(value)
    if argument.choices is not None and text not in argument.choices:
        raise ValueError(f"{what} is one of {', '.join(argument.choices)}, not {text!r}")
    problem = argument.check(text) if argument.check else None
    if problem:
        raise ValueError(f"{what}: {problem}")
    return text
