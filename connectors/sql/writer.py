"""Changes as INSERT, UPDATE and DELETE: some in one transaction, each behind a savepoint."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError

from connectors.contract import Account, Action, Change, Outcome, Row
from connectors.errors import (
    ConflictError,
    ConnectorError,
    MisconfiguredError,
    NotFoundError,
    RejectedError,
    TransientError,
    UncertainError,
)
from connectors.fields import did_you_mean

_BATCH = 100
"""Changes of one transaction: their outcomes are known when it has committed."""
KEY = "externalId"
"""How whoever asks names our key, whatever its column is called."""


class SqlTable(BaseModel):
    """A table that may be written to."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )

    key: str
    """The column that holds our key; it needs a unique index."""
    id: str | None = None
    """The column that names a row; the primary key when left out."""
    active: str | None = None
    """The column that says whether an account is in use; needed to deactivate one."""
    inactive: bool | int | str = False
    """What that column holds when it is not."""


@dataclass(frozen=True, slots=True)
class Writable:
    """A reflected table and how its rows are accounts."""

    name: str
    table: sa.Table
    said: SqlTable
    id: str

    @classmethod
    def of(
        cls, connection: sa.Connection, name: str, said: SqlTable, schema: str | None
    ) -> Writable:
        """Reflect a table. Raises MisconfiguredError where it cannot hold accounts safely."""
        owner, _, table_name = name.rpartition(".")
        try:
            table = sa.Table(
                table_name, sa.MetaData(), schema=owner or schema, autoload_with=connection,
                quote=True, resolve_fks=False,
            )  # fmt: skip
        except sa.exc.NoSuchTableError:
            raise MisconfiguredError(f"tables.{name}: there is no such table") from None
        primary = [column.name for column in table.primary_key]
        identity = said.id or (primary[0] if len(primary) == 1 else None)
        if identity is None:
            raise MisconfiguredError(
                f"tables.{name}: has no primary key of one column; name the column under id"
            )
        for column in (said.key, identity, *([said.active] if said.active else [])):
            _known(table, name, column)
        if not _is_unique(connection, table, said.key):
            raise MisconfiguredError(
                f"tables.{name}: {said.key!r} has no unique index, so a second row of one key "
                "could be made; add one"
            )
        return cls(name, table, said, identity)

    def accounts(self, connection: sa.Connection) -> Iterator[Account]:
        """Yield every row, streamed, in order of its id."""
        statement = sa.select(self.table).order_by(self.table.c[self.id])
        streamed = connection.execution_options(stream_results=True, max_row_buffer=1_000)
        for row in streamed.execute(statement).mappings():
            yield self.account(row)

    def find(self, connection: sa.Connection, attribute: str, value: str) -> list[Account]:
        """Return the rows whose column holds this value, compared again on our side."""
        name = self.said.key if attribute == KEY else attribute
        column = _known(self.table, self.name, name)
        try:
            wanted = self._value(name, value)
        except RejectedError:
            return []
        statement = sa.select(self.table).where(column == wanted).order_by(self.table.c[self.id])
        rows = connection.execute(statement).mappings()
        return [self.account(row) for row in rows if _same(row[name], wanted)]

    def account(self, row: Mapping[Any, Any]) -> Account:
        """Return a row as an account; its attributes are the other columns that hold something."""
        key = row[self.said.key]
        kept = {
            n: _plain(row[n], _kind(self.table.c[n]))
            for n in row
            if n not in (self.id, self.said.key)
        }
        attributes = {name: value for name, value in kept.items() if value is not None}
        return Account(str(row[self.id]), None if key is None else str(key), attributes)

    def apply(self, connection: sa.Connection, changes: Sequence[Change]) -> list[Outcome]:
        """Write changes in one transaction; a change that is refused leaves the others alone."""
        lost: type[TransientError] = TransientError
        try:
            outcomes = [self._outcome(connection, change) for change in changes]
            lost = UncertainError  # a commit whose answer is lost may have happened
            connection.commit()
        except DBAPIError as error:
            with suppress(SQLAlchemyError):
                connection.rollback()
            told = lost(f"{self.name}: the transaction failed ({type(error.orig).__name__})")
            return [Outcome(change, told, id=change.id) for change in changes]
        return outcomes

    def _outcome(self, connection: sa.Connection, change: Change) -> Outcome:
        where = f"{change.action} {change.key}"
        try:
            with connection.begin_nested():
                return Outcome(change, id=self._write(connection, change))
        except ConnectorError as error:
            return Outcome(change, error, id=change.id)
        except IntegrityError as error:
            refusal = _refusal(error)
            return Outcome(change, refusal(f"{where}: {_constraint(error)}"), id=change.id)
        except DataError:
            told = RejectedError(f"{where}: a value does not fit its column")
            return Outcome(change, told, id=change.id)

    def _write(self, connection: sa.Connection, change: Change) -> str:
        if change.action is Action.CREATE:
            row = {self.said.key: change.key, **change.after}
            made = connection.execute(self.table.insert().values(self._values(row)))
            names = [column.name for column in self.table.primary_key]
            primary = dict(zip(names, made.inserted_primary_key or (), strict=False))
            return str(primary.get(self.id, row.get(self.id)))
        if change.id is None:
            raise RejectedError(f"{change.action} {change.key}: the account's id is not known")
        return self._write_known(connection, change, change.id)

    def _write_known(self, connection: sa.Connection, change: Change, identity: str) -> str:
        gone = NotFoundError(f"{change.action} {change.key}: no such row")
        try:
            this = self.table.c[self.id] == self._value(self.id, identity)
        except RejectedError:
            raise gone from None
        if change.action is Action.DELETE:
            connection.execute(self.table.delete().where(this))
            return identity
        values = self._values({**self._deactivation(change), **change.after})
        if not values:
            return identity
        if connection.execute(self.table.update().where(this).values(values)).rowcount == 0:
            raise gone
        return identity

    def _deactivation(self, change: Change) -> Row:
        if change.action is not Action.DEACTIVATE:
            return {}
        if self.said.active is None:
            raise MisconfiguredError(
                f"tables.{self.name}: names no column under active, so nothing can be deactivated; "
                "name one, or let the push mapping delete"
            )
        return {self.said.active: self.said.inactive}

    def _values(self, row: Row) -> dict[str, Any]:
        return {name: self._value(name, value) for name, value in row.items()}

    def _value(self, name: str, value: Any) -> Any:
        """Return a value as its column takes it. Raises RejectedError, without the value."""
        kind = _kind(_known(self.table, self.name, name))
        try:
            return _as(kind, value)
        except (KeyError, ValueError, InvalidOperation):
            raise RejectedError(
                f"{self.name}.{name}: takes no such value, it is of type {kind.__name__}"
            ) from None


