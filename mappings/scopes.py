"""What the names in an expression stand for: a source's row, an element of a list, a profile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlglot import exp

from mappings.names import NameProblem, known, resolve
from mappings.schema import Schema
from mappings.suggest import did_you_mean
from mappings.tree import Slot


@dataclass(frozen=True, slots=True)
class Label:
    """The word in ``emails[work]``."""

    word: str


Path = Sequence[str | int | Label]
"""A written path: ``c.items[1].sku`` is ("c", "items", 0, "sku")."""


class Scope(Protocol):
    """Turns a written path into the canonical column; raises NameProblem with the mend."""

    def column(self, path: Path) -> exp.Expr:
        """Return the node `mappings.tree` describes."""


@dataclass(frozen=True, slots=True)
class RowScope:
    """A source's row under `alias`, and inside ``each`` the element under `element`."""

    alias: str
    element: str | None = None

    @property
    def aliases(self) -> tuple[str, ...]:
        """The words that a path may begin with."""
        return (self.alias,) if self.element is None else (self.alias, self.element)

    def column(self, path: Path) -> exp.Expr:
        """Take any column: which ones a source has is checked against its schema, not here."""
        head, *rest = path
        if head == self.element and not rest:
            return exp.Column(this=_quoted(str(head)))
        if head not in self.aliases:
            if len(path) == 1:
                raise NameProblem(
                    f"{head!r} is no column; write {self.alias}.{head}, or '{head}' in quotes "
                    "for the text"
                )
            raise NameProblem(f"unknown alias {head!r}{did_you_mean(str(head), self.aliases)}")
        if not rest:
            raise NameProblem(f"{head!r} is the whole row; write {head}.Column")
        if not isinstance(rest[0], str):
            raise NameProblem(f"{head!r} is the row and no list; write {head}.Column")
        return _below(_column(rest[0], str(head)), rest[1:])


@dataclass(frozen=True, slots=True)
class ProfileScope:
    """A canonical record under `alias`: attributes, short names, labels, and `also` (``gid``)."""

    alias: str
    schema: Schema = field(repr=False)
    also: frozenset[str] = frozenset()

    def column(self, path: Path) -> exp.Expr:
        """Take canonical names only; what stands before an index must be a whole list."""
        head, *rest = path
        if head != self.alias:
            if len(path) == 1:
                raise NameProblem(f"{head!r} is no value; write {self.alias}.{head}")
            raise NameProblem(f"unknown alias {head!r}{did_you_mean(str(head), [self.alias])}")
        if not rest:
            raise NameProblem(f"{head!r} is the whole profile; write {head}.email or another name")
        index = next((at for at, part in enumerate(rest) if isinstance(part, int)), len(rest))
        name = _written(rest[:index])
        slot = self._slot(name)
        if index == len(rest):
            return _column(name, self.alias)
        self._below_a_list(name, slot, rest[index + 1 :])
        return _below(_column(name, self.alias), rest[index:])

    def _slot(self, name: str) -> Slot | None:
        if name in self.also:
            return None
        try:
            return resolve(name, self.schema)
        except NameProblem as problem:
            if str(problem).startswith("unknown attribute"):
                names = [*known(self.schema), *self.also]
                message = f"unknown attribute {name!r}{did_you_mean(name, names)}"
                raise NameProblem(message) from None
            raise

    def _below_a_list(self, name: str, slot: Slot | None, rest: Path) -> None:
        attribute = self.schema.attributes[slot.attribute] if slot else None
        if attribute is None or not attribute.many or slot is None or slot.part is not None:
            raise NameProblem(f"{name!r} is no list and takes no index")
        if rest and (len(rest) > 1 or rest[0] not in (attribute.parts or {})):
            part = rest[0].word if isinstance(rest[0], Label) else str(rest[0])
            hint = did_you_mean(part, attribute.parts or {})
            raise NameProblem(f"unknown part {part!r} of {name}{hint}")


def _written(path: Path) -> str:
    text = ""
    for part in path:
        text += f"[{part.word}]" if isinstance(part, Label) else f".{part}"
    return text.removeprefix(".")


def _below(node: exp.Expr, path: Path) -> exp.Expr:
    for part in path:
        if isinstance(part, Label):
            raise NameProblem(f"[{part.word}] is no number; an index is a number counted from 1")
        if isinstance(part, int):
            node = exp.Bracket(this=node, expressions=[exp.Literal.number(part)])
        else:
            node = exp.Dot(this=node, expression=_quoted(part))
    return node


def _column(name: str, alias: str) -> exp.Expr:
    return exp.Column(this=_quoted(name), table=_quoted(alias))


def _quoted(name: str) -> exp.Identifier:
    return exp.Identifier(this=name, quoted=True)
