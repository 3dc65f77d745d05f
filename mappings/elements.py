"""How the fields of one multi-valued attribute become its list; decided once for both engines.

Fields with the same label make one element. An element without any value is left out; elements of
equal value become one (the first, its flags or-ed); when no field says which is primary, the first
element is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mappings.schema import Attribute, Type
from mappings.tree import Document, Each, Field

_FLAGS = ("primary", "verified")


@dataclass(frozen=True, slots=True)
class ElementPlan:
    """One element: values written in the document, and which field fills which part."""

    constants: Mapping[str, Any]
    parts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListPlan:
    """One multi-valued attribute; `items` are elements, or positions of `Each` in the document."""

    attribute: Attribute
    items: tuple[ElementPlan | int, ...]
    promote: bool

    @property
    def parts(self) -> Mapping[str, Type]:
        """The parts of the elements, in the schema's order."""
        return self.attribute.parts or {}

    @property
    def flags(self) -> tuple[str, ...]:
        """The parts that equal elements or together."""
        return tuple(p for p in _FLAGS if self.parts.get(p) is Type.BOOLEAN)

    @property
    def identity(self) -> tuple[str, ...]:
        """The parts in which equal elements agree."""
        return tuple(p for p in self.parts if p not in {*_FLAGS, "type"})

    @property
    def values(self) -> tuple[str, ...]:
        """The parts of which an element needs one."""
        label = self.attribute.label_part if "type" not in self.parts else None
        return tuple(p for p in self.identity if p != label) or self.identity


@dataclass(frozen=True, slots=True)
class RecordPlan:
    """What a document's fields fill: each attribute, in order of first mention."""

    attributes: tuple[tuple[Attribute, int | ListPlan], ...]


def plan_record(document: Document) -> RecordPlan:
    """Sort a document's fields by the attribute they fill; positions are those in `fields`."""
    order: dict[str, list[int]] = {}
    for position, line in enumerate(document.fields):
        name = line.attribute if isinstance(line, Each) else line.slot.attribute
        order.setdefault(name, []).append(position)
    return RecordPlan(
        tuple(_attribute(document, name, positions) for name, positions in order.items())
    )


def _attribute(
    document: Document, name: str, positions: list[int]
) -> tuple[Attribute, int | ListPlan]:
    attribute = document.schema.attributes[name]
    if not attribute.many:
        return attribute, positions[-1]
    items: list[ElementPlan | int] = []
    elements: dict[tuple[str | None, bool], ElementPlan] = {}
    declared = False
    for position in positions:
        line = document.fields[position]
        if isinstance(line, Each):
            items.append(position)
            declared = declared or any(part.slot.part == "primary" for part in line.parts)
            continue
        group = (line.slot.label, line.slot.primary)
        if group not in elements:
            elements[group] = ElementPlan(_constants(attribute, line))
            items.append(elements[group])
        elements[group].parts[str(line.slot.part)] = position
        declared = declared or line.slot.primary
    return attribute, ListPlan(attribute, tuple(items), promote=not declared)


def _constants(attribute: Attribute, line: Field) -> dict[str, Any]:
    constants: dict[str, Any] = {}
    if line.slot.label is not None and attribute.label_part is not None:
        constants[attribute.label_part] = line.slot.label
    if "primary" in (attribute.parts or {}):
        constants["primary"] = line.slot.primary
    return constants