def write(
    connection: sa.Connection, tables: Mapping[str, Writable], changes: Iterable[Change]
) -> Iterator[Outcome]:
    """Write changes to their tables, a transaction at a time. Raises MisconfiguredError."""
    drawn = iter(changes)
    while part := list(islice(drawn, _BATCH)):
        for name in dict.fromkeys(change.object for change in part):
            if name not in tables:
                raise MisconfiguredError(
                    f"sql: {name!r} may not be written to; name it under tables"
                    f"{did_you_mean(name, tables)}"
                )
            of_it = [change for change in part if change.object == name]
            yield from tables[name].apply(connection, of_it)


def _known(table: sa.Table, name: str, column: str) -> sa.Column[Any]:
    if column not in table.c:
        raise MisconfiguredError(
            f"tables.{name}: no column {column!r}{did_you_mean(column, table.c.keys())}"
        )
    return table.c[column]


def _is_unique(connection: sa.Connection, table: sa.Table, column: str) -> bool:
    inspector = sa.inspect(connection)
    sets = [[c.name for c in table.primary_key]]
    sets += [u["column_names"] for u in inspector.get_unique_constraints(table.name, table.schema)]
    indexes = inspector.get_indexes(table.name, table.schema)
    sets += [[str(c) for c in index["column_names"]] for index in indexes if index["unique"]]
    return [column] in sets


def _as(kind: type, value: Any) -> Any:
    if value is None or type(value) is kind or kind in (dict, list):
        return value
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    parse = _PARSERS.get(kind)
    return parse(str(value)) if parse else value


def _truth(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[text.lower()]


_PARSERS: Mapping[type, Callable[[str], Any]] = {
    str: str,
    bool: _truth,
    int: int,
    float: float,
    Decimal: Decimal,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
    time: time.fromisoformat,
    UUID: UUID,
    bytes: bytes.fromhex,
}


def _kind(column: sa.Column[Any]) -> type:
    """Return the Python type of a column; MySQL's TINYINT(1) is how it says boolean."""
    if getattr(column.type, "display_width", None) == 1:
        return bool
    try:
        return column.type.python_type
    except NotImplementedError:
        return str


def _plain(value: Any, kind: type) -> Any:
    """Return what JSON and comparisons know: times and numbers as a push mapping writes them."""
    if kind is bool and value is not None:
        return bool(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return value


def _same(held: Any, wanted: Any) -> bool:
    """Compare on our side: collations may find more, by case, accents or blanks at the end."""
    return bool(held == wanted)


def _refusal(error: IntegrityError) -> type[RejectedError]:
    state = str(getattr(error.orig, "sqlstate", "") or "")
    code = error.orig.args[0] if error.orig is not None and error.orig.args else ""
    twin = state == "23505" or code == 1062 or "UNIQUE constraint" in str(code)
    return ConflictError if twin else RejectedError


def _constraint(error: IntegrityError) -> str:
    told = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    name = f" {told}" if told else ""
    if _refusal(error) is ConflictError:
        return f"another row holds this value{name}"
    return f"the table's constraint{name} refuses it"
