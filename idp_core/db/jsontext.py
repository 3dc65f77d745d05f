"""Canonical values as the JSON text that both stores keep, and back.

Dates are ``2020-01-31``, timestamps ``2020-01-31T12:00:00.000000Z``, decimals text. Keys are sorted
and attributes that are None left out, so equal content is equal text. What the databases cannot
hold does not stop a batch: NUL and half surrogate pairs become U+FFFD, NaN and infinity null.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from idp_core.db.types import utc_text
from mappings.schema import CUSTOMER, Schema, Type


def to_json(value: Any) -> str:
    """Return canonical JSON text of a value.

    Raises TypeError for what has no JSON form, ValueError for a time without a zone.
    """
    return _encoded(_CANONICAL, value)


def row_json(row: Mapping[str, Any]) -> str:
    """Return JSON text of any row of a source, bytes in hex and times as they are."""
    return _encoded(_ROWS, row)


def storable(text: str) -> str:
    """Return the text with U+FFFD for what the databases cannot hold."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
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


def _plain_or_text(value: object) -> object:
    if isinstance(value, datetime | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    try:
        return _plain(value)
    except TypeError:
        return str(value)


def _encoder(default: Callable[[object], object], *, sort_keys: bool) -> json.JSONEncoder:
    return json.JSONEncoder(
        ensure_ascii=False,
        allow_nan=False,
        separators=(",", ":"),
        sort_keys=sort_keys,
        default=default,
    )


_CANONICAL = _encoder(_plain, sort_keys=True)
_ROWS = _encoder(_plain_or_text, sort_keys=False)


def _encoded(encoder: json.JSONEncoder, value: Any) -> str:
    try:
        text = encoder.encode(value)
        text.encode()
    except ValueError:  # not a number, or half a surrogate pair; a second failure is the caller's
        return encoder.encode(_storable(value))
    return encoder.encode(_storable(value)) if "\\u0000" in text else text


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list | tuple):
        return [_storable(each) for each in value]
    if isinstance(value, Mapping):
        return {
            storable(key) if isinstance(key, str) else key: _storable(each)
            for key, each in value.items()
        }
    return value
