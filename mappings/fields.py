"""Reads ``fields:`` of a mapping: each line becomes a `Field`, or an `Each` for a list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import yaml

from mappings.dialect import SyntaxProblem
from mappings.expressions import parse
from mappings.names import NameProblem, resolve
from mappings.reading import Reader
from mappings.recipes import RECIPE_KEYS, Recipe, RecipeReader
from mappings.schema import Schema
from mappings.scopes import RowScope
from mappings.suggest import did_you_mean
from mappings.tree import Each, Field, OnError, Slot

FIELD_KEYS = (*RECIPE_KEYS, "on_error", "pii")
EACH_KEYS = ("each", "as", "parts")
NO_PII = "none"


@dataclass(frozen=True, slots=True)
class FieldReader:
    """Reads the fields of one mapping file over rows of `scope`."""

    reader: Reader
    schema: Schema
    scope: RowScope

    def read(self, node: yaml.Node) -> tuple[Field | Each, ...]:
        """Read all lines; problems are noted in the reader."""
        fields: list[Field | Each] = []
        for key, value in self.reader.pairs(node, "fields"):
            fields += self._line(key, value)
        return tuple(fields)

    def _line(self, key: yaml.ScalarNode, node: yaml.Node) -> Iterable[Field | Each]:
        name, where = key.value, f"fields.{key.value}"
        if isinstance(node, yaml.MappingNode):
            keys = {entry.value for entry, _ in node.value if isinstance(entry, yaml.ScalarNode)}
            if "each" in keys:
                return self._each(key, node, where)
            if "parts" in keys:
                return self._group(key, node, where)
        slot = self._slot(key, name, where)
        return () if slot is None else self._field(key, name, slot, node, self.scope)

    def _slot(self, key: yaml.Node, name: str, where: str) -> Slot | None:
        try:
            slot = resolve(name, self.schema)
        except NameProblem as problem:
            self.reader.problem(key, where, str(problem))
            return None
        attribute = self.schema.attributes[slot.attribute]
        if attribute.many and slot.part is None:
            single = f"{attribute.short} or " if attribute.short else ""
            self.reader.problem(
                key, where, f"{name} is a list; write {single}{name}[label], or each: and parts:"
            )
            return None
        taken = attribute.label_part if slot.label else None
        if slot.part is not None and slot.part in {taken, "primary"}:
            reason = "is the label itself" if slot.part == taken else "is set by the short name"
            self.reader.problem(key, where, f"the part {slot.part!r} {reason}; remove this line")
            return None
        return slot

    def _field(
        self, key: yaml.Node, name: str, slot: Slot, node: yaml.Node, scope: RowScope
    ) -> Iterable[Field]:
        where = f"fields.{name}"
        recipes = RecipeReader(self.reader, scope, scope.aliases)
        pii = self.schema.attributes[slot.attribute].pii
        on_error = OnError.QUARANTINE
        if isinstance(node, yaml.MappingNode):
            entries = self.reader.entries(node, where, FIELD_KEYS)
            recipe = recipes.read(node, entries, where)
            on_error = self.reader.choice(
                entries.get("on_error"), f"{where}.on_error", OnError, OnError.QUARANTINE
            )
            pii = self._pii(entries.get("pii"), f"{where}.pii", pii)
        else:
            recipe = recipes.short(node, where)
        return () if recipe is None else (self._made(key, name, slot, recipe, on_error, pii),)

    def _made(
        self,
        key: yaml.Node,
        name: str,
        slot: Slot,
        recipe: Recipe,
        on_error: OnError,
        pii: str | None,
    ) -> Field:
        return Field(
            name=name,
            slot=slot,
            place=self.reader.place(key),
            expression=recipe.expression,
            steps=recipe.steps,
            lookup=recipe.lookup,
            default=recipe.default,
            on_error=on_error,
            pii=pii,
        )

    def _pii(self, node: yaml.Node | None, where: str, default: str | None) -> str | None:
        if node is None:
            return default
        word = self.reader.word(node, where)
        kinds = {a.pii for a in self.schema.attributes.values() if a.pii} | {NO_PII}
        if word and word not in kinds:
            self.reader.problem(node, where, f"unknown kind {word!r}{did_you_mean(word, kinds)}")
        return None if word == NO_PII else word

    def _group(self, key: yaml.Node, node: yaml.MappingNode, where: str) -> Iterable[Field]:
        """Read ``address: {parts: {locality: c.City}}`` as ``address.locality`` and so on."""
        entries = self.reader.entries(node, where, {"parts"})
        fields: list[Field] = []
        for part, value in self.reader.pairs(entries["parts"], f"{where}.parts"):
            name = f"{key.value}.{part.value}"
            slot = self._slot(part, name, f"fields.{name}")
            if slot is not None:
                fields += self._field(part, name, slot, value, self.scope)
        return fields

    def _each(self, key: yaml.ScalarNode, node: yaml.MappingNode, where: str) -> Iterable[Each]:
        attribute = self.schema.attributes.get(key.value)
        if attribute is None or not attribute.many:
            lists = [a.name for a in self.schema.attributes.values() if a.many]
            hint = did_you_mean(key.value, lists)
            self.reader.problem(key, where, f"each: fills a list; {key.value!r} is none{hint}")
            return ()
        entries = self.reader.entries(node, where, EACH_KEYS)
        source = self.reader.expression(entries["each"], f"{where}.each", self.scope)
        alias = self._alias(entries, node, where)
        parts = self.reader.required(entries, "parts", node, where)
        if source is None or parts is None or not alias:
            return ()
        inner = replace(self.scope, element=alias)
        made = self._parts(parts, attribute.name, attribute.parts or {}, inner)
        if not made:
            return ()
        place = self.reader.place(key)
        return (Each(key.value, attribute.name, place, source, alias, tuple(made)),)

    def _alias(self, entries: Mapping[str, yaml.Node], node: yaml.Node, where: str) -> str:
        named = self.reader.required(entries, "as", node, where)
        alias = self.reader.word(named, f"{where}.as")
        if named is not None and alias:
            if alias == self.scope.alias:
                self.reader.problem(named, f"{where}.as", f"{alias!r} is the row; choose another")
                return ""
            return checked_alias(self.reader, named, alias, f"{where}.as")
        return ""

    def _parts(
        self, node: yaml.Node, attribute: str, known: Mapping[str, object], scope: RowScope
    ) -> list[Field]:
        fields: list[Field] = []
        for part, value in self.reader.pairs(node, f"fields.{attribute}.parts", known):
            slot = Slot(attribute, part.value)
            fields += self._field(part, f"{attribute}.{part.value}", slot, value, scope)
        return fields


def checked_alias(reader: Reader, node: yaml.Node, alias: str, where: str) -> str:
    """Return an alias that SQL can read, or the empty text after noting the problem."""
    try:
        if alias.isidentifier() and alias.isascii():
            parse(f"{alias}.x", RowScope(alias))
            return alias
    except SyntaxProblem:
        pass
    reader.problem(node, where, f"{alias!r} cannot be an alias; write a short word, such as c")
    return ""
