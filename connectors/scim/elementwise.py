"""Writing single elements of a list, such as the members of a group, and seeing that it was done.

Providers differ most here: some refuse to remove by a filter, some answer 204 and do nothing, some
refuse to remove what is gone. So the answer is looked at, or the resource read again; what is not
as it shall be is written whole, from what was read, so that the elements of others stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from connectors.contract import Change
from connectors.elements import Held, list_of, parted, put_elements
from connectors.errors import ConflictError, NotFoundError, RejectedError
from connectors.scim.paths import Operation, flatten, parse, write
from connectors.scim.resources import ResourceType
from connectors.scim.transport import Answer

_MOST = 500
"""So many operations, or new elements, go in one request: providers limit both."""


_TRIES = 3
"""So often a whole list is written, when others change it meanwhile."""


class Sends(Protocol):
    """Sends one request."""

    async def send(
        self, method: str, path: str, body: Any = None, *, version: str | None = None
    ) -> Answer:
        """Return the answer, or raise the transport's errors."""


async def write_elements(
    sender: Sends,
    address: str,
    kind: ResourceType,
    change: Change,
    patch: Sequence[Operation],
    *,
    etag: bool = False,
) -> Answer:
    """Send the operations, see what came of them, and write the whole list where nothing did.

    Where the provider knows versions (`etag`), a list that somebody else changed in between is read
    and written again. Raises RejectedError when the provider holds the elements neither way, and
    the transport's errors.
    """
    answer = await _patched(sender, address, patch)
    if answer is None or not shows_elements(answer, change):
        answer = await sender.send("GET", address)
    if shows_elements(answer, change):
        return answer
    for left in reversed(range(_TRIES)):
        if await _put(sender, address, kind, change, answer, etag=etag, last=not left):
            break
        answer = await sender.send("GET", address)
    answer = await sender.send("GET", address)
    if not shows_elements(answer, change):
        lists = ", ".join(sorted({str(list_of(path)) for path in parted(change.after)[1]}))
        raise RejectedError(
            f"PATCH and PUT {kind.endpoint}: the provider does not write {lists} as it was told"
        )
    return answer


def whole(
    body: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a resource as it was read, with these paths written into it."""
    resource = {name: value for name, value in body.items() if name != "meta"}
    plain, elements = parted(after)
    for path, value in plain.items():
        write(resource, parse(path), value)
    put_elements(resource, before, elements)
    return resource


async def _put(
    sender: Sends,
    address: str,
    kind: ResourceType,
    change: Change,
    read: Answer,
    *,
    etag: bool,
    last: bool,
) -> bool:
    """Write a resource whole, from what was read; tell whether nobody changed it in between."""
    resource = whole(read.body, change.before, change.after)
    resource["schemas"] = kind.schemas(resource)
    version = read.tag if etag else None
    try:
        await sender.send("PUT", address, resource, version=version)
    except ConflictError:
        if version is None or last:
            raise
        return False
    return True


async def _patched(sender: Sends, address: str, patch: Sequence[Operation]) -> Answer | None:
    """Send the operations; None when they are refused, or one of several requests is."""
    answer = None
    for operations in _portions(patch):
        try:
            answer = await sender.send("PATCH", address, patch_body(operations))
        except (NotFoundError, ConflictError):
            raise
        except RejectedError:
            return None
    return answer


def _portions(patch: Sequence[Operation]) -> Iterator[Sequence[Operation]]:
    """Yield the operations in portions; one that adds many elements is parted, too."""
    split = [part for operation in patch for part in _parts(operation)]
    portion: list[Operation] = []
    size = 0
    for operation in split:
        weight = len(operation["value"]) if operation["op"] == "add" else 1
        if portion and size + weight > _MOST:
            yield portion
            portion, size = [], 0
        portion.append(operation)
        size += weight
    if portion:
        yield portion


def _parts(operation: Operation) -> Iterator[Operation]:
    value = operation.get("value")
    if operation["op"] != "add" or not isinstance(value, list) or len(value) <= _MOST:
        yield operation
        return
    for start in range(0, len(value), _MOST):
        yield {**operation, "value": value[start : start + _MOST]}


def shows_elements(answer: Answer, change: Change) -> bool:
    """Whether an answer shows all elements as they shall be; one without the resource does not."""
    if not isinstance(answer.body, dict) or "id" not in answer.body:
        return False
    held = Held(flatten(answer.body))
    _, elements = parted(change.after)
    return all(_holds(held.get(path), wanted) for path, wanted in elements.items())


def _holds(held: Any, wanted: Any) -> bool:
    if isinstance(held, Mapping) and isinstance(wanted, Mapping):
        return all(held.get(part) == value for part, value in wanted.items())
    return bool(held == wanted)


_PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def patch_body(operations: Sequence[Operation]) -> dict[str, Any]:
    """Return the body of a PATCH (RFC 7644 section 3.5.2)."""
    return {"schemas": [_PATCH], "Operations": list(operations)}
