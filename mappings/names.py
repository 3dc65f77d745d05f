"""Names of canonical values as people write them: ``email``, ``address.locality``.

The same names stand on the left of a mapping's fields and, behind the alias of a profile, in the
expressions of push mappings, survivorship conditions and segments.
"""

from __future__ import annotations

import re

from mappings.schema import Attribute, Schema, Type
from mappings.suggest import did_you_mean
from mappings.tree import Slot

_NAME = re.compile(r"(?P<base>[^\[\].]+)(\[(?P<label>[A-Za-z0-9_-]+)\])?(\.(?P<part>[^\[\].]+))?")


class NameProblem(ValueError):  # noqa: N818 (a problem is what the files of this package have)
    """A name that means nothing in the schema; the message has the mend."""


def resolve(name: str, schema: Schema) -> Slot:
    """Tell what a name means: a single attribute, a whole list, or one part of one element.

    A whole list has neither part nor label nor `primary`. Raises NameProblem.
    """
    if name in schema.attributes:
        return Slot(name)
    match = _NAME.fullmatch(name)
    if match is None:
        raise NameProblem(
            f"{name!r} is no attribute; write a name, name.part, list[label] or list[label].part"
        )
    base, label, part = match["base"], match["label"], match["part"]
    if label is not None:
        attribute = _list(base, name, schema)
        return Slot(attribute.name, _part(attribute, part, name), label=label)
    if base in schema.shorts:
        attribute = schema.shorts[base]
        return Slot(attribute.name, _part(attribute, part, name), primary=True)
    raise _unknown(name, base, part, schema)


def type_of(slot: Slot, schema: Schema) -> Type | None:
    """Return the type of the value a slot holds; None for a whole list."""
    attribute = schema.attributes[slot.attribute]
    if attribute.parts is None:
        return attribute.type
    return attribute.parts[slot.part] if slot.part is not None else None


def known(schema: Schema) -> list[str]:
    """List every name without a label that `resolve` accepts, in the order of the schema."""
    names: list[str] = []
    for attribute in schema.attributes.values():
        names.append(attribute.name)
        if attribute.short is not None:
            names += [attribute.short] if attribute.value_part else []
            names += [f"{attribute.short}.{part}" for part in attribute.parts or ()]
    return names


def _list(base: str, name: str, schema: Schema) -> Attribute:
    attribute = schema.attributes.get(base)
    if attribute is not None and attribute.many:
        return attribute
    lists = [a.name for a in schema.attributes.values() if a.many]
    if base in schema.shorts:
        right = name.replace(base, schema.shorts[base].name, 1)
        raise NameProblem(f"{name!r}: only a list takes a label; did you mean {right!r}?")
    if attribute is not None:
        raise NameProblem(f"{name!r}: {base} is a single value and takes no label")
    raise NameProblem(f"unknown list {base!r}{did_you_mean(base, lists)}")


def _part(attribute: Attribute, part: str | None, name: str) -> str:
    parts = attribute.parts or {}
    if part is None:
        if attribute.value_part is None:
            raise NameProblem(
                f"{name!r} has no value of its own; write {name}.{next(iter(parts))} or one of "
                f"its other parts: {', '.join(parts)}"
            )
        return attribute.value_part
    if part not in parts:
        raise NameProblem(f"unknown part {part!r} of {attribute.name}{did_you_mean(part, parts)}")
    return part


def _unknown(name: str, base: str, part: str | None, schema: Schema) -> NameProblem:
    attribute = schema.attributes.get(base)
    if part is None or attribute is None:
        return NameProblem(f"unknown attribute {name!r}{did_you_mean(name, known(schema))}")
    if attribute.short is not None:
        right = f"{attribute.short}.{part}"
        return NameProblem(f"{name!r}: {base} is a list; did you mean {right!r}?")
    if attribute.many:
        return NameProblem(f"{name!r}: {base} is a list; write {base}[label].{part}")
    return NameProblem(f"{name!r}: {base} is a single value and has no parts")
