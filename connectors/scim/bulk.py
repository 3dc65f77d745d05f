"""Many changes in one request: ``/Bulk`` (RFC 7644 section 3.7), an outcome for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.contract import Action, Change, Outcome
from connectors.errors import (
    ConnectorError,
    MisconfiguredError,
    NotFoundError,
    RejectedError,
    TransientError,
    UncertainError,
)
from connectors.scim.paths import values_at
from connectors.scim.transport import BULK_PATH, refusal
from connectors.scim.writer import Writer

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"

Operation = Mapping[str, Any]


async def write_many(writer: Writer, changes: Sequence[Change]) -> list[Outcome]:
    """Write changes in one request; those that it cannot say go one by one, as one alone does.

    A lost answer makes every creation of it uncertain. Raises MisconfiguredError.
    """
    if len(changes) == 1:
        return [await writer.write(changes[0])]
    said = {change.number: operation for change in changes if (operation := _said(writer, change))}
    together = [change for change in changes if change.number in said]
    outcomes = [await writer.write(each) for each in changes if each.number not in said]
    if not together:
        return outcomes
    body = {"schemas": [BULK], "Operations": [said[change.number] for change in together]}
    try:
        answer = await writer.transport.send("POST", BULK_PATH, body, weight=len(together))
    except MisconfiguredError:
        raise
    except RejectedError:  # too large, or not taken as a whole: nothing of it was done
        return outcomes + [await writer.write(each) for each in together]
    except TransientError as error:
        return outcomes + [Outcome(each, _unknown(each, error), id=each.id) for each in together]
    found = _by_change(answer.body, together)
    for each in together:
        operation = said[each.number]
        outcome = _outcome(writer, each, operation, found.get(each.number))
        if outcome.error is not None and each.action is Action.CREATE:
            kind = writer.types[each.object]
            meant = await writer.meant(kind, operation["data"], outcome.error)
            outcome = outcome._replace(error=meant)
        outcomes.append(outcome)
    return outcomes


def _said(writer: Writer, change: Change) -> Operation | None:
    """Return a change as an operation; None for what only a request of its own can say."""
    try:
        request = writer.request(change)
    except ConnectorError:
        return None  # written singly, it tells why
    if request is None:
        return None
    operation: dict[str, Any] = {
        "method": request.method,
        "path": request.address,
        "bulkId": str(change.number),
    }
    if request.body is not None:
        operation["data"] = request.body
    return operation


def _unknown(change: Change, error: TransientError) -> TransientError:
    """Return what a lost answer means for a change: a creation may have happened."""
    if change.action is Action.CREATE or not isinstance(error, UncertainError):
        return error
    return TransientError(str(error))


def _by_change(body: Any, changes: Sequence[Change]) -> Mapping[int, Mapping[str, Any]]:
    """Return the answers by the change's number: by ``bulkId``, else by their order."""
    listed = body.get("Operations") if isinstance(body, Mapping) else None
    answers = [each for each in listed or () if isinstance(each, Mapping)]
    named = {str(each.get("bulkId")): each for each in answers if each.get("bulkId") is not None}
    if len(answers) == len(changes):
        pairs = zip(changes, answers, strict=True)
        return {c.number: named.get(str(c.number), answer) for c, answer in pairs}
    return {c.number: named[str(c.number)] for c in changes if str(c.number) in named}


def _outcome(
    writer: Writer, change: Change, operation: Operation, answer: Mapping[str, Any] | None
) -> Outcome:
    if answer is None:
        lost = UncertainError(
            f"{_where(writer, change)}: the answer does not tell what became of it"
        )
        return Outcome(change, _unknown(change, lost), id=change.id)
    status = _status(answer.get("status"))
    response = answer.get("response")
    if status >= 300 or status < 200:
        error = refusal(_where(writer, change), operation, status, response)
        gone = isinstance(error, NotFoundError) and change.action is Action.DELETE
        return Outcome(change, None if gone else error, id=change.id)
    resource = response if isinstance(response, dict) else {}
    id_ = change.id or str(resource.get("id") or _last(answer.get("location")))
    if not id_:
        unnamed = f"{_where(writer, change)}: accepted, but the answer names no id"
        return Outcome(change, UncertainError(unnamed))
    held = values_at(resource, change.after) if "id" in resource else None
    return Outcome(change, None, id_, None, held)


def _where(writer: Writer, change: Change) -> str:
    return f"{_METHODS[change.action]} {writer.types[change.object].endpoint} by POST /Bulk"


_METHODS = {
    Action.CREATE: "POST",
    Action.UPDATE: "PATCH",
    Action.DEACTIVATE: "PATCH",
    Action.DELETE: "DELETE",
}


def bulk_id(body: Any) -> str:
    """Return the id of the first resource that an answer of ``/Bulk`` says was made, or ""."""
    listed = body.get("Operations") if isinstance(body, Mapping) else None
    first = next((each for each in listed or () if isinstance(each, Mapping)), {})
    response = first.get("response")
    made = response.get("id") if isinstance(response, Mapping) else None
    good = 200 <= _status(first.get("status")) < 300
    return str(made or _last(first.get("location"))) if good else ""


def _status(said: Any) -> int:
    """Return the status of an operation: a text in the standard, a number or an object in some."""
    code = said.get("code") if isinstance(said, dict) else said
    try:
        return int(str(code))
    except (TypeError, ValueError):
        return 0


def _last(location: Any) -> str:
    return str(location).rstrip("/").rpartition("/")[2] if location else ""
