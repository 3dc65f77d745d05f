"""JSON Schemas for editors: of ``isthmus.yaml``, both kinds of mapping files and the model file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic.errors import PydanticInvalidForJsonSchema

from connectors.errors import MisconfiguredError
from connectors.registry import connector_class, names
from mappings.jsonschema import mapping_schema, push_schema
from mappings.schema import Schema
from pipelines.project import Project
from pipelines.provision.guards import Limits
from pipelines.resolve.modelfile import schema as model_schema

FOLDER = ".isthmus/schema"

Json = dict[str, Any]


def write_schemas(folder: Path, schema: Schema) -> list[Path]:
    """Write the schemas of a project over these attributes; return the files."""
    texts = {
        "project": project_schema(),
        "mapping": mapping_schema(schema),
        "push": push_schema(schema),
        "model": model_schema(),
    }
    files = []
    for name, document in texts.items():
        file = folder / FOLDER / f"{name}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(document, indent=1, ensure_ascii=False)
        file.write_text(text + "\n", encoding="utf-8")
        files.append(file)
    return files


def project_schema() -> Json:
    """Return the JSON Schema (2020-12) of ``isthmus.yaml``, with every connector installed here."""
    made = Project.model_json_schema()
    defs: Json = made["$defs"]
    for kind in names():
        defs |= _connector(kind)
    known = [kind for kind in names() if _name(kind) in defs]
    chosen = [
        {
            "if": {"properties": {"type": {"const": kind}}},
            "then": {"$ref": f"#/$defs/{_name(kind)}"},
        }
        for kind in known
    ]
    connector = {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": list(names())}},
        "allOf": chosen,
    }
    for part in ("SourceSettings", "TargetSettings"):
        defs[part]["properties"]["connector"] |= connector
        defs[part]["properties"]["connector"].pop("additionalProperties")
    defs["TargetSettings"]["properties"]["limits"] = Limits.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def _connector(kind: str) -> Json:
    """Return the definitions of one connector; nothing for one that has no JSON Schema."""
    try:
        made = connector_class(kind).model_json_schema()
    except (MisconfiguredError, PydanticInvalidForJsonSchema):
        return {}
    inner = made.pop("$defs", {})
    made["properties"] = {"type": {"const": kind}, **made["properties"]}
    texts = {_name(kind): made} | {f"{_name(kind)}.{name}": each for name, each in inner.items()}
    return {name: _moved(each, kind) for name, each in texts.items()}


def _name(kind: str) -> str:
    return f"connector.{kind}"


def _moved(node: Any, kind: str) -> Any:
    """Point references at the definitions under their new names."""
    if isinstance(node, Mapping):
        return {
            key: f"#/$defs/{_name(kind)}.{value.rpartition('/')[2]}"
            if key == "$ref"
            else _moved(value, kind)
            for key, value in node.items()
        }
    return [_moved(each, kind) for each in node] if isinstance(node, list) else node
