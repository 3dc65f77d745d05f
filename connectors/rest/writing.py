"""One change at a time, as the call that the description has for it."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

from connectors.contract import Action, Change, Outcome
from connectors.errors import (
    ConnectorError,
    MisconfiguredError,
    NotFoundError,
    RejectedError,
    UncertainError,
)
from connectors.rest.accounts import ACTIVE, KEY, Accounts
from connectors.rest.objects import RestObject
from connectors.rest.pairs import as_lists
from connectors.rest.pointers import flattened, get, merged, nested
from connectors.rest.sending import Caller, Reply
from connectors.rest.template import Values
from connectors.rest.writes import EVERY, Write, WriteCall

_RUN = uuid.uuid4()
"""Idempotency keys are the same for each repetition in one run, and others in the next."""


class Writer:
    """Writes accounts of one object."""

    def __init__(self, api: Caller, name: str, wanted: RestObject, write: Write) -> None:
        self._api, self._name, self.settings = api, name, write
        self._asked, self._pairs = wanted.readable, wanted.pairs
        self._accounts = Accounts(api, name, wanted, write)

    def write(self, change: Change) -> Outcome:
        """Carry out one change. Raises MisconfiguredError; every other failure is the outcome's."""
        try:
            return self._write(change)
        except MisconfiguredError:
            raise
        except ConnectorError as error:
            return Outcome(change, error, id=change.id)

    def values(self, change: Change) -> dict[str, Any]:
        """Return what the placeholders of a call stand for, in one change."""
        after = self._translated(change)
        changes = nested(after)
        empty = {name for name, value in change.after.items() if value is None}
        record = nested({name: value for name, value in after.items() if name not in empty})
        known = merged(nested(change.before), changes)
        return {
            **known,
            "key": change.key,
            "id": change.id,
            "changes": as_lists(changes, self._pairs),
            "record": as_lists(record, self._pairs),
            "version": change.version,
            "idempotency_key": _idempotency_key(change),
        }

    def created(self, change: Change, reply: Reply, call: WriteCall) -> Outcome:
        """Return the outcome of a creation: the id the answer names, or else asked for."""
        record = get(reply.root, call.item)
        found = get(reply.root, call.id) if call.id else get(record, self.settings.id, None)
        if found is None and call.id is None:
            found = self._elsewhere(change, reply)
        if found is None and not self._asked:
            found = change.key  # it is known by our key alone, and nobody can ask
        if found is None:
            raise UncertainError(
                f"{reply.answer.call}: accepted, but nothing names the new account; set "
                f"objects.{self._name}.write.create.id"
            )
        return Outcome(change, id=str(found), version=self._version(record))

    def _write(self, change: Change) -> Outcome:
        if change.action is Action.CREATE:
            call = self._call(change, self.settings.create or self.settings.upsert)
            return self.created(change, self._sent(call, change, "{record}"), call)
        if change.id is None:
            raise RejectedError(f"{change.action} {change.key}: the account's id is not known")
        if change.action is Action.DELETE:
            return self._deleted(change)
        if change.action is Action.DEACTIVATE and self.settings.deactivate:
            self._sent(self.settings.deactivate, change, None)
            return Outcome(change, id=change.id)
        return self._updated(change)

    def _updated(self, change: Change) -> Outcome:
        call = self._call(change, self.settings.update or self.settings.upsert)
        if not self._translated(change):
            return Outcome(change, id=change.id, version=change.version)
        reply = self._sent(call, change, "{changes}")
        return Outcome(change, id=change.id, version=self._version(get(reply.root, call.item)))

    def _deleted(self, change: Change) -> Outcome:
        call = self._call(change, self.settings.delete)
        with suppress(NotFoundError):  # gone already: what was wanted
            self._sent(call, change, None)
        return Outcome(change, id=change.id)

    def _call(self, change: Change, call: WriteCall | None) -> WriteCall:
        if call is None:
            raise RejectedError(
                f"{change.action} {change.key}: objects.{self._name}.write has no call for it"
            )
        if change.action is Action.DEACTIVATE and not self.settings.active:
            raise RejectedError(
                f"deactivate {change.key}: objects.{self._name}.write has neither active nor "
                "deactivate"
            )
        return call

    def _sent(self, call: WriteCall, change: Change, body: str | None) -> Reply:
        """Send a call; without a body of its own it carries what this action carries."""
        if body and not call.model_fields_set & {"body", "form", "graphql"}:
            call = call.model_copy(update={"body": body})
        values = self.values(change)
        if change.action is not Action.CREATE and "record" in call.placeholders():
            values |= {"record": self._whole(change)}
        placeholders = call.placeholders()
        names = [name.rpartition(".")[2] for name in change.after]
        safe = "idempotency_key" in placeholders
        return self._api.send(call, values, sent=names, idempotent=True if safe else None)

    def _whole(self, change: Change) -> Values:
        """Return the record as it is now, with the changes laid over it."""
        held = self._accounts.record(change.id or "")
        if held is None:
            raise NotFoundError(f"{change.action} {change.key}: no such account")
        whole = merged(held, nested(self._translated(change)))
        return as_lists(whole, self._pairs)

    def _translated(self, change: Change) -> dict[str, Any]:
        """Return what is written by the system's own names, cleared attributes with its nothing."""
        written = self.settings
        after = dict(change.after)
        if change.action is Action.DEACTIVATE:
            after.setdefault(ACTIVE, False)
        if KEY in after and written.key:
            after[written.key] = after.pop(KEY)
        if change.action is Action.CREATE and written.key:
            after.setdefault(written.key, change.key)
        if written.active and ACTIVE in after:
            is_active = bool(after.pop(ACTIVE))
            value = written.active.active if is_active else written.active.inactive
            after[written.active.field] = value
        return {
            name: self._nothing(name) if value is None else value for name, value in after.items()
        }

    def _nothing(self, name: str) -> Any:
        return self.settings.empty.get(name, self.settings.empty.get(EVERY))

    def _elsewhere(self, change: Change, reply: Reply) -> str | None:
        """Find the id of a new account that the answer does not name: by its address, or key."""
        if self.settings.id == self.settings.key:
            return change.key
        location = reply.answer.headers.get("Location", "")
        if location:
            return _last_segment(location)
        known = self.settings.key and self._asked
        found = self._accounts.having(KEY, change.key) if known else ()
        return found[0].id if len(found) == 1 else None

    def _version(self, record: Any) -> str | None:
        said = get(record, self.settings.version) if self.settings.version else None
        return None if said is None else str(said)


def _last_segment(address: str) -> str | None:
    return unquote(urlsplit(address).path.rstrip("/").rpartition("/")[2]) or None


def _idempotency_key(change: Change) -> str:
    """Return a key that is the same for each repetition of this change, in this run at least."""
    if change.token:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, change.token))
    parts = (change.number, change.object, change.action.value, change.key)
    content = sorted((name, repr(value)) for name, value in flattened(change.after).items())
    return str(uuid.uuid5(_RUN, repr((parts, content))))
