"""One change at a time, turned into the request this provider understands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from connectors.contract import Action, Change, Outcome
from connectors.errors import ConnectorError, MisconfiguredError, NotFoundError, RejectedError
from connectors.scim.paths import build, operations, parse, write
from connectors.scim.resources import Features, ResourceType
from connectors.scim.transport import Answer, Transport

_PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes to one provider whose features and object types are known."""

    transport: Transport
    features: Features
    types: Mapping[str, ResourceType]

    async def write(self, change: Change) -> Outcome:
        """Carry out one change. Raises MisconfiguredError; every other failure is the outcome's."""
        kind = self.types.get(change.object)
        if kind is None:
            known = ", ".join(sorted(self.types))
            raise MisconfiguredError(f"the provider has no {change.object!r}; it has {known}")
        try:
            return await self._write(kind, change)
        except MisconfiguredError:
            raise
        except ConnectorError as error:
            return Outcome(change, error, id=change.id)

    async def _write(self, kind: ResourceType, change: Change) -> Outcome:
        if change.action is Action.CREATE:
            return await self._create(kind, change)
        if change.id is None:
            raise RejectedError(f"{change.action} {change.key}: the account's id is not known")
        address = f"{kind.endpoint}/{_quoted(change.id)}"
        if change.action is Action.DELETE:
            return await self._delete(address, change)
        after = dict(change.after)
        if change.action is Action.DEACTIVATE:
            after = {"active": False, **after}
        answer = await self._update(address, kind, change, after)
        return Outcome(change, id=change.id, version=_version(answer))

    async def _create(self, kind: ResourceType, change: Change) -> Outcome:
        resource = {"externalId": change.key} | build(change.after)
        resource["schemas"] = kind.schemas(resource)
        answer = await self.transport.send("POST", kind.endpoint, resource)
        created = answer.body if isinstance(answer.body, dict) else {}
        if "id" not in created:
            raise RejectedError(f"POST {kind.endpoint}: accepted, but the answer names no id")
        return Outcome(change, id=str(created["id"]), version=_version(answer))

    async def _delete(self, address: str, change: Change) -> Outcome:
        try:
            await self.transport.send("DELETE", address)
        except NotFoundError:  # gone already: what was wanted
            return Outcome(change, id=change.id)
        return Outcome(change, id=change.id)

    async def _update(
        self, address: str, kind: ResourceType, change: Change, after: dict[str, Any]
    ) -> Answer:
        version = change.version if self.features.etag else None
        if self.features.patch:
            patch = operations(change.before, after)
            if not patch:
                return await self.transport.send("GET", address)
            body = {"schemas": [_PATCH], "Operations": patch}
            return await self.transport.send("PATCH", address, body, version=version)
        current = await self.transport.send("GET", address)
        resource = {k: v for k, v in current.body.items() if k != "meta"}
        for path, value in after.items():
            write(resource, parse(path), value)
        resource["schemas"] = kind.schemas(resource)
        return await self.transport.send("PUT", address, resource, version=version)


def _version(answer: Answer) -> str | None:
    if answer.version:
        return answer.version
    meta = answer.body.get("meta") if isinstance(answer.body, dict) else None
    return meta.get("version") if isinstance(meta, dict) else None


def _quoted(identifier: str) -> str:
    """Return an id fit for a path segment, slashes and question marks included."""
    return quote(identifier, safe="")
