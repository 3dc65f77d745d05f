"""The standard objects that customer data lives in, with the fields most orgs use."""

from __future__ import annotations

from typing import Any

from connectors.simulators.salesforce.schema import Field, Record, SObject

_PARTS = ("Street", "City", "State", "PostalCode", "Country")
_KEYS = ("street", "city", "state", "postalCode", "country")


def _whole_name(record: Record) -> str | None:
    parts = (record.get("FirstName"), record.get("LastName"))
    return " ".join(part for part in parts if part) or None


def _address(prefix: str) -> tuple[Field, ...]:
    """The parts of an address and the compound field over them."""

    def compute(record: Record) -> dict[str, Any] | None:
        parts = {key: record.get(prefix + part) for key, part in zip(_KEYS, _PARTS, strict=True)}
        extra = {"geocodeAccuracy": None, "latitude": None, "longitude": None}
        return {**extra, **parts} if any(parts.values()) else None

    lengths = (255, 40, 80, 20, 80)
    parts = tuple(
        Field(name=prefix + part, type="textarea" if part == "Street" else "string", length=length)
        for part, length in zip(_PARTS, lengths, strict=True)
    )
    return (*parts, Field(name=f"{prefix}Address", type="address", compute=compute))


def _owner() -> Field:
    return Field(name="OwnerId", type="reference", refers_to=("User",), relationship="Owner")


_PERSON = (
    Field(name="LastName", length=80, required=True),
    Field(name="FirstName", length=40),
    Field(name="Salutation", type="picklist", values=("Mr.", "Ms.", "Mrs.", "Dr.", "Prof.")),
    Field(name="Name", length=121, compute=_whole_name),
    Field(name="Title", length=128),
    Field(name="Email", type="email", length=80),
    Field(name="Phone", type="phone", length=40),
    Field(name="MobilePhone", type="phone", length=40),
    Field(name="Fax", type="phone", length=40),
    Field(name="HasOptedOutOfEmail", type="boolean", default=False),
    Field(name="DoNotCall", type="boolean", default=False),
    Field(name="LeadSource", type="picklist", values=("Web", "Phone Inquiry", "Other")),
    Field(name="Description", type="textarea", length=32_000, filterable=False),
    _owner(),
)

ACCOUNT = SObject(
    "Account",
    "001",
    (
        Field(name="Name", length=255, required=True),
        Field(name="Type", type="picklist", values=("Prospect", "Customer", "Other")),
        Field(name="Phone", type="phone", length=40),
        Field(name="Website", type="url", length=255),
        Field(name="Industry", type="picklist", values=("Retail", "Banking", "Other")),
        Field(name="NumberOfEmployees", type="int"),
        Field(name="AnnualRevenue", type="currency", scale=2),
        Field(name="Description", type="textarea", length=32_000, filterable=False),
        *_address("Billing"),
        _owner(),
    ),
)

CONTACT = SObject(
    "Contact",
    "003",
    (
        *_PERSON,
        Field(name="AccountId", type="reference", refers_to=("Account",), relationship="Account"),
        Field(name="Birthdate", type="date"),
        Field(name="HomePhone", type="phone", length=40),
        Field(name="Department", length=80),
        *_address("Mailing"),
    ),
)

LEAD = SObject(
    "Lead",
    "00Q",
    (
        *_PERSON,
        Field(name="Company", length=255, required=True),
        Field(
            name="Status",
            type="picklist",
            values=("Open - Not Contacted", "Working - Contacted", "Closed - Converted"),
            default="Open - Not Contacted",
        ),
        *_address(""),
    ),
)

USER = SObject(
    "User",
    "005",
    (
        Field(name="Username", length=80, required=True),
        Field(name="LastName", length=80, required=True),
        Field(name="FirstName", length=40),
        Field(name="Name", length=121, compute=_whole_name),
        Field(name="Email", type="email", length=128, required=True),
        Field(name="IsActive", type="boolean", default=True),
    ),
    deletable=False,
)

ORGANIZATION = SObject(
    "Organization",
    "00D",
    (
        Field(name="Name", length=80, required=True),
        Field(name="IsSandbox", type="boolean", default=False),
        Field(name="OrganizationType", length=40),
        Field(name="InstanceName", length=5),
        Field(name="PrimaryContact", length=80),
    ),
    deletable=False,
)

STANDARD = (ACCOUNT, CONTACT, LEAD, ORGANIZATION, USER)
