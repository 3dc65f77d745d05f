"""Canonical values as the JSON text that both stores keep, and back.

Dates are ``2020-01-31``, timestamps ``2020-01-31T12:00:00.000000Z``, decimals text. Keys are sorted
and attributes that are None left out, so equal content is equal text. NUL characters, which
PostgreSQL cannot hold, are left out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from idp_core.db.types import utc_text
from mappings.schema import CUSTOMER, Schema, Type


def to_json(value: Any) -> str:
    """Return canonical JSON text of a value; TypeError for what has no JSON form."""
    text = _ENCODER.encode(value)
    if "\\u0000" in text:
        text = _ENCODER.encode(_without_nul(json.loads(text)))
    return text


def attributes_json(attributes: Mapping[str, Any]) -> str:
    """Return a record's attributes as canonical JSON text; None means the same as absent."""
    return to_json({name: value for name, value in attributes.items() if value is not None})


def digest_of(attributes: Mapping[str, Any], *, deleted: bool = False) -> str:
    """Return the SHA-256, in hex, of a record's content: equal digests mean nothing changed."""
    text = attributes_json(attributes)
    return hashlib.sha256((f"{text}\0deleted" if deleted else text).encode()).hexdigest()


Typed = Callable[[Mapping[str, Any]], dict[str, Any]]


def typer(schema: Schema = CUSTOMER) -> Typed:
    """Return a function from attributes as JSON has them to canonical Python values.

    Attributes the schema does not know stay as JSON has them.
    """
    readers, lists = _readers(schema), _lists(schema)

    def typed(attributes: Mapping[str, Any]) -> dict[str, Any]:
        found = dict(attributes)
        for name, reader in readers:
            value = found.get(name)
            if isinstance(value, str):
                found[name] = reader(value)
        for name, parts in lists:
            if found.get(name):
                found[name] = [_element(element, parts) for element in found[name]]
        return found

    return typed


_READERS: Mapping[Type, Callable[[str], Any]] = {
    Type.DATE: date.fromisoformat,
    Type.TIMESTAMP: datetime.fromisoformat,
    Type.DECIMAL: Decimal,
}


def _readers(schema: Schema) -> list[tuple[str, Callable[[str], Any]]]:
    return [
        (attribute.name, _READERS[attribute.type])
        for attribute in schema.attributes.values()
        if attribute.parts is None and attribute.type in _READERS
    ]


def _lists(schema: Schema) -> list[tuple[str, dict[str, Callable[[str], Any]]]]:
    """Return the multi-valued attributes that have parts JSON cannot hold as they are."""
    found = []
    for attribute in schema.attributes.values():
        parts = {
            name: _READERS[type_]
            for name, type_ in (attribute.parts or {}).items()
            if type_ in _READERS
        }
        if parts:
            found.append((attribute.name, parts))
    return found


def _element(
    element: Mapping[str, Any], parts: Mapping[str, Callable[[str], Any]]
) -> dict[str, Any]:
    return {
        name: parts[name](value) if name in parts and isinstance(value, str) else value
        for name, value in element.items()
    }


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} has no JSON form")


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [_without_nul(each) for each in value]
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(each) for key, each in value.items()}
    return value


_ENCODER = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=_plain
)
