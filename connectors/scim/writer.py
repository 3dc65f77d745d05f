"""One change at a time, turned into the request this provider understands."""

from __future__ import annotations

import re
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from connectors.contract import Action, Change, Outcome, Request
from connectors.elements import parted
from connectors.errors import (
    ConflictError,
    ConnectorError,
    MisconfiguredError,
    NotFoundError,
    RejectedError,
    UncertainError,
)
from connectors.scim.elementwise import patch_body, shows_elements, whole, write_elements
from connectors.scim.paths import Operation, build, has_elements, operations, values_at
from connectors.scim.quirks import Form, Quirks
from connectors.scim.resources import Features, ResourceType, equal, resources_of
from connectors.scim.transport import Answer, Transport

_NO_KEY = frozenset({"Group"})
"""Object types whose accounts have no ``externalId`` unless the change names one."""


_MADE_EMPTY = frozenset({"Group"})
"""Object types that some providers make without the elements of their lists."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes to one provider whose features and object types are known."""

    transport: Transport | Rehearsal
    features: Features
    types: Mapping[str, ResourceType]
    quirks: Quirks | None = None

    async def write(self, change: Change) -> Outcome:
        """Carry out one change. Raises MisconfiguredError; every other failure is the outcome's."""
        kind = self.types.get(change.object)
        if kind is None:
            known = ", ".join(sorted(self.types))
            raise MisconfiguredError(f"the provider has no {change.object!r}; it has {known}")
        try:
            if change.action is Action.CREATE:
                return await self._create(kind, change)
            return await self._write(kind, change)
        except MisconfiguredError:
            raise
        except ConnectorError as error:
            return Outcome(change, error, id=change.id)

    def request(self, change: Change) -> Request | None:
        """Return the one request that says a change; None when it takes another look first.

        Raises RejectedError for what this provider cannot be told.
        """
        kind = self.types[change.object]
        if change.action is Action.CREATE:
            filled = kind.name in _MADE_EMPTY and has_elements(change.after)
            return None if filled else Request("POST", kind.endpoint, self._new(kind, change))
        if change.id is None:
            return None
        address = f"{kind.endpoint}/{_quoted(change.id)}"
        if change.action is Action.DELETE:
            return Request("DELETE", address)
        after = self._after(kind, change)
        if has_elements(after):
            return None  # what became of single elements is looked at
        said = self._sayable(operations(change.before, after), after)
        return Request("PATCH", address, patch_body(said)) if said else None

    async def _write(self, kind: ResourceType, change: Change) -> Outcome:
        """Carry out a change to an account that is there."""
        if change.id is None:
            raise RejectedError(f"{change.action} {change.key}: the account's id is not known")
        address = f"{kind.endpoint}/{_quoted(change.id)}"
        if change.action is Action.DELETE:
            return await self._delete(address, change)
        after = self._after(kind, change)
        answer = await self._update(address, kind, change, after)
        return Outcome(change, None, change.id, answer.tag, _held(answer, after))

    def _after(self, kind: ResourceType, change: Change) -> Mapping[str, Any]:
        """Return what an account shall hold afterwards."""
        if change.action is not Action.DEACTIVATE:
            return change.after
        if self.quirks is not None and self.quirks.deactivation == "none":
            raise RejectedError(
                f"PATCH {kind.endpoint}: the provider does not deactivate; "
                "say on_leave: {action: delete} or keep in the push mapping"
            )
        return {"active": False, **change.after}

    def _new(self, kind: ResourceType, change: Change) -> dict[str, Any]:
        """Return the resource of a new account."""
        ours = {} if kind.name in _NO_KEY else {"externalId": change.key}
        resource = ours | build(change.after)
        if self.quirks is not None and "active" in self.quirks.required:
            resource.setdefault("active", True)
        resource["schemas"] = kind.schemas(resource)
        return resource

    async def _create(self, kind: ResourceType, change: Change) -> Outcome:
        resource = self._new(kind, change)
        try:
            answer = await self.transport.send("POST", kind.endpoint, resource)
        except (RejectedError, UncertainError) as error:
            raise await self.meant(kind, resource, error) from None
        created = answer.body if isinstance(answer.body, dict) else {}
        if "id" not in created:
            raise RejectedError(f"POST {kind.endpoint}: accepted, but the answer names no id")
        id_ = str(created["id"])
        if kind.name in _MADE_EMPTY and not shows_elements(answer, change):
            answer = await self._completed(kind, change._replace(id=id_))
            held = _held(answer, change.after)
        else:
            held = held_of(created, resource, change.after)
        return Outcome(change, None, id_, answer.tag, held)

    async def _completed(self, kind: ResourceType, made: Change) -> Answer:
        """Write the elements that a creation did not."""
        address = f"{kind.endpoint}/{_quoted(str(made.id))}"
        answer = await self.transport.send("GET", address)
        if shows_elements(answer, made):
            return answer
        elements = parted(made.after)[1]
        patch = operations({}, elements) if self.features.patch else []
        etag = self.features.etag
        return await write_elements(self.transport, address, kind, made, patch, etag=etag)

    async def meant(
        self, kind: ResourceType, resource: Mapping[str, Any], error: ConnectorError
    ) -> ConnectorError:
        """Return what the error of a creation means at a provider that says no 409 where it should.

        It is a conflict there: the account may be ours already, or somebody else's.
        """
        if isinstance(error, ConflictError) or self.quirks is None:
            return error
        if isinstance(error, RejectedError) and self.quirks.duplicate == "refused":
            return ConflictError(str(error)).after(error.exchange)
        if isinstance(error, UncertainError) and await self._is_taken(kind, resource):
            return ConflictError(f"{error}: its userName is taken").after(error.exchange)
        return error

    async def _is_taken(self, kind: ResourceType, resource: Mapping[str, Any]) -> bool:
        """Whether another account has the userName, at a provider that fails then (5xx)."""
        name, quirks = resource.get("userName"), self.quirks
        if quirks is None or quirks.duplicate != "failed" or not isinstance(name, str):
            return False
        if not quirks.searchable("userName"):
            return False
        asked = {"filter": equal("userName", name)}
        try:
            answer = await self.transport.send("GET", kind.endpoint, params=asked)
        except ConnectorError:
            return False  # asked again by the caller, who does not know either
        return any(
            str(each.get("userName")).casefold() == name.casefold()
            and each.get("externalId") != resource.get("externalId")
            for each in resources_of(answer.body)
        )

    async def _delete(self, address: str, change: Change) -> Outcome:
        try:
            await self.transport.send("DELETE", address)
        except NotFoundError:  # gone already: what was wanted
            return Outcome(change, id=change.id)
        return Outcome(change, id=change.id)

    def _update(
        self, address: str, kind: ResourceType, change: Change, after: Mapping[str, Any]
    ) -> Coroutine[Any, Any, Answer]:
        """Return what carries out a change: of most the request itself, to be awaited at once."""
        version = change.version if self.features.etag else None
        patch = operations(change.before, after)
        if patch and has_elements(after):
            sendable = patch if self.features.patch else []
            etag = self.features.etag
            return write_elements(self.transport, address, kind, change, sendable, etag=etag)
        if self.features.patch or self.quirks is not None:
            if not patch:
                return self.transport.send("GET", address)
            said = self._sayable(patch, after)
            if said is not None:
                return self.transport.send("PATCH", address, patch_body(said), version=version)
        return self._put(address, kind, change, after, version)

    async def _put(
        self,
        address: str,
        kind: ResourceType,
        change: Change,
        after: Mapping[str, Any],
        version: str | None,
    ) -> Answer:
        """Write the whole resource as it stands, with what is ours as it shall be."""
        current = await self.transport.send("GET", address)
        resource = whole(current.body, change.before, after)
        resource["schemas"] = kind.schemas(resource)
        return await self.transport.send("PUT", address, resource, version=version)

    def _sayable(
        self, patch: Sequence[Operation], after: Mapping[str, Any]
    ) -> Sequence[Operation] | None:
        """Return operations that have their effect here; None when only the whole resource has."""
        if self.quirks is None:
            return patch
        forms = self.quirks.forms
        needed = [form for operation in patch for form in _forms(operation)]
        lacks = [form for form in needed if form not in forms]
        if not lacks:
            return patch
        if all(form is Form.PATH for form in needed) and Form.BARE in forms:
            return [{"op": "replace", "value": build(after)}]
        if Form.PUT in forms:
            return None
        lacking = ", ".join(sorted(set(lacks)))
        raise RejectedError(f"PATCH: the provider has no form for this change ({lacking})")


