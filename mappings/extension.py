"""Reads a user's own attributes, which extend the canonical schema.

The file has the key ``attributes``: each name with its type (``shoe_size: integer``), or with
``type`` or ``parts``, ``pii`` and ``doc`` (``devices: {parts: {id: text, kind: text}, pii: id}``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

import yaml

from mappings.reading import Reader
from mappings.schema import CUSTOMER, Attribute, Schema, Type
from mappings.suggest import did_you_mean

KEYS = ("attributes",)
ATTRIBUTE_KEYS = ("type", "parts", "pii", "doc")
PII = ("name", "contact", "birth", "id")
"""The kinds of personal data, which decide how a value is masked."""

_WORD = r"[a-z][a-z0-9_]*"
_NAME = re.compile(rf"(consent\.)?{_WORD}")
_TYPES = tuple(type_.value for type_ in Type)


def load_schema(text: str, file: str, base: Schema = CUSTOMER) -> Schema:
    """Read a schema file and return the base with its attributes; raises MappingError."""
    reader = Reader(file, text)
    entries = reader.entries(reader.root, "schema", KEYS)
    node = reader.required(entries, "attributes", reader.root, "schema")
    found: list[Attribute] = []
    for key, value in reader.pairs(node, "attributes") if node is not None else ():
        attribute = _attribute(reader, key, value, base)
        if attribute is not None:
            found.append(attribute)
    reader.finish()
    return base.extended(found)


def _attribute(
    reader: Reader, key: yaml.ScalarNode, node: yaml.Node, base: Schema
) -> Attribute | None:
    name, where = key.value, f"attributes.{key.value}"
    if not _NAME.fullmatch(name):
        reader.problem(key, where, "a name has small letters, digits and _, as shoe_size")
    if name in base.attributes or name in base.shorts:
        reader.problem(key, where, "is in the canonical schema already; choose another name")
        return None
    if isinstance(node, yaml.ScalarNode):
        return Attribute(name, _consenting(reader, node, name, _type(reader, node, where)))
    entries = reader.entries(node, where, ATTRIBUTE_KEYS)
    if "type" in entries and "parts" in entries:
        reader.problem(key, where, "has a type or parts, not both; remove type:")
    type_ = _type(reader, entries["type"], f"{where}.type") if "type" in entries else Type.TEXT
    return Attribute(
        name,
        _consenting(reader, key, name, type_),
        parts=_parts(reader, entries, where),
        pii=_pii(reader, entries.get("pii"), f"{where}.pii"),
        doc=reader.word(entries.get("doc"), f"{where}.doc"),
    )


def _type(reader: Reader, node: yaml.Node, where: str) -> Type:
    word = reader.word(node, where)
    if word in _TYPES:
        return Type(word)
    if word:
        reader.problem(node, where, f"unknown type {word!r}{did_you_mean(word, _TYPES)}")
    return Type.TEXT


def _consenting(reader: Reader, node: yaml.Node, name: str, type_: Type) -> Type:
    if name.startswith("consent.") and type_ is not Type.BOOLEAN:
        reader.problem(node, f"attributes.{name}", "a consent is given or not: write boolean")
    return type_


def _parts(
    reader: Reader, entries: Mapping[str, yaml.Node], where: str
) -> Mapping[str, Type] | None:
    if "parts" not in entries:
        return None
    inside, parts = f"{where}.parts", {}
    for key, value in reader.pairs(entries["parts"], inside):
        if not re.fullmatch(_WORD, key.value):
            reader.problem(key, inside, "a part's name has small letters, digits and _")
        parts[key.value] = _type(reader, value, f"{inside}.{key.value}")
    if not parts:
        reader.problem(entries["parts"], inside, "name at least one part: {value: text}")
    for flag in ("primary", "verified"):
        if parts.get(flag, Type.BOOLEAN) is not Type.BOOLEAN:
            reader.problem(entries["parts"], inside, f"the part {flag} is a boolean")
    return MappingProxyType(parts)


def _pii(reader: Reader, node: yaml.Node | None, where: str) -> str | None:
    word = reader.word(node, where)
    if node is not None and word and word not in (*PII, "none"):
        hint = did_you_mean(word, (*PII, "none"))
        reader.problem(node, where, f"unknown kind {word!r}{hint}")
    return word if word in PII else None
