"""The JSON Schema of a description, for editors: made of the settings' own classes."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from connectors.rest.connector import Rest
from connectors.rest.settings import Settings

_PLACEHOLDER = {"type": "string", "pattern": r"^\$\{[a-z][a-z0-9_]*\}$"}


def json_schema() -> dict[str, Any]:
    """Return the schema of a file; any value may be a ``${setting}`` instead."""
    schema = Rest.model_json_schema()
    declared = TypeAdapter(Settings).json_schema()
    schema["$defs"] |= declared.pop("$defs")
    properties = {name: each for name, each in schema["properties"].items() if name != "file"}
    definitions = {
        name: each if name == "Setting" else _open(each) for name, each in schema["$defs"].items()
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A system that Isthmus connects to",
        "type": "object",
        "additionalProperties": False,
        "required": schema["required"],
        "properties": {
            "about": {"type": "string", "description": "What the system is, for people."},
            "settings": {**declared, "description": "What a project gives beside `file`."},
            **{name: _open(each) for name, each in properties.items()},
        },
        "$defs": definitions,
    }


def _open(schema: Any) -> Any:
    """Let a placeholder stand for every value that is not any text anyway."""
    if isinstance(schema, list):
        return [_open(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    opened = {
        name: {key: _open(each) for key, each in value.items()} if name == "properties"
        else value if name in _PLAIN else _open(value)
        for name, value in schema.items()
    }  # fmt: skip
    if not _is_closed_value(schema):
        return opened
    told = {name: opened.pop(name) for name in ("description", "default") if name in opened}
    return {"anyOf": [opened, _PLACEHOLDER], **told}


_PLAIN = frozenset({"required", "enum", "const", "default", "discriminator", "examples"})


def _is_closed_value(schema: dict[str, Any]) -> bool:
    if schema.get("type") in {"integer", "number", "boolean"}:
        return True
    return schema.get("type") == "string" and bool(schema.keys() & {"enum", "format", "pattern"})
