"""Compares what an example expects with what came out, and tells the difference to a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from mappings.names import resolve, type_of
from mappings.profilepaths import profile_reader
from mappings.schema import Schema, Type
from mappings.values import CONVERT, kind_of, read


def differing(
    name: str, expected: object, attributes: Mapping[str, Any], schema: Schema
) -> str | None:
    """Return how a canonical value differs from what was expected, None when it does not.

    The expected value is read as the attribute's type; elements of a list are compared in order by
    the parts that are named.
    """
    got = profile_reader(schema)(name)
    value = got.form(attributes) if got is not None else None
    slot = resolve(name, schema)
    type_ = type_of(slot, schema)
    if type_ is not None:
        same = value == _typed(expected, type_)
    else:
        parts = schema.attributes[slot.attribute].parts or {}
        same = _same_list(expected, value, parts)
    return None if same else f"{name}: expected {shown(expected)}, got {shown(value)}"


def shown(value: object) -> str:
    """Return a value as a person would write it into the file."""
    if isinstance(value, Mapping):
        told = ", ".join(f"{key}: {shown(v)}" for key, v in value.items() if v is not None)
        return f"{{{told}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(shown, value))}]"
    return _shown_scalar(value)


def _shown_scalar(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return repr(value)


def _typed(expected: object, type_: Type) -> object:
    return None if expected is None else CONVERT[kind_of(type_)](read(expected))


def _same_list(expected: object, value: object, parts: Mapping[str, Type]) -> bool:
    wanted = expected if isinstance(expected, list) else [] if expected is None else None
    got = value if isinstance(value, list) else []
    if wanted is None or len(wanted) != len(got):
        return False
    return all(_same_element(w, g, parts) for w, g in zip(wanted, got, strict=True))


def _same_element(expected: object, got: Mapping[str, Any], parts: Mapping[str, Type]) -> bool:
    if not isinstance(expected, Mapping):
        return False
    return all(
        part in parts and got.get(part) == _typed(value, parts[part])
        for part, value in expected.items()
    )