def _forms(operation: Operation) -> Iterator[Form]:
    match operation["op"]:
        case "add":
            yield Form.ADD
        case "remove":
            yield Form.REMOVE
        case _ if "[" not in operation["path"]:
            yield Form.PATH
    if "[" in operation["path"]:
        yield Form.ELEMENT


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
        weight: int = 1,
    ) -> Answer:
        """Send what only asks."""
        if method != "GET":
            raise _Seen(Request(method, path, body))
        return await self._transport.send(
            method, path, body, params=params, version=version, weight=weight
        )


async def preview(writer: Writer, change: Change) -> Request:
    """Return the request a writer over a `Rehearsal` would send; one that asks if none writes."""
    try:
        outcome = await writer.write(change)
    except _Seen as seen:
        return seen.request
    if outcome.error is not None:
        raise outcome.error
    return Request("GET", f"{writer.types[change.object].endpoint}/{change.id}")


def held_of(
    body: Mapping[str, Any], sent: Mapping[str, Any], after: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return what a created resource holds under these paths; most show what was sent as it was."""
    as_sent = sent.items() <= body.items() and None not in after.values()
    return after if as_sent else values_at(body, after)


def _held(answer: Answer, after: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what the answer's resource holds under these paths; None when it shows none."""
    body = answer.body
    return values_at(body, after) if isinstance(body, dict) and "id" in body else None


def _quoted(identifier: str) -> str:
    """Return an id fit for a path segment, slashes and question marks included."""
    return identifier if _PLAIN.fullmatch(identifier) else quote(identifier, safe="")


_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
