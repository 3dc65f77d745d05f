"""What a service provider says of itself, and its resources as accounts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.contract import Account, Column, ObjectSchema
from connectors.errors import MisconfiguredError, NotFoundError, RejectedError
from connectors.scim.paths import flatten
from connectors.scim.transport import Transport

_USUAL_ENDPOINTS = {"User": "/Users", "Group": "/Groups"}
_CORE = "urn:ietf:params:scim:schemas:core:2.0:"


@dataclass(frozen=True, slots=True)
class Features:
    """The part of ServiceProviderConfig that decides how we write (RFC 7643 section 5)."""

    patch: bool = True
    filter: bool = True
    etag: bool = False
    max_results: int | None = None
    bulk: int = 0
    cursor: bool = False
    """Whether lists are given by cursor (RFC 9865)."""

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Features:
        """Read a ServiceProviderConfig; what it does not say is assumed not to be there."""

        def supported(name: str) -> bool:
            return bool((config.get(name) or {}).get("supported"))

        most = (config.get("filter") or {}).get("maxResults")
        return cls(
            patch=supported("patch"),
            filter=supported("filter"),
            etag=supported("etag"),
            max_results=most if isinstance(most, int) and most > 0 else None,
            bulk=_most_operations(config.get("bulk") or {}),
            cursor=(config.get("pagination") or {}).get("cursor") is True,
        )


def _most_operations(bulk: Mapping[str, Any]) -> int:
    most = bulk.get("maxOperations")
    return most if bulk.get("supported") and isinstance(most, int) and most > 0 else 0


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One object type: where it is served and which schemas its resources name."""

    name: str
    endpoint: str
    schema: str
    extensions: tuple[str, ...] = ()

    def schemas(self, resource: Mapping[str, Any]) -> list[str]:
        """Return the ``schemas`` of a resource: the core one and the extensions it uses."""
        urns = [name for name in resource if ":" in name and name[:4].lower() == "urn:"]
        return [self.schema, *urns]


async def features(transport: Transport) -> Features:
    """Ask for the ServiceProviderConfig; a provider without one is assumed to speak plain SCIM."""
    try:
        answer = await transport.send("GET", "/ServiceProviderConfig")
    except NotFoundError:
        raise MisconfiguredError(
            "GET /ServiceProviderConfig: not found; does `url` end where SCIM begins (…/v2)?"
        ) from None
    except RejectedError as error:
        raise MisconfiguredError(f"{error}; is `url` that of a SCIM 2.0 provider?") from None
    if not isinstance(answer.body, dict) or "patch" not in answer.body:
        raise MisconfiguredError(
            "GET /ServiceProviderConfig: this is no SCIM 2.0 answer; look at `url`"
        )
    return Features.of(answer.body)


async def resource_types(transport: Transport) -> dict[str, ResourceType]:
    """Return the object types by name; the two usual ones where discovery is not offered."""
    try:
        answer = await transport.send("GET", "/ResourceTypes")
        listed = resources_of(answer.body)
    except RejectedError:
        listed = []
    found = {
        entry["name"]: ResourceType(
            entry["name"],
            "/" + str(entry["endpoint"]).rstrip("/").rsplit("/", 1)[-1],
            entry["schema"],
            tuple(e["schema"] for e in entry.get("schemaExtensions") or ()),
        )
        for entry in listed
        if entry.keys() >= {"name", "endpoint", "schema"}
    }
    if found:
        return found
    return {n: ResourceType(n, path, f"{_CORE}{n}") for n, path in _USUAL_ENDPOINTS.items()}


async def object_schemas(transport: Transport) -> tuple[ObjectSchema, ...]:
    """Return each object type with the paths its schemas offer."""
    types = await resource_types(transport)
    schemas = await schemas_of(transport)
    return tuple(
        ObjectSchema(
            kind.name,
            tuple(
                column
                for urn in (kind.schema, *kind.extensions)
                for column in _columns(
                    schemas.get(urn, {}), "" if urn == kind.schema else f"{urn}:"
                )
            ),
            key=("id",),
        )
        for kind in sorted(types.values(), key=lambda kind: kind.name)
    )


async def schemas_of(transport: Transport) -> dict[str, Mapping[str, Any]]:
    """Return the provider's schemas by their URN (RFC 7643 section 7)."""
    listed = resources_of((await transport.send("GET", "/Schemas")).body)
    return {schema["id"]: schema for schema in listed if "id" in schema}


def _columns(schema: Mapping[str, Any], prefix: str) -> list[Column]:
    columns = []
    for attribute in schema.get("attributes") or ():
        name, required = attribute["name"], bool(attribute.get("required"))
        many = "[]" if attribute.get("multiValued") else ""
        parts = attribute.get("subAttributes") or ()
        if parts and not many:
            columns += [
                Column(f"{prefix}{name}.{part['name']}", part.get("type", "string"))
                for part in parts
            ]
        else:
            kind = f"{attribute.get('type', 'string')}{many}"
            columns.append(Column(f"{prefix}{name}", kind, nullable=not required))
    return columns


async def filtered(
    transport: Transport, kind: ResourceType, path: str, value: str
) -> list[Mapping[str, Any]]:
    """Return the first page of what a filter by equality finds."""
    answer = await transport.send("GET", kind.endpoint, params={"filter": equal(path, value)})
    return list(resources_of(answer.body))


async def page(
    transport: Transport, kind: ResourceType, start: str, count: str
) -> list[Mapping[str, Any]]:
    """Return one page as the provider gives it."""
    params = {"startIndex": start, "count": count}
    return list(resources_of((await transport.send("GET", kind.endpoint, params=params)).body))


def equal(path: str, value: str) -> str:
    """Return the filter for what equals a value."""
    return f"{path} eq {json.dumps(value, ensure_ascii=False)}"


def resources_of(body: Any) -> list[dict[str, Any]]:
    """Return the resources of a ListResponse; some providers answer a bare list."""
    found = body.get("Resources") if isinstance(body, dict) else body
    return [r for r in found if isinstance(r, dict)] if isinstance(found, list) else []


def account(resource: Mapping[str, Any], version: str | None = None) -> Account:
    """Return a resource as an account, its attributes by path."""
    meta = resource.get("meta") or {}
    return Account(
        id=str(resource["id"]),
        key=resource.get("externalId"),
        attributes=flatten(resource),
        version=version or meta.get("version"),
    )
