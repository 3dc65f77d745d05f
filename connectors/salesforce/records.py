"""Changes as the records of a write, checked against the object before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from connectors.contract import Action, Change, Outcome
from connectors.errors import ConnectorError, MisconfiguredError, NotFoundError, RejectedError
from connectors.exchange import Exchange, kept
from connectors.salesforce.codes import CODE, of_code
from connectors.salesforce.fields import Described
from connectors.salesforce.terms import ACTIVE, KEY, Terms
from connectors.salesforce.values import to_json

Kind = Literal["insert", "upsert", "update", "delete"]


@dataclass(frozen=True, slots=True)
class Said:
    """Of a request about many records, and its answer: what is about one of them."""

    method: str
    path: str
    sent: str = field(repr=False)
    answered: str = field(repr=False)

    def as_exchange(self, code: str) -> Exchange:
        """Return it as a dead letter keeps it. The request as a whole was a success."""
        word = code if CODE.fullmatch(code) else ""
        return Exchange(self.method, self.path, 200, word, kept(self.sent), kept(self.answered))


def as_text(tree: Any) -> str:
    """Return JSON as a dead letter keeps it."""
    return json.dumps(tree, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Write:
    """One change as a record: `values` by field, the external id among them where it is set."""

    change: Change
    sobject: str
    kind: Kind
    values: Mapping[str, Any] = field(repr=False)

    @property
    def names(self) -> frozenset[str]:
        """What must not stand twice in one request: the record's id, or its key."""
        change = self.change
        keyed = (f"id {change.id}",) if change.id else ()
        return frozenset((*keyed, f"key {change.key}"))

    @property
    def what(self) -> str:
        """How messages name it."""
        return f"{self.change.action} {self.change.key}"

    def done(self, record_id: str) -> Outcome:
        """It was written."""
        return Outcome(self.change, id=record_id or self.change.id)

    def failed(self, error: ConnectorError) -> Outcome:
        """It was not, or is not known to be."""
        return Outcome(self.change, error, id=self.change.id)

    def refused(self, code: str, fields: Iterable[Any], said: Said) -> Outcome:
        """Salesforce refused it with this code. A record that is gone is deleted."""
        error = of_code(code, fields, self.what)
        if self.kind == "delete" and isinstance(error, NotFoundError):
            return self.done("")
        return self.failed(error.after(said.as_exchange(code)))


def to_write(change: Change, of: Described, terms: Terms) -> Write:
    """The record of a change.

    Raises MisconfiguredError for fields that are not there or may not be written, and for settings
    that are missing; RejectedError for a change that cannot be said.
    """
    if change.action is Action.DELETE:
        return Write(change, of.name, "delete", {"Id": _id(change)})
    creating = change.action is Action.CREATE
    values = _values(change, of, terms, creating=creating)
    if not creating:
        return Write(change, of.name, "update", {"Id": _id(change), **values})
    if terms.external_id is None:
        return Write(change, of.name, "insert", values)
    if not of.field(terms.external_id).external_id:
        raise MisconfiguredError(
            f"salesforce: {of.name}.{terms.external_id} is no external id; tick 'External ID' and "
            "'Unique' at the field"
        )
    return Write(change, of.name, "upsert", {terms.external_id: change.key, **values})


def _values(change: Change, of: Described, terms: Terms, *, creating: bool) -> dict[str, Any]:
    after = dict(change.after)
    if KEY in after and terms.external_id:
        after[terms.external_id] = after.pop(KEY)
    active = after.pop(ACTIVE, None)
    if change.action is Action.DEACTIVATE:
        active = False
    if active is not None:
        after = {**terms.state(active=bool(active)), **after}
    for name in after:
        of.writable(name, creating=creating)
    return {name: to_json(name, value) for name, value in after.items()}


def _id(change: Change) -> str:
    if not change.id:
        raise RejectedError(f"{change.action} {change.key}: the account's id is not known")
    return change.id
