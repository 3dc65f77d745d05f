"""Walks one mapping file and collects every problem with its place, instead of stopping at one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

import yaml
from sqlglot import exp

from mappings.dialect import SyntaxProblem
from mappings.errors import MappingError, Place, Problem
from mappings.expressions import parse
from mappings.scopes import Scope
from mappings.suggest import did_you_mean
from mappings.yamltext import compose, data, place, place_in

Word = TypeVar("Word", bound=StrEnum)


@dataclass(slots=True)
class Reader:
    """One file being read: `problems` grows, and `finish` raises them all."""

    file: str
    text: str
    root: yaml.Node = field(init=False)
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root, problems = compose(self.text, self.file)
        self.problems.extend(problems)

    def finish(self) -> None:
        """Raise MappingError when anything was wrong."""
        if self.problems:
            raise MappingError(self.problems)

    def place(self, node: yaml.Node) -> Place:
        """Return where a node begins."""
        return place(node, self.file)

    def problem(self, node: yaml.Node, where: str, message: str) -> None:
        """Note a problem at the beginning of a node."""
        self.problems.append(Problem(self.place(node), where, message))

    def entries(
        self, node: yaml.Node, where: str, known: Collection[str] | None = None
    ) -> dict[str, yaml.Node]:
        """Return the values of a mapping by key; unknown keys are noted and left out."""
        return {key.value: value for key, value in self.pairs(node, where, known)}

    def pairs(
        self, node: yaml.Node, where: str, known: Collection[str] | None = None
    ) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
        """Return key and value nodes of a mapping; unknown keys are noted and left out."""
        if not isinstance(node, yaml.MappingNode):
            self.problem(node, where, "write this as key: value pairs")
            return []
        kept = []
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue  # noted when the file was composed
            if known is None or key.value in known:
                kept.append((key, value))
            else:
                hint = did_you_mean(key.value, known)
                self.problem(key, where, f"unknown key {key.value!r}{hint}")
        return kept

    def required(
        self, entries: Mapping[str, yaml.Node], key: str, node: yaml.Node, where: str
    ) -> yaml.Node | None:
        """Return the value of a key, noting its absence."""
        if key not in entries:
            self.problem(node, where, f"the key {key!r} is missing")
        return entries.get(key)

    def items(self, node: yaml.Node, where: str) -> list[yaml.Node]:
        """Return the items of a list."""
        if isinstance(node, yaml.SequenceNode):
            return list(node.value)
        self.problem(node, where, "write a list: [first, second]")
        return []

    def value(self, node: yaml.Node, where: str) -> object:
        """Return plain data; what can be read in two ways is noted and becomes None."""
        try:
            return data(node)
        except ValueError as error:
            self.problem(node, where, str(error))
            return None

    def word(self, node: yaml.Node | None, where: str) -> str:
        """Return a text; anything else is noted and becomes the empty text."""
        if node is None:
            return ""
        value = self.value(node, where) if isinstance(node, yaml.ScalarNode) else None
        if isinstance(value, str) and value.strip():
            return value
        self.problem(node, where, "write a text here")
        return ""

    def words(self, node: yaml.Node | None, where: str) -> tuple[str, ...]:
        """Return a list of texts; one text alone is a list of one."""
        if node is None:
            return ()
        items = [node] if isinstance(node, yaml.ScalarNode) else self.items(node, where)
        return tuple(word for item in items if (word := self.word(item, where)))

    def choice(self, node: yaml.Node | None, where: str, kind: type[Word], default: Word) -> Word:
        """Return one of the words of an enumeration."""
        if node is None:
            return default
        word = self.word(node, where)
        choices = [choice.value for choice in kind]
        if word in choices:
            return kind(word)
        if word:
            self.problem(node, where, f"unknown word {word!r}{did_you_mean(word, choices)}")
        return default

    def expression(self, node: yaml.Node, where: str, scope: Scope) -> exp.Expr | None:
        """Parse a text as SQL; a bare number or truth value is a literal."""
        if not isinstance(node, yaml.ScalarNode):
            self.problem(node, where, "write one expression, such as c.Email")
            return None
        value = self.value(node, where)
        if not isinstance(value, str):
            return self.literal(node, where)
        try:
            return parse(value, scope)
        except SyntaxProblem as problem:
            at = place_in(node, problem.offset, self.text, self.file)
            self.problems.append(Problem(at, where, str(problem)))
            return None

    def literal(self, node: yaml.Node, where: str) -> exp.Expr | None:
        """Return a text, number, truth value, date, null, or a list of those, as a literal."""
        if isinstance(node, yaml.SequenceNode):
            found = [self.literal(item, where) for item in node.value]
            return exp.Array(expressions=[item for item in found if item is not None])
        if not isinstance(node, yaml.ScalarNode):
            self.problem(node, where, "write a plain value here")
            return None
        before = len(self.problems)
        value = self.value(node, where)
        return None if len(self.problems) > before else _literal(node, value)

    def argument(
        self, node: yaml.Node, where: str, scope: Scope, aliases: tuple[str, ...]
    ) -> exp.Expr | None:
        """Return a literal, or an expression where it is written as one.

        An expression is ``{expr: ...}`` or a text that begins with an alias and a dot.
        """
        if isinstance(node, yaml.MappingNode):
            text = self.required(self.entries(node, where, {"expr"}), "expr", node, where)
            return None if text is None else self.expression(text, where, scope)
        if isinstance(node, yaml.ScalarNode) and str(node.value).startswith(
            tuple(f"{alias}." for alias in aliases)
        ):
            return self.expression(node, where, scope)
        return self.literal(node, where)


def _literal(node: yaml.ScalarNode, value: object) -> exp.Expr:
    if value is None:
        return exp.Null()
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, int | float):
        written = str(node.value).removeprefix("+")
        number = exp.Literal.number(written.removeprefix("-"))
        return exp.Neg(this=number) if written.startswith("-") else number
    return exp.Literal.string(str(node.value))
