"""A canonical record as the author of an example writes it: short names, plain YAML values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mappings.names import NameProblem, known, resolve
from mappings.schema import Attribute, Schema, Type
from mappings.suggest import did_you_mean
from mappings.tree import Slot
from mappings.values import CONVERT, kind_of, read

ALSO = frozenset({"gid"})
"""What a profile has beside its canonical attributes."""

FORMS: Mapping[Type, str] = {
    Type.TEXT: "a text",
    Type.BOOLEAN: "yes or no",
    Type.INTEGER: "a whole number",
    Type.DECIMAL: "a number such as 12.50",
    Type.DATE: "a date such as 1990-12-31",
    Type.TIMESTAMP: "a moment such as 2026-01-31T12:00:00Z",
}
"""How values of a type are written, for who wrote one that cannot be read."""


def canonical(
    given: Mapping[str, object], schema: Schema, also: frozenset[str] = ALSO
) -> dict[str, Any]:
    """Return the canonical record; ``email: a@b.c`` is the primary element of ``emails``.

    Words that begin with a dollar sign are left out. Raises NameProblem for an unknown name.
    """
    record: dict[str, Any] = {}
    for name, value in given.items():
        if name in also:
            record[name] = value
        elif not name.startswith("$"):
            _set(record, _slot(name, schema, also), value, schema)
    return record


def _slot(name: str, schema: Schema, also: frozenset[str]) -> Slot:
    try:
        return resolve(name, schema)
    except NameProblem as problem:
        if str(problem).startswith("unknown attribute"):
            hint = did_you_mean(name, [*known(schema), *also])
            raise NameProblem(f"unknown attribute {name!r}{hint}") from None
        raise


def _set(record: dict[str, Any], slot: Slot, value: object, schema: Schema) -> None:
    attribute = schema.attributes[slot.attribute]
    if attribute.parts is None:
        record[slot.attribute] = _typed(value, attribute.type)
    elif slot.part is None:
        record[slot.attribute] = _elements(value, attribute)
    else:
        element = _element(record.setdefault(slot.attribute, []), slot, attribute)
        element[slot.part] = _typed(value, attribute.parts[slot.part])


def _elements(value: object, attribute: Attribute) -> list[dict[str, Any]]:
    parts = attribute.parts or {}
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise NameProblem(f"{attribute.name} is a list: write [{{{next(iter(parts))}: ...}}]")
    for item in value:
        for part in item:
            if part not in parts:
                hint = did_you_mean(str(part), parts)
                raise NameProblem(f"unknown part {part!r} of {attribute.name}{hint}")
    return [{p: _typed(item.get(p), type_) for p, type_ in parts.items()} for item in value]


def _element(held: list[dict[str, Any]], slot: Slot, attribute: Attribute) -> dict[str, Any]:
    """Return the element a slot names, made when it is not there yet."""
    marks = {"primary": True} if slot.primary else {attribute.label_part or "": slot.label}
    for element in held:
        if all(element[part] == value for part, value in marks.items()):
            return element
    element = dict.fromkeys(attribute.parts or ()) | marks
    held.append(element)
    return element


def _typed(value: object, type_: Type) -> Any:
    return None if value is None else CONVERT[kind_of(type_)](read(value))


def unread(name: str, value: object, schema: Schema) -> str | None:
    """Say which form a value has to have that `canonical` cannot read; None when it can.

    Raises NameProblem, as `canonical` does.
    """
    slot = _slot(name, schema, frozenset())
    attribute = schema.attributes[slot.attribute]
    if attribute.parts is None or slot.part is not None:
        type_ = attribute.parts[slot.part] if attribute.parts and slot.part else attribute.type
        return None if value is None or _typed(value, type_) is not None else FORMS[type_]
    for item, read_ in zip(value or (), _elements(value, attribute), strict=True):  # type: ignore[call-overload]
        for part, found in read_.items():
            if found is None and item.get(part) is not None:
                return f"{part}: {FORMS[attribute.parts[part]]}"
    return None
