"""The entries of a directory as accounts."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any

from connectors.contract import Account, Query
from connectors.errors import MisconfiguredError
from connectors.ldap.changes import ACTIVE, EXTERNAL_ID
from connectors.ldap.filters import equal
from connectors.ldap.options import LdapObject
from connectors.ldap.reading import found
from connectors.ldap.rows import DISABLED, Rows, UnreadableError
from connectors.ldap.session import Session
from connectors.ldap.values import WRITE


def rows_of(session: Session, name: str, spec: LdapObject) -> Rows:
    """The rows that accounts are made of. Raises MisconfiguredError when our key has no place."""
    if spec.external_id is None:
        raise MisconfiguredError(
            f"{name}: as a target it needs external_id, the attribute that holds our key"
        )
    return Rows.of(session, name, spec, Query(name), also=(spec.external_id,))


def accounts_of(
    session: Session, name: str, spec: LdapObject, *conditions: str
) -> Iterator[Account]:
    """Yield the entries that fit. Raises MisconfiguredError for one that is no row."""
    rows = rows_of(session, name, spec)
    for number, entry in enumerate(found(session, rows, *conditions), 1):
        try:
            values = rows.values(entry)
        except UnreadableError as error:
            raise MisconfiguredError(f"{name}: entry {number} is no account: {error}") from None
        key = _one(values.get(rows.column(spec.external_id or "").name))
        attributes = rows.row(values)
        disabled = values.get(DISABLED)
        attributes.pop(DISABLED, None)
        state = {} if disabled is None else {ACTIVE: not disabled}
        yield Account(str(values[rows.key]), key, {**attributes, **state})


def accounts_with(
    session: Session, name: str, spec: LdapObject, attribute: str, value: str
) -> Sequence[Account]:
    """The accounts whose attribute has this value; our key and theirs to the letter."""
    rows = rows_of(session, name, spec)
    known = {EXTERNAL_ID: spec.external_id or "", "id": rows.key}
    asked = known.get(attribute, attribute)
    try:
        condition = equal(asked, WRITE[rows.schema.attribute(asked).kind](value))
    except (ValueError, KeyError, struct.error):
        return []  # no entry can have it
    exact = asked.lower() in {one.lower() for one in known.values()}
    held = rows.column(asked).name
    fitting = []
    for account in accounts_of(session, name, spec, condition):
        there: Any = {**account.attributes, **_identity(account, spec, rows)}.get(held)
        texts = [str(one) for one in (there if isinstance(there, list) else [there])]
        if value in texts or (not exact and value.casefold() in map(str.casefold, texts)):
            fitting.append(account)
    return fitting


def _identity(account: Account, spec: LdapObject, rows: Rows) -> dict[str, Any]:
    return {rows.column(spec.external_id or "").name: account.key, rows.key: account.id}


def _one(value: Any) -> str | None:
    found = value[0] if isinstance(value, list) else value
    return None if found is None else str(found)
