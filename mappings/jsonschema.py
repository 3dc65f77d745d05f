"""JSON Schemas of mapping and push files, so that editors complete and check while one types.

They are made of the same registries that the checker asks; what they accept is a little more than
what is right, because an expression is only a text to an editor.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from mappings.document import KEYS
from mappings.extension import PII
from mappings.fields import EACH_KEYS, FIELD_KEYS, NO_PII
from mappings.names import known
from mappings.push import FIELD_KEYS as PUSH_FIELD_KEYS
from mappings.push import KEYS as PUSH_KEYS
from mappings.pushgroups import GROUP_KEYS
from mappings.pushtree import Adopt, Holds, LeaveAction, OnNull, Own
from mappings.schema import CUSTOMER, Schema
from mappings.steps import STEPS, Accepts, Argument, StepSpec
from mappings.tree import OnError

Json = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_EXPRESSION: Json = {"type": ["string", "number", "boolean"], "description": "An SQL expression."}
_CONDITION: Json = {"type": ["string", "boolean"], "description": "An SQL condition."}
_TEXT: Json = {"type": "string"}
_SCALAR: Json = {"type": ["string", "number", "boolean", "null"]}
_LITERAL: Json = {"type": ["string", "number", "boolean", "null", "array"]}
_ARGUMENT: Json = {"anyOf": [_LITERAL, {"$ref": "#/$defs/expr"}]}


def mapping_schema(schema: Schema = CUSTOMER) -> Json:
    """Return the JSON Schema (2020-12) of mapping files over these attributes."""
    origin = _object(
        {"connector": _TEXT, "object": _TEXT, "as": _TEXT}, required=("connector", "object")
    )
    properties: Json = {
        "mapping": _TEXT,
        "from": origin,
        "key": _EXPRESSION,
        "cursor": _EXPRESSION,
        "delete": _CONDITION,
        "erase": _CONDITION,
        "where": _CONDITION,
        "fields": _fields(schema),
        "ignore": {"type": "array", "items": _TEXT},
        "tests": _tests(),
    }
    field = _recipe() | {
        "on_error": _words(OnError),
        "pii": {"enum": sorted({*PII, *_kinds(schema), NO_PII})},
    }
    defs = _defs() | {"field": _either(_ordered(field, FIELD_KEYS))}
    return _document("Mapping file", _ordered(properties, KEYS), defs, "mapping from key fields")


def push_schema(schema: Schema = CUSTOMER) -> Json:
    """Return the JSON Schema (2020-12) of push files over these attributes."""
    rule = _object(
        {"attribute": _TEXT, "value": _EXPRESSION, "adopt": _words(Adopt)},
        required=("attribute", "value"),
    )
    leave = _object(
        {"action": _words(LeaveAction), "grace_days": {"type": "integer", "minimum": 0}}
    )
    group = _object(
        _ordered({"when": _CONDITION, "holds": _words(Holds)}, GROUP_KEYS), required=("when",)
    )
    consents = [name for name in schema.attributes if name.startswith("consent.")]
    consent: Json = {"enum": consents}
    properties: Json = {
        "push": _TEXT,
        "to": _object({"target": _TEXT, "object": _TEXT}, required=("object",)),
        "as": _TEXT,
        "purpose": _TEXT,
        "scope": _CONDITION,
        "key": {"anyOf": [_TEXT, {"type": "object", "maxProperties": 1, "minProperties": 1}]},
        "match": {"type": "array", "items": rule},
        "fields": {"type": "object", "additionalProperties": {"$ref": "#/$defs/field"}},
        "groups": {"type": "object", "additionalProperties": {"anyOf": [_CONDITION, group]}},
        "on_leave": leave,
        "consent": {"anyOf": [consent, {"type": "array", "items": consent}]},
        "tests": _tests(),
    }
    field = _recipe() | {"own": _words(Own), "on_null": _words(OnNull)}
    field["refers_to"] = _EXPRESSION
    defs = _defs() | {"field": _either(_ordered(field, PUSH_FIELD_KEYS))}
    return _document("Push file", _ordered(properties, PUSH_KEYS), defs, "push to fields")


def _document(title: str, properties: Json, defs: Json, required: str) -> Json:
    return {
        "$schema": _DIALECT,
        "title": title,
        **_object(properties, required=tuple(required.split())),
        "$defs": defs,
    }


def _ordered(properties: Json, keys: Iterable[str]) -> Json:
    """Take exactly these keys: a word of the language without a description here is a KeyError."""
    return {key: properties[key] for key in keys}


def _object(properties: Json, required: tuple[str, ...] = ()) -> Json:
    made: Json = {"type": "object", "properties": properties, "additionalProperties": False}
    return made | {"required": list(required)} if required else made


def _words(choices: type[StrEnum]) -> Json:
    return {"enum": [choice.value for choice in choices]}


def _kinds(schema: Schema) -> set[str]:
    return {attribute.pii for attribute in schema.attributes.values() if attribute.pii}


def _recipe() -> Json:
    return {
        "from": _EXPRESSION,
        "expr": _EXPRESSION,
        "first_of": {"type": "array", "items": _EXPRESSION, "minItems": 2},
        "const": _SCALAR,
        "steps": {"type": "array", "items": {"$ref": "#/$defs/step"}},
        "args": {"type": "object", "additionalProperties": _ARGUMENT},
        "lookup": {"type": "object", "additionalProperties": _SCALAR},
        "default": _ARGUMENT,
    }


def _either(properties: Json) -> Json:
    """Describe a field: a bare expression, or its keys."""
    return {"anyOf": [_EXPRESSION, _object(properties)]}


def _defs() -> Json:
    return {
        "expr": _object({"expr": _EXPRESSION}, required=("expr",)),
        "step": {"anyOf": [entry for spec in STEPS.values() for entry in _step(spec)]},
    }


def _step(spec: StepSpec) -> list[Json]:
    name: Json = {"const": spec.name, "description": spec.doc}
    if not spec.arguments:
        return [name]
    arguments = {word: _argument(argument) for word, argument in spec.arguments.items()}
    called = _object({spec.name: _object(arguments)}, required=(spec.name,))
    return [name, called | {"description": spec.doc}]


def _argument(argument: Argument) -> Json:
    described: Json = {"description": argument.doc}
    text: Json = {"enum": list(argument.choices)} if argument.choices else _SCALAR
    if argument.accepts is Accepts.TEXTS:
        return described | {"anyOf": [text, {"type": "array", "items": text}]}
    if argument.accepts is Accepts.INTEGER:
        return described | {"type": "integer"}
    return described | (_ARGUMENT if argument.accepts is Accepts.EXPRESSION else text)


def _fields(schema: Schema) -> Json:
    names = {name: _field(name, schema) for name in [*known(schema), *schema.shorts]}
    patterns = {}
    for attribute in schema.attributes.values():
        if attribute.parts is not None:
            parts = "|".join(map(re.escape, attribute.parts))
            pattern = rf"^{re.escape(attribute.name)}\[[A-Za-z0-9_-]+\](\.({parts}))?$"
            patterns[pattern] = _line(attribute.parts)
    return {
        "type": "object",
        "minProperties": 1,
        "properties": names,
        "patternProperties": patterns,
        "additionalProperties": False,
    }


def _field(name: str, schema: Schema) -> Json:
    attribute = schema.attributes.get(name) or schema.shorts.get(name)
    described: Json = {"description": attribute.doc} if attribute and attribute.doc else {}
    if attribute is not None and attribute.parts is not None:
        return described | _line(attribute.parts, each=name in schema.attributes)
    return described | {"$ref": "#/$defs/field"}


def _line(parts: Mapping[str, Any], *, each: bool = False) -> Json:
    """Describe a line of a list: a field, its parts together, or ``each:``."""
    of_parts = _object({part: {"$ref": "#/$defs/field"} for part in parts})
    together = _object({"parts": of_parts}, required=("parts",))
    if each:
        properties = {"each": _EXPRESSION, "as": _TEXT, "parts": of_parts}
        return _object(_ordered(properties, EACH_KEYS), required=EACH_KEYS)
    return {"anyOf": [{"$ref": "#/$defs/field"}, together]}


def _tests() -> Json:
    example = _object(
        {"name": _TEXT, "given": {"type": "object"}, "expect": {"type": "object"}},
        required=("name", "given", "expect"),
    )
    return {"type": "array", "items": example}
