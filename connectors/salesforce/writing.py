"""Writing: up to 200 records a request, one outcome for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from typing import Any

from connectors.contract import Change, Outcome
from connectors.errors import ConnectorError, MisconfiguredError, UncertainError
from connectors.salesforce.bulkwriting import bulk_outcomes
from connectors.salesforce.client import Client
from connectors.salesforce.fields import Described
from connectors.salesforce.jobs import Patience
from connectors.salesforce.records import Said, Write, as_text, to_write
from connectors.salesforce.terms import Terms
from connectors.salesforce.values import fits_cell

_REQUEST = 200
"""Salesforce takes so many records in one request."""
_JOB = 10_000
"""So many records go into one job: whatever is not known at a crash is asked for one by one."""
_FEW = 200
"""What is left for a last job goes by request when it is no more than this."""

Send = Callable[[Sequence[Write]], Iterator[Outcome]]


def outcomes(
    client: Client,
    changes: Iterable[Change],
    terms: Terms,
    *,
    bulk_from: int,
    patience: Patience,
) -> Iterator[Outcome]:
    """Write the changes. From `bulk_from` of them on (0: never) they go into jobs.

    Up to `bulk_from` changes are drawn before the first is sent, since it must be known how many
    there are. Raises MisconfiguredError only.
    """
    drawn = iter(changes)
    head = list(islice(drawn, bulk_from))
    bulk = 0 < bulk_from <= len(head)

    def large(group: Sequence[Write]) -> Iterator[Outcome]:
        if len(group) <= _FEW or not fits_cell(group[0].values):
            return _collection(client, group)
        return bulk_outcomes(client, group, terms.external_id, patience)

    sorter = _Sorter(large, _JOB) if bulk else _Sorter(partial(_collection, client), _REQUEST)
    describe = _Describing(client)
    for change in chain(head, drawn):
        try:
            write = to_write(change, describe.object(change.object), terms)
        except MisconfiguredError:
            raise
        except ConnectorError as error:
            yield Outcome(change, error, id=change.id)
            continue
        yield from sorter.take(write)
    yield from sorter.rest()


class _Describing:
    """Describes objects; what failed once is not asked for again by every change."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._failed: dict[str, ConnectorError] = {}

    def object(self, name: str) -> Described:
        """The object, or the error that it gave before."""
        if name in self._failed:
            raise self._failed[name]
        try:
            return self._client.describe(name)
        except ConnectorError as error:
            self._failed[name] = error
            raise


class _Sorter:
    """Gathers writes of one object and kind, and sends a group when it is full.

    What cannot be said in a job's cells is a group of its own.
    No record stands twice in a group, nor in two groups that are open: what comes again waits for
    what came before.
    """

    def __init__(self, send: Send, most: int) -> None:
        self._send = send
        self._most = most
        self._groups: dict[tuple[str, str, bool], list[Write]] = {}
        self._names: set[str] = set()

    def take(self, write: Write) -> Iterator[Outcome]:
        """Take one more; the outcomes of what was sent for it."""
        if write.names & self._names:
            yield from self.rest()
        self._names |= write.names
        place = (write.sobject, write.kind, fits_cell(write.values))
        group = self._groups.setdefault(place, [])
        group.append(write)
        if len(group) >= self._most:
            yield from self._send(self._groups.pop(place))

    def rest(self) -> Iterator[Outcome]:
        """Send all that was gathered."""
        groups, self._groups, self._names = self._groups, {}, set()
        for group in groups.values():
            yield from self._send(group)


def _collection(client: Client, group: Sequence[Write]) -> Iterator[Outcome]:
    for start in range(0, len(group), _REQUEST):
        part = group[start : start + _REQUEST]
        try:
            results = _sent(client, part)
        except MisconfiguredError:
            raise
        except ConnectorError as error:
            yield from (write.failed(error) for write in part)
            continue
        for write, result in zip(part, results, strict=True):
            yield _outcome(client, write, result)


def _sent(client: Client, part: Sequence[Write]) -> list[Any]:
    """The results of one request; UncertainError when they do not tell of every record."""
    (method, address), alone = _call(part[0]), len(part) == 1
    if method == "DELETE":
        ids = ",".join(str(write.values["Id"]) for write in part)
        found = client.send(method, address, about_one=alone, ids=ids, allOrNone="false")
    else:
        body = {"allOrNone": False, "records": [_record(write) for write in part]}
        found = client.send(method, address, body, about_one=alone)
    if not isinstance(found, list) or len(found) != len(part):
        raise UncertainError("composite/sobjects: the answer does not tell of every record")
    return found


def _call(write: Write) -> tuple[str, str]:
    """Method and path of the request that takes writes such as this."""
    address = "composite/sobjects"
    if write.kind == "upsert":
        return "PATCH", f"{address}/{write.sobject}/{next(iter(write.values))}"
    return {"delete": "DELETE", "insert": "POST", "update": "PATCH"}[write.kind], address


def _record(write: Write) -> dict[str, Any]:
    named = {"id" if name == "Id" else name: value for name, value in write.values.items()}
    return {"attributes": {"type": write.sobject}, **named}


def _outcome(client: Client, write: Write, result: Any) -> Outcome:
    if result.get("success"):
        return write.done(str(result.get("id") or ""))
    first: dict[str, Any] = next(iter(result.get("errors") or ()), {})
    code = str(first.get("statusCode") or "")
    method, address = _call(write)
    said = Said(method, client.path(address), as_text(_record(write)), as_text(result))
    return write.refused(code, first.get("fields") or (), said)
