"""The OpenAPI document, made of the operations: what is checked is what is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from idp_core.admin.model import Nothing, Operation

_REF = "#/components/schemas/{model}"
_PROBLEM = {
    "type": "object",
    "description": "What is wrong (RFC 9457).",
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
    },
    "required": ["title", "status", "code"],
}
_REFUSALS: Mapping[str, str] = {
    "400": "The request cannot be read.",
    "401": "No token, or none that does here; or a stronger login is needed.",
    "403": "The token or its user may not do this.",
    "409": "It contradicts what is there.",
    "413": "The body is too large.",
    "415": "The body is not application/json.",
    "422": "What was sent is not valid.",
}


def document(operations: Sequence[Operation], issuer: str) -> Mapping[str, Any]:
    """Return the document of these operations."""
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        paths.setdefault(each.path.replace("{part}", "{id}"), {})[each.method.lower()] = _one(each)
    inputs = [(each.body, "validation") for each in operations if each.body]
    outputs = [(each.gives, "serialization") for each in operations if each.gives]
    _, found = models_json_schema(dict.fromkeys((*inputs, *outputs)), ref_template=_REF)  # type: ignore[arg-type]
    scopes = {each.scope: each.scope for each in operations}
    flow = {"tokenUrl": f"{issuer}/token", "scopes": scopes}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Isthmus: administration of the login", "version": "1"},
        "servers": [{"url": issuer}],
        "paths": paths,
        "components": {
            "schemas": {**found.get("$defs", {}), "Problem": _PROBLEM},
            "securitySchemes": {
                "oauth": {"type": "oauth2", "flows": {"clientCredentials": flow}},
            },
        },
    }


def _one(operation: Operation) -> Mapping[str, Any]:
    told: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.says,
        "security": [{"oauth": [operation.scope]}],
        "parameters": [*_in_path(operation), *_in_query(operation.query)],
        "responses": _answers(operation),
    }
    if operation.body is not None:
        schema = {"$ref": _REF.format(model=_name(operation.body, "Input", operation))}
        told["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return told


def _name(shape: type[BaseModel], end: str, operation: Operation) -> str:
    """Return what pydantic calls a shape: one that goes in and out has two schemas."""
    both = operation.body is operation.gives
    return f"{shape.__name__}-{end}" if both and _differs(shape) else shape.__name__


def _differs(shape: type[BaseModel]) -> bool:
    return shape.model_json_schema(mode="validation") != shape.model_json_schema(
        mode="serialization"
    )


def _in_path(operation: Operation) -> Sequence[Mapping[str, Any]]:
    if "{part}" not in operation.path:
        return ()
    kind = "client" if "/clients/" in operation.path else "account"
    shape = {"type": "string", "minLength": 1, "maxLength": 100}
    return ({"name": "id", "in": "path", "required": True, "schema": shape,
             "description": f"The id of the {kind}."},)  # fmt: skip


def _in_query(shape: type[BaseModel]) -> Sequence[Mapping[str, Any]]:
    if shape is Nothing:
        return ()
    schema = shape.model_json_schema()
    needed = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in needed, "schema": said}
        for name, said in schema["properties"].items()
    ]


def _answers(operation: Operation) -> Mapping[str, Any]:
    if operation.gives is None:
        answers: dict[str, Any] = {"204": {"description": "Done."}}
    else:
        schema = {"$ref": _REF.format(model=_name(operation.gives, "Output", operation))}
        answers = {
            "200": {"description": "Done.", "content": {"application/json": {"schema": schema}}}
        }
    problem = {"application/problem+json": {"schema": {"$ref": _REF.format(model="Problem")}}}
    refusals = _REFUSALS if not operation.finds else {**_REFUSALS, "404": "There is none."}
    for status, meaning in sorted(refusals.items()):
        answers[status] = {"description": meaning, "content": problem}
    return answers
