"""Entries as rows: which columns, which attributes that takes, what each value becomes."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from connectors.contract import Query, RejectedRow
from connectors.errors import MisconfiguredError
from connectors.fields import did_you_mean
from connectors.ldap.answers import Entry
from connectors.ldap.options import DisabledBy, LdapObject
from connectors.ldap.schema import Schema
from connectors.ldap.session import Session, held
from connectors.ldap.values import PHOTOS, READ, SECRETS, Kind

DN, DISABLED, DELETED = "dn", "_disabled", "_deleted"
ACCOUNT_CONTROL, ACCOUNT_DISABLED = "userAccountControl", 2
LOCKED = DisabledBy(attribute="pwdAccountLockedTime", value="000001010000Z")
"""How OpenLDAP's password policy says that an account is locked for good."""


class UnreadableError(ValueError):
    """An entry that is no row: the message says which attribute, not what it holds."""


@dataclass(frozen=True, slots=True)
class Column:
    """One attribute as a column."""

    name: str
    kind: Kind
    single: bool
    read: Callable[[bytes], Any]


@dataclass(slots=True)
class Rows:
    """Makes rows of the entries of one object. `wanted` are its columns, None for all there is."""

    name: str
    spec: LdapObject
    schema: Schema
    key: str
    wanted: tuple[str, ...] | None
    also: tuple[str, ...] = ()
    active_directory: bool = False
    fed: bool = False
    """Whether rows say that they are not deleted, since others of the same feed are."""
    _columns: dict[str, Column | None] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        session: Session,
        name: str,
        spec: LdapObject,
        query: Query,
        *,
        also: tuple[str, ...] = (),
        fed: bool = False,
    ) -> Rows:
        """The rows that a query asks for. Raises MisconfiguredError for an unknown attribute."""
        directory = session.root.active_directory
        key = query.key or spec.key or ("objectGUID" if directory else "entryUUID")
        also = (*also, query.cursor) if query.cursor else also
        wanted = query.fields
        if wanted is None and spec.attributes is not None:
            wanted = _once((key, *spec.attributes, *also))
        made = cls(name, spec, session.schema, key, wanted, also, directory, fed)
        made.check()
        return made

    def check(self) -> None:
        """Raise MisconfiguredError for an attribute that is a secret, or that nobody knows."""
        for name in (self.key, *self.also, *(self.wanted or ()), *self.spec.single):
            if name.partition(";")[0].lower() in SECRETS:
                raise MisconfiguredError(f"{self.name}: {name} is a password; it is never read")
            if name not in {DN, DISABLED} and not self.schema.has(name):
                known = [each.name for each in self.schema.attributes.values()]
                raise MisconfiguredError(
                    f"{self.name}: the directory has no attribute {name!r}"
                    f"{did_you_mean(name, known)}"
                )

    def attributes(self) -> list[str]:
        """What to ask the server for."""
        names = ["*"] if self.wanted is None else [n for n in self.wanted if n != DN]
        by = self._disabled_by()
        if by and (self.wanted is None or DISABLED in self.wanted):
            names.append(by)
        names += [self.key, *self.also]
        return [name for name in dict.fromkeys(names) if name not in {DISABLED, DN}]

    def values(self, entry: Entry) -> dict[str, Any]:
        """All values of an entry by column. Raises UnreadableError when it can be no row."""
        values: dict[str, Any] = {DN: entry.dn}
        for name, raw in entry.attributes.items():
            column = self._columns[name] if name in self._columns else self._column(name)
            if column is not None and raw:
                values[column.name] = _value(column, raw)
        if values.get(self.key) is None:
            raise UnreadableError(f"it has no {self.key}, which is to be its key")
        disabled = self.disabled(entry)
        if disabled is not None:
            values[DISABLED] = disabled
        return values

    def row(self, values: dict[str, Any]) -> dict[str, Any]:
        """The columns that are wanted."""
        if self.wanted is not None:
            values = {name: values.get(name) for name in self.wanted}
        return {**values, DELETED: False} if self.fed else values

    def gone(self, key: str) -> dict[str, Any]:
        """The row of an entry that is not there any more."""
        return {**dict.fromkeys(self.wanted or ()), self.key: key, DELETED: True}

    def rejected(self, entry: Entry, number: int, error: UnreadableError) -> RejectedRow:
        """An entry that is no row, as LDIF without what is secret."""
        lines = [f"dn:: {base64.b64encode(entry.dn.encode()).decode()}"]
        for name, values in entry.attributes.items():
            if name.partition(";")[0].lower() not in SECRETS | PHOTOS:
                lines += [f"{name}:: {base64.b64encode(one).decode()}" for one in values]
        return RejectedRow(f"{self.name} entry {number}", str(error), "\n".join(lines))

    def column(self, name: str) -> Column:
        """An attribute as a column, under the name it was asked for by."""
        kind = self.schema.attribute(name)
        spelled = {one.lower(): one for one in (*(self.wanted or ()), self.key, *self.also)}
        base, _, option = name.partition(";")
        full = base if option.lower() == "binary" else name
        known = kind.name if kind.name.lower() == full.lower() else full
        single = kind.single or base.lower() in {one.lower() for one in self.spec.single}
        return Column(spelled.get(full.lower(), known), kind.kind, single, READ[kind.kind])

    def disabled(self, entry: Entry) -> bool | None:
        """Whether an entry is disabled, None when it cannot be."""
        by = self.spec.disabled
        if by is None and self.active_directory:
            control = held(entry, ACCOUNT_CONTROL)
            return bool(int(control[0]) & ACCOUNT_DISABLED) if control else None
        if by is None and not (self.schema.known and self.schema.has(LOCKED.attribute)):
            return None
        by = by or LOCKED
        return by.value.encode() in held(entry, by.attribute)

    def _column(self, name: str) -> Column | None:
        """The column of an attribute that came, None when it is left out; kept."""
        base = name.partition(";")[0].lower()
        asked = {one.lower() for one in (*(self.wanted or ()), self.key)}
        out = base in SECRETS or (base in PHOTOS and base not in asked)
        self._columns[name] = None if out else self.column(name)
        return self._columns[name]

    def _disabled_by(self) -> str | None:
        if self.spec.disabled:
            return self.spec.disabled.attribute
        if self.active_directory:
            return ACCOUNT_CONTROL
        return LOCKED.attribute if self.schema.known and self.schema.has(LOCKED.attribute) else None


def _once(names: Iterable[str]) -> tuple[str, ...]:
    """The names as they were first spelled; a directory does not mind the case."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(name.lower(), name)
    return tuple(found.values())


def _value(column: Column, raw: list[bytes]) -> Any:
    try:
        if not column.single:
            return [column.read(one) for one in raw]
        (only,) = raw
        return column.read(only)
    except (ValueError, IndexError, OverflowError):
        if column.single and len(raw) > 1:
            raise UnreadableError(
                f"{column.name} has {len(raw)} values, but `single` says that there is one"
            ) from None
        raise UnreadableError(f"{column.name} holds no {column.kind}") from None
