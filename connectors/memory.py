"""Sources and targets in memory: named stores of this process, for tests and trials.

A store is shared by every connector that names it::

    memory.store("crm").rows["contacts"] = [{"id": "1", "name": "Ann"}]
    Memory(store="crm").read(Query("contacts"))
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from connectors.contract import (
    Account,
    Action,
    Change,
    Column,
    Connector,
    Cursor,
    Health,
    ObjectSchema,
    Outcome,
    Page,
    Query,
    Row,
)
from connectors.elements import parted, put_elements
from connectors.errors import (
    ConflictError,
    ConnectorError,
    ExpiredCursorError,
    MisconfiguredError,
    NotFoundError,
    RejectedError,
)
from connectors.fields import did_you_mean


@dataclass(slots=True)
class Store:
    """What one name stands for: `rows` to read, `accounts` by object and id to write.

    `log` holds the changed rows of an object in their order, for its feed; what stands before
    `forgotten` is no longer known.
    """

    rows: dict[str, list[Row]] = field(default_factory=dict, repr=False)
    log: dict[str, list[Row]] = field(default_factory=dict, repr=False)
    forgotten: int = 0
    accounts: dict[str, dict[str, Account]] = field(default_factory=dict, repr=False)
    made: int = 0


_STORES: dict[str, Store] = {}


def store(name: str) -> Store:
    """The store of this name, empty at first."""
    return _STORES.setdefault(name, Store())


def forget(name: str) -> None:
    """Drop a store and all that it holds."""
    _STORES.pop(name, None)


class Memory(Connector):
    """Reads and writes a named store of this process."""

    type: ClassVar[str] = "memory"
    by_element: ClassVar[bool] = True

    store: str
    """The store's name; nothing is kept when the process ends."""

    def check(self) -> Health:
        """Name the store."""
        return Health(f"memory {self.store}")

    def discover(self) -> tuple[ObjectSchema, ...]:
        """List what the store holds, with the names that occur in its rows."""
        held = store(self.store)
        contents: dict[str, Iterable[Row]] = {
            name: [account.attributes for account in accounts.values()]
            for name, accounts in held.accounts.items()
        }
        contents |= held.rows
        return tuple(
            ObjectSchema(name, tuple(Column(key, "any") for key in _keys(rows)))
            for name, rows in sorted(contents.items())
        )

    def read(self, query: Query) -> Iterator[Page]:
        """Yield the rows, by cursor and key when the query has a cursor."""
        rows = list(self._rows(query.object))
        if query.cursor:
            cursor, key = query.cursor, query.key
            if not key:
                raise MisconfiguredError(f"{query.object}: reading by {cursor!r} needs a key")
            rows.sort(key=lambda row: _place(row, cursor, key))
            rows = [row for row in rows if _is_after(row, cursor, key, query.after)]
        for start in range(0, len(rows), query.page_size):
            part = rows[start : start + query.page_size]
            yield Page([_chosen(row, query.fields) for row in part], _position(part[-1], query))

    def changes(self, query: Query) -> Iterator[Page]:
        """Yield what the log has after the token, or every row that there is."""
        rows, log = self._rows(query.object), store(self.store).log.get(query.object, [])
        after = query.after
        if after is not None and int(after.value) < store(self.store).forgotten:
            raise ExpiredCursorError(f"memory {self.store}: forgot what changed after the position")
        told = log[int(after.value) :] if after else list(rows)
        for start in range(0, len(told), query.page_size):
            part = told[start : start + query.page_size]
            # Rows of a first read stand in no order of the log: only its end is a position then.
            token = int(after.value) + start + len(part) if after else len(log)
            ended = after is not None or start + len(part) == len(told)
            position = Cursor(str(token)) if ended else None
            yield Page([_chosen(row, query.fields) for row in part], position)

    def apply(self, changes: Iterable[Change]) -> Iterator[Outcome]:
        """Write to the store, one outcome per change."""
        for change in changes:
            accounts = self._accounts(change.object)
            try:
                account = _written(accounts, change, store(self.store))
            except ConnectorError as error:
                yield Outcome(change, error, id=change.id)
            else:
                yield Outcome(change, id=account.id, version=account.version)

    def accounts(self, object: str) -> Iterator[Account]:  # noqa: A002 (the contract's word)
        """Every account of this object type."""
        yield from list(self._accounts(object).values())

    def find(self, object: str, attribute: str, value: str) -> Sequence[Account]:  # noqa: A002
        """The accounts whose attribute has this value; ``externalId`` is our key."""
        return [
            account
            for account in self._accounts(object).values()
            if (account.key if attribute == "externalId" else account.attributes.get(attribute))
            == value
        ]

    def _rows(self, name: str) -> list[Row]:
        held = store(self.store).rows
        if name not in held:
            raise MisconfiguredError(
                f"memory {self.store}: no object {name!r}{did_you_mean(name, held)}"
            )
        return held[name]

    def _accounts(self, name: str) -> dict[str, Account]:
        held = store(self.store).accounts
        if name not in held:
            raise MisconfiguredError(
                f"memory {self.store}: no object {name!r}{did_you_mean(name, held)}"
            )
        return held[name]


def _written(accounts: dict[str, Account], change: Change, where: Store) -> Account:
    if change.action is Action.CREATE:
        return _created(accounts, change, where)
    if change.id is None:
        raise RejectedError(f"{change.action} {change.key}: the account's id is not known")
    if change.action is Action.DELETE:
        return accounts.pop(change.id, None) or Account(change.id, change.key, {})
    account = accounts.get(change.id)
    if account is None:
        raise NotFoundError(f"{change.action} {change.key}: no such account")
    after = dict(change.after)
    if change.action is Action.DEACTIVATE:
        after = {"active": False, **after}
    plain, elements = parted(after)
    attributes = {k: v for k, v in {**account.attributes, **plain}.items() if v is not None}
    put_elements(attributes, change.before, elements)
    version = str(int(account.version or 0) + 1)
    accounts[change.id] = replace(account, attributes=attributes, version=version)
    return accounts[change.id]


def _created(accounts: dict[str, Account], change: Change, where: Store) -> Account:
    if any(account.key == change.key for account in accounts.values()):
        raise ConflictError(f"create {change.key}: an account has this key")
    where.made += 1
    plain, elements = parted(change.after)
    attributes = {name: value for name, value in plain.items() if value is not None}
    put_elements(attributes, {}, elements)
    account = Account(f"m{where.made}", change.key, attributes, "1")
    accounts[account.id] = account
    return account


def _keys(rows: Iterable[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _chosen(row: Row, fields: tuple[str, ...] | None) -> Row:
    return row if fields is None else {name: row[name] for name in fields if name in row}


def _place(row: Row, cursor: str, key: str) -> tuple[Any, ...]:
    moment = row.get(cursor)
    return (moment is not None, moment if moment is not None else 0, row[key])


def _is_after(row: Row, cursor: str, key: str, after: Cursor | None) -> bool:
    if after is None:
        return True
    moment = row.get(cursor)
    if moment is None:
        return False
    value = type(moment)(after.value)
    if not after.key:
        return bool(moment >= value)
    return (moment, row[key]) > (value, type(row[key])(after.key))


def _position(row: Row, query: Query) -> Cursor | None:
    if not query.cursor or not query.key or row.get(query.cursor) is None:
        return None
    return Cursor(str(row[query.cursor]), str(row[query.key]))
