"""Records as accounts: which fields they show, and how one is found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.contract import Account, Row
from connectors.errors import MisconfiguredError
from connectors.salesforce import soql
from connectors.salesforce.client import Client
from connectors.salesforce.fields import Described, SalesforceField
from connectors.salesforce.terms import ACTIVE, KEY, Terms

_MOST = 200
"""More hits than this are as good as any other number above one."""


def fields(of: Described, terms: Terms) -> tuple[str, ...]:
    """The fields of an account: its id, our key, and what we may write."""
    needed = {"Id", *filter(None, (terms.external_id,)), *terms.deactivate}
    for name in needed:
        of.field(name)
    return tuple(
        name
        for name in of.readable()
        if name in needed or of.fields[name].createable or of.fields[name].updateable
    )


def account(row: Row, terms: Terms) -> Account:
    """A record as an account; its attribute ``active`` is what the terms say."""
    attributes = {name: value for name, value in row.items() if name != "Id"}
    active = terms.is_active(row)
    if active is not None:
        attributes[ACTIVE] = active
    key = row.get(terms.external_id) if terms.external_id else None
    return Account(str(row["Id"]), key, attributes)


def find(client: Client, name: str, attribute: str, value: str, terms: Terms) -> Sequence[Account]:
    """The live records whose field equals the value, checked again on our side."""
    of = client.describe(name)
    if attribute == KEY and terms.external_id is None:
        raise MisconfiguredError("salesforce: finding accounts by our key needs external_id")
    field = of.field(str(terms.external_id) if attribute == KEY else attribute)
    shown = fields(of, terms)
    asked = tuple(dict.fromkeys((*shown, field.name)))
    condition = f"{field.name} = {soql.literal(field, value)}"
    text = soql.select(asked, of.name, [condition], ["Id ASC"]) + f" LIMIT {_MOST}"
    rows: list[Any] = client.query(text)["records"]
    exact = attribute == KEY or field.case_sensitive
    return [
        account({path: row.get(path) for path in shown}, terms)
        for row in rows
        if _holds(field, row.get(field.name), value, exact=exact)
    ]


def _holds(field: SalesforceField, held: Any, value: str, *, exact: bool) -> bool:
    """Whether it is a hit; Salesforce does not mind the case of most text."""
    if field.type in {"id", "reference"}:
        return str(held)[:15] == value[:15]
    if not field.is_text:
        return True
    if exact:
        return bool(held == value)
    return str(held).casefold() == value.casefold()
