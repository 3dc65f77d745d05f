"""Reads canonical names from a canonical record: ``email``, ``emails[work]``, ``consent.x``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mappings.closures import Form, Reader
from mappings.names import NameProblem, resolve, type_of
from mappings.schema import Schema
from mappings.terms import Term
from mappings.tree import Slot
from mappings.values import CONVERT, Kind, kind_of, read


def profile_reader(schema: Schema) -> Reader:
    """Return what turns a canonical name into a closure; other names are keys of the record."""

    def reader(name: str) -> Term[Form]:
        try:
            slot = resolve(name, schema)
        except NameProblem:
            return Term(lambda record: read(record.get(name)), Kind.ANY)
        type_ = type_of(slot, schema)
        get = _getter(slot, schema)
        if type_ is None:
            return Term(get, Kind.ANY)
        convert = CONVERT[kind_of(type_)]
        return Term(lambda record: convert(get(record)), kind_of(type_))

    return reader


def _getter(slot: Slot, schema: Schema) -> Form:
    name, part = slot.attribute, slot.part
    if part is None:
        return lambda record: record.get(name)
    if slot.primary:
        return _part_of_first(name, part, "primary", wanted=True)
    label = schema.attributes[name].label_part or "type"
    return _part_of_first(name, part, label, wanted=slot.label)


def _part_of_first(name: str, part: str, key: str, *, wanted: Any) -> Form:
    def get(record: Mapping[str, Any]) -> Any:
        for element in record.get(name) or ():
            if element.get(key) == wanted:
                return element.get(part)
        return None

    return get
