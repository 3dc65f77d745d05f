"""How a value is made: where it comes from, its steps, its lookup, its default.

Mapping fields and push fields share this part of the language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import yaml
from sqlglot import exp

from mappings.reading import Reader
from mappings.scopes import Scope
from mappings.steps import STEPS
from mappings.suggest import did_you_mean
from mappings.tree import Step

ORIGINS = ("from", "expr", "first_of", "const")
RECIPE_KEYS = (*ORIGINS, "steps", "args", "lookup", "default")
"""The keys a recipe may have; a field adds its own."""

Scalar = str | bool | int | None


@dataclass(frozen=True, slots=True)
class Recipe:
    """A value to be made: expression, then steps, then lookup, then default."""

    expression: exp.Expr
    steps: tuple[Step, ...] = ()
    lookup: Mapping[str, Scalar] | None = None
    default: exp.Expr | None = None


@dataclass(frozen=True, slots=True)
class RecipeReader:
    """Reads recipes of one file in one scope; `aliases` tell expressions from plain arguments."""

    reader: Reader
    scope: Scope
    aliases: tuple[str, ...]

    def read(self, node: yaml.Node, entries: Mapping[str, yaml.Node], where: str) -> Recipe | None:
        """Read the recipe among a field's entries; None when a problem was noted."""
        before = len(self.reader.problems)
        expression = self._origin(node, entries, where)
        steps = self._steps(entries, where)
        lookup = self._lookup(entries.get("lookup"), where)
        default = entries.get("default")
        fallback = (
            self.reader.argument(default, f"{where}.default", self.scope, self.aliases)
            if default is not None
            else None
        )
        if expression is None or len(self.reader.problems) > before:
            return None
        return Recipe(expression, steps, lookup, fallback)

    def short(self, node: yaml.Node, where: str) -> Recipe | None:
        """Read the short form: an expression, or a number or truth value for every record."""
        expression = self.reader.expression(node, where, self.scope)
        return None if expression is None else Recipe(expression)

    def _origin(
        self, node: yaml.Node, entries: Mapping[str, yaml.Node], where: str
    ) -> exp.Expr | None:
        named = [key for key in ORIGINS if key in entries]
        if len(named) != 1:
            said = " and ".join(named) if named else "nothing"
            message = f"write one of {', '.join(ORIGINS)}; {said} is written here"
            if named or len(entries) == len(node.value):  # an unknown key is told already
                self.reader.problem(node, where, message)
            return None
        key = named[0]
        value, inside = entries[key], f"{where}.{key}"
        if key == "const":
            return self.reader.literal(value, inside)
        if key == "first_of":
            return self._first_of(value, inside)
        if key == "from" and isinstance(value, yaml.SequenceNode):
            self.reader.problem(value, inside, "write first_of: for a list of alternatives")
            return None
        return self.reader.expression(value, inside, self.scope)

    def _first_of(self, node: yaml.Node, where: str) -> exp.Expr | None:
        found = [
            self.reader.expression(item, where, self.scope)
            for item in self.reader.items(node, where)
        ]
        values = [value for value in found if value is not None]
        if len(values) < 2:
            if len(found) == len(values):
                self.reader.problem(node, where, "name two or more alternatives, or write from:")
            return None
        *tried, last = values
        return _call("coalesce", *[_unless_blank(value) for value in tried], last)

    def _steps(self, entries: Mapping[str, yaml.Node], where: str) -> tuple[Step, ...]:
        shared = self._shared(entries, where)
        nodes = self.reader.items(entries["steps"], f"{where}.steps") if "steps" in entries else []
        steps = [self._step(node, f"{where}.steps", shared) for node in nodes]
        used = {name for step in steps if step for name in step.arguments}
        for name, (key, _) in shared.items():
            if name not in used and all(steps):
                declared = [a for step in steps if step for a in STEPS[step.name].arguments]
                hint = did_you_mean(name, declared) or "; no step here takes arguments"
                self.reader.problem(key, f"{where}.args", f"no step takes {name!r}{hint}")
        return tuple(step for step in steps if step)

    def _shared(
        self, entries: Mapping[str, yaml.Node], where: str
    ) -> dict[str, tuple[yaml.Node, exp.Expr]]:
        if "args" not in entries:
            return {}
        inside = f"{where}.args"
        shared: dict[str, tuple[yaml.Node, exp.Expr]] = {}
        for key, value in self.reader.pairs(entries["args"], inside):
            argument = self.reader.argument(value, inside, self.scope, self.aliases)
            if argument is not None:
                shared[key.value] = (key, argument)
        return shared

    def _step(
        self, node: yaml.Node, where: str, shared: Mapping[str, tuple[yaml.Node, exp.Expr]]
    ) -> Step | None:
        own: list[tuple[yaml.ScalarNode, yaml.Node]] = []
        word = node
        if isinstance(node, yaml.MappingNode) and len(node.value) == 1:
            word, body = node.value[0]
            own = self.reader.pairs(body, where)
        name = self.reader.word(word, where)
        spec = STEPS.get(name)
        if spec is None:
            if name:
                hint = did_you_mean(name, STEPS)
                self.reader.problem(word, where, f"unknown step {name!r}{hint}")
            return None
        arguments = {n: value for n, (_, value) in shared.items() if n in spec.arguments}
        for key, value in own:
            if key.value not in spec.arguments:
                hint = did_you_mean(key.value, spec.arguments) or "; it takes no arguments"
                self.reader.problem(key, where, f"{name} takes no {key.value!r}{hint}")
                continue
            argument = self.reader.argument(value, where, self.scope, self.aliases)
            if argument is not None:
                arguments[key.value] = argument
        return Step(name, arguments)

    def _lookup(self, node: yaml.Node | None, where: str) -> dict[str, Scalar] | None:
        if node is None:
            return None
        inside = f"{where}.lookup"
        table: dict[str, Scalar] = {}
        for key, value in self.reader.pairs(node, inside):
            scalar = self.reader.value(value, inside)
            if scalar is None or isinstance(scalar, str | bool | int):
                table[key.value] = scalar
            else:
                self.reader.problem(value, inside, "write a text, a whole number, true or false")
        return table


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _unless_blank(value: exp.Expr) -> exp.Expr:
    """Make ``case when trim(cast(value as text)) <> '' then value end``."""
    text = exp.Cast(this=value, to=exp.DataType.build("TEXT", dialect="duckdb"))
    filled = exp.NEQ(this=_call("trim", text), expression=exp.Literal.string(""))
    return exp.Case(ifs=[exp.If(this=filled, true=value.copy())])
