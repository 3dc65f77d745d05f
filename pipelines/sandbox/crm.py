"""The CRM: a Salesforce org, simulated, whose contacts an old import left as they were.

`connectors.simulators.salesforce` speaks what Salesforce documents of its wire, and serves from a
thread of ours over a file. Its validations would have kept the import from bringing what it
brought, so names, addresses and dates stand in plain text fields, as they do in such orgs.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connectors.simulators.salesforce import CONTACT, App, Field, Org, Simulator, SObject
from pipelines.sandbox.shapes import COLUMNS, Row

CLIENT = "isthmus"
"""The connected app that the project logs in as."""

_CONTACT = SObject(
    "Contact",
    CONTACT.prefix,
    (
        *CONTACT.own,
        Field(name="Number__c", length=20, unique=True, external_id=True),
        Field(name="Mail__c", length=120),
        Field(name="Born__c", length=20),
        Field(name="Language__c", length=10),
        Field(name="Shop_Number__c", length=20),
    ),
)
FIELDS = {
    "id": "Number__c", "name": "LastName", "email": "Mail__c", "mobile": "MobilePhone",
    "phone": "Phone", "company": "Account.Name", "street": "MailingStreet",
    "postal_code": "MailingPostalCode", "city": "MailingCity", "country_code": "MailingCountry",
    "language": "Language__c", "birthdate": "Born__c", "opted_out": "HasOptedOutOfEmail",
    "shop_number": "Shop_Number__c", "updated_at": "SystemModstamp", "is_deleted": "IsDeleted",
}  # fmt: skip
"""Which column of a contact each column of the world is."""


def fill(file: Path, rows: Iterable[Row]) -> None:
    """Make the CRM's org anew with these rows."""
    for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
        file.with_name(name).unlink(missing_ok=True)
    org = _open(file)
    edit(org, rows, ())
    org.close()


def edit(org: Org, changed: Iterable[Row], gone: Iterable[str]) -> None:
    """Insert or overwrite rows and put others into the recycle bin, with the world's own times."""
    ids = {row["Number__c"]: row["Id"] for row in org.records("Contact")}
    accounts = {row["Name"]: row["Id"] for row in org.records("Account")}
    org.seed("Contact", [_contact(org, row, ids, accounts) for row in changed])
    org.seed("Contact", [{"Id": ids[key], "IsDeleted": True} for key in gone])


@contextmanager
def running(file: Path, secret: Path) -> Iterator[Simulator]:
    """Serve the org over this file for the length of a ``with`` block.

    `secret` is a file that holds the app's secret; it is made when it is not there.
    """
    if not secret.exists():
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_urlsafe(24), encoding="utf-8")
    app = App(CLIENT, secret.read_text(encoding="utf-8"))
    with Simulator(_open(file), apps=(app,)) as simulator:
        yield simulator


def _open(file: Path) -> Org:
    return Org([_CONTACT], file=file)


def _contact(org: Org, row: Row, ids: dict[str, str], accounts: dict[str, str]) -> dict[str, Any]:
    """One row of the world as a contact; its company becomes an account."""
    values = {FIELDS[n]: v for n, v in zip(COLUMNS["crm"], row, strict=True)}
    company = values.pop("Account.Name")
    if company and company not in accounts:
        (accounts[company],) = org.seed("Account", [{"Name": company}])
    flags = {name: bool(values[name]) for name in ("HasOptedOutOfEmail", "IsDeleted")}
    known = ids.get(values["Number__c"])
    identity = {"Id": known} if known else {}
    return {**values, **flags, **identity, "AccountId": accounts.get(company)}
