"""The accounts of a target: read, asked for by an attribute, and looked at again on our side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.contract import Account
from connectors.errors import MisconfiguredError, NotFoundError
from connectors.rest.completing import Completer
from connectors.rest.lists import holds
from connectors.rest.objects import RestObject
from connectors.rest.paging import pages
from connectors.rest.pairs import as_objects
from connectors.rest.pointers import flattened, get, members
from connectors.rest.sending import Caller
from connectors.rest.template import fill
from connectors.rest.writes import Find, Write

KEY = "externalId"
"""What push files call our key, whatever the system calls it."""
ACTIVE = "active"
"""What push files call whether an account is active, where `active` is declared."""


class Accounts:
    """The accounts of one object."""

    def __init__(self, api: Caller, name: str, wanted: RestObject, write: Write) -> None:
        self._api, self._name, self._wanted, self._write = api, name, wanted, write

    def every(self) -> Iterator[Account]:
        """Yield all of them; one that came on to the next page again is yielded once."""
        completer = Completer(self._api, self._name, self._wanted)
        before: set[str] = set()
        for batch in pages(self._api, self._wanted, *self._wanted.beginning()):
            ids = [get(row, self._write.id) for row in batch.rows]
            for id_, row in zip(ids, batch.rows, strict=True):
                whole = completer.complete(row, id_) if str(id_) not in before else None
                if whole is not None and not self._is_gone(whole):
                    yield self.account(whole)
            before = {str(id_) for id_ in ids if id_ is not None}

    def having(self, attribute: str, value: str) -> Sequence[Account]:
        """Return those whose attribute equals a value."""
        name = self._write.key if attribute == KEY and self._write.key else attribute
        if name == self._write.id and self._write.get:
            return [each for each in [self.one(value)] if each and each.id == value]
        asked = self._write.find.get(attribute) or self._write.find.get(name)
        found = self._asked(asked, value) if asked else self.every()
        exact = attribute in {KEY, self._write.id, self._write.key}
        return [each for each in found if _holds(each, attribute, name, value, exact=exact)]

    def one(self, id_: str) -> Account | None:
        """Return the account with this id, None when there is none."""
        record = self.record(id_)
        return None if record is None else self.account(record)

    def record(self, id_: str) -> Mapping[str, Any] | None:
        """Return the record with this id as the system gives it, None when there is none."""
        call = self._write.get
        if call is None:
            raise MisconfiguredError(f"objects.{self._name}.write: set get, to read one account")
        try:
            reply = self._api.send(call, {"id": id_, "value": id_}, reads=True)
        except NotFoundError:
            return None
        record = get(reply.root, call.item)
        if not isinstance(record, Mapping) or self._is_gone(record):
            return None
        return as_objects(record, self._wanted.pairs)

    def _is_gone(self, record: Mapping[str, Any]) -> bool:
        """Whether a record says that it was deleted."""
        return bool(self._write.gone) and holds(record, self._write.gone)

    def account(self, record: Mapping[str, Any]) -> Account:
        """Return a record as an account, its attributes by dotted names."""
        write = self._write
        id_, key = get(record, write.id), get(record, write.key) if write.key else None
        if id_ is None:
            raise MisconfiguredError(
                f"{self._name}: a record has no id at {write.id!r}; "
                f"set objects.{self._name}.write.id"
            )
        attributes = flattened(record) | members(record)
        if write.active:
            attributes[ACTIVE] = get(record, write.active.field) == write.active.active
        version = get(record, write.version) if write.version else None
        return Account(
            str(id_),
            None if key is None or key == "" else str(key),
            attributes,
            None if version is None else str(version),
        )

    def _asked(self, asked: Find, value: str) -> Iterator[Account]:
        listing, values = asked.call or self._wanted, {"value": value}
        given = fill(asked.given, values)
        if asked.call is None:
            first, more = self._wanted.beginning()
            values, given = {**first, **values}, {**more, **given}
        completer = Completer(self._api, self._name, self._wanted)
        try:
            for batch in pages(self._api, listing, values, given):
                for row in batch.rows:
                    id_ = get(row, self._write.id)
                    whole = completer.complete(row, id_) if asked.whole else self.record(str(id_))
                    if whole is not None and not self._is_gone(whole):
                        yield self.account(whole)
        except NotFoundError:
            return  # to some systems no hit is not found


def _holds(account: Account, attribute: str, name: str, value: str, *, exact: bool) -> bool:
    """Check a hit on our side: some systems ignore filters. Keys and ids mind the case."""
    if attribute == KEY:
        return account.key == value
    held = account.attributes.get(name)
    if held is None:
        return False
    return str(held) == value if exact else str(held).casefold() == value.casefold()
