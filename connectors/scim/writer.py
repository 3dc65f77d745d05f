"""One change at a time, turned into the request this provider understands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from connectors.contract import Action, Change, Outcome, Request
from connectors.errors import ConnectorError, MisconfiguredError, NotFoundError, RejectedError
from connectors.scim.paths import build, operations, parse, write
from connectors.scim.resources import Features, ResourceType
from connectors.scim.transport import Answer, Transport

_PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes to one provider whose features and object types are known."""

    transport: Transport | Rehearsal
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


class _Seen(Exception):  # noqa: N818 (no error: it ends a write before it is sent)
    def __init__(self, request: Request) -> None:
        self.request = request


class Rehearsal:
    """A transport that asks, and sends no write: `preview` tells what it would have been."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Mapping[str, str] | None = None,
        version: str | None = None,
    ) -> Answer:
        """Send what only asks."""
        if method != "GET":
            raise _Seen(Request(method, path, body))
        return await self._transport.send(method, path, body, params=params, version=version)


async def preview(writer: Writer, change: Change) -> Request:
    """Return the request a writer over a `Rehearsal` would send; one that asks if none writes."""
    try:
        outcome = await writer.write(change)
    except _Seen as seen:
        return seen.request
    if outcome.error is not None:
        raise outcome.error
    return Request("GET", f"{writer.types[change.object].endpoint}/{change.id}")


def _version(answer: Answer) -> str | None:
    if answer.version:
        return answer.version
    meta = answer.body.get("meta") if isinstance(answer.body, dict) else None
    return meta.get("version") if isinstance(meta, dict) else None


def _quoted(identifier: str) -> str:
    """Return an id fit for a path segment, slashes and question marks included."""
    return quote(identifier, safe="")
