"""Several changes in one call: the rows that go in, and one outcome for each out of the answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from connectors.contract import Action, Change, Outcome
from connectors.errors import (
    ConflictError,
    ConnectorError,
    MisconfiguredError,
    NotFoundError,
    RejectedError,
    ThrottledError,
    TransientError,
    UncertainError,
)
from connectors.exchange import Exchange, kept
from connectors.http import Answer
from connectors.rest.pointers import MISSING, every, get
from connectors.rest.sending import Caller, as_json
from connectors.rest.template import fill
from connectors.rest.writes import Bulk
from connectors.rest.writing import Writer

_STATUSES: dict[int, type[ConnectorError]] = {
    404: NotFoundError,
    409: ConflictError,
    410: NotFoundError,
    429: ThrottledError,
}


def call_for(writer: Writer, action: Action) -> Bulk | None:
    """Return the call that writes several changes of this kind, None when there is none."""
    bulk = writer.settings.bulk
    calls = {Action.CREATE: bulk.create, Action.UPDATE: bulk.update, Action.DELETE: bulk.delete}
    return calls.get(action)


def write(api: Caller, writer: Writer, call: Bulk, changes: Sequence[Change]) -> Iterator[Outcome]:
    """Write the changes in one call. Raises MisconfiguredError; all else is in the outcomes."""
    rows = [fill(call.row, writer.values(change)) for change in changes]
    names = {name.rpartition(".")[2] for change in changes for name in change.after}
    try:
        reply = api.send(call, {"rows": rows}, sent=sorted(names))
    except MisconfiguredError:
        raise
    except ConnectorError as error:
        if call.split and isinstance(error, RejectedError) and len(changes) > 1:
            middle = len(changes) // 2
            yield from write(api, writer, call, changes[:middle])
            yield from write(api, writer, call, changes[middle:])
            return
        yield from (Outcome(change, error, id=change.id) for change in changes)
        return
    found = _by_change(call, changes, _told(call, reply.root))
    for number, change in enumerate(changes):
        outcome = _outcome(call, change, found.get(number, MISSING), reply.answer.call)
        if outcome.error is not None and number in found:
            outcome.error.after(_exchange(call, reply.answer, rows[number], found[number]))
        yield outcome


def _told(call: Bulk, root: Any) -> Any:
    """What the answer says of the rows; lists of several places become one."""
    if isinstance(call.items, str):
        return get(root, call.items)
    lists = [get(root, place) for place in call.items]
    return [each for found in lists if isinstance(found, list) for each in found]


def _by_change(call: Bulk, changes: Sequence[Change], told: Any) -> dict[int, Any]:
    """Return what the answer says of each change, by its number in the call."""
    if not isinstance(told, list):
        return {}
    if call.by is None:
        # Outcomes in the order of the rows tell which is whose only when there is one for each.
        return dict(enumerate(told)) if len(told) == len(changes) else {}
    keys = {change.key: number for number, change in enumerate(changes)}
    ids = {change.id: number for number, change in enumerate(changes) if change.id}
    found: dict[int, Any] = {}
    places = (call.by,) if isinstance(call.by, str) else call.by
    for each in told:
        for said in (str(name) for place in places for name in every(each, place)):
            number = keys.get(said, ids.get(said))
            if number is not None:
                found[number] = each
    return found


def _outcome(call: Bulk, change: Change, told: Any, name: str) -> Outcome:
    if told is MISSING:
        error: ConnectorError | None = UncertainError(f"{name}: the answer has no outcome for it")
    else:
        error = _error(call, told, name)
    if isinstance(error, NotFoundError) and change.action is Action.DELETE:
        error = None
    id_ = get(told, call.id) if call.id and told is not MISSING else None
    if error is None and id_ is None and change.action is Action.CREATE:
        error = UncertainError(f"{name}: the outcome names no id")
    return Outcome(change, error, id=str(id_) if id_ is not None else change.id)


def _exchange(call: Bulk, answer: Answer, row: Any, told: Any) -> Exchange:
    """Return what was said of one row alone: the others are other people's."""
    method, _, path = answer.call.partition(" ")
    status = _code(call, told) or answer.status
    return Exchange(method, path, status, sent=kept(as_json(row)), answered=kept(as_json(told)))


def _code(call: Bulk, told: Any) -> int:
    status = str(get(told, call.status)) if call.status else ""
    return int(status) if status.isdigit() else 0


def _error(call: Bulk, told: Any, name: str) -> ConnectorError | None:
    code = _code(call, told)
    for rule in call.errors:
        if rule.holds(code, told):
            return rule.error(f"{name}: a row is refused{rule.code(told)}", None)
    if code >= 500:
        return TransientError(f"{name}: a row failed with {code}")
    if code >= 400:
        return _STATUSES.get(code, RejectedError)(f"{name}: a row is refused with {code}")
    failed = call.error and get(told, call.error) not in (None, False, "", [], {})
    return RejectedError(f"{name}: a row is refused") if failed else None
