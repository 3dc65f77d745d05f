"""The canonical customer: the vocabulary every other part speaks (SCIM and OIDC words).

A canonical record is flat: attribute name to value. Consents have dotted names
(``consent.marketing_email``). Multi-valued attributes (``emails``, ``phones``, ``addresses``,
``external_ids``) are lists of elements with fixed parts; the one marked ``primary`` is also
reachable by its short name (``email``, ``phone``, ``address.locality``).

Sources: RFC 7643 section 4.1 (SCIM core user), OpenID Connect Core 1.0 section 5.1 (claims).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Type(StrEnum):
    """The types of values; each has one DuckDB type and one Python type."""

    TEXT = "text"  # VARCHAR, str
    BOOLEAN = "boolean"  # BOOLEAN, bool
    INTEGER = "integer"  # BIGINT, int
    DECIMAL = "decimal"  # DECIMAL(18, 4), decimal.Decimal
    DATE = "date"  # DATE, datetime.date
    TIMESTAMP = "timestamp"  # TIMESTAMPTZ, datetime.datetime in UTC


@dataclass(frozen=True, slots=True)
class Attribute:
    """One canonical attribute.

    `parts` is None for a single value; otherwise the attribute is multi-valued and `parts` names
    the fields of its elements in order. `short` is the short name of the primary element
    (``email``); `short_part` the part that name means, or None when it stands for all parts
    (``address`` -> ``address.locality``). `pii` names the kind of personal data, for masking.
    """

    name: str
    type: Type = Type.TEXT
    parts: Mapping[str, Type] | None = None
    short: str | None = None
    short_part: str | None = None
    pii: str | None = None
    doc: str = ""

    @property
    def many(self) -> bool:
        """Whether this attribute is a list of elements."""
        return self.parts is not None

    @property
    def label_part(self) -> str | None:
        """The part a label fills: `type`, else the first (``external_ids[crm]``)."""
        parts = self.parts or {}
        return "type" if "type" in parts else next(iter(parts), None)

    @property
    def value_part(self) -> str | None:
        """The part meant when none is named: `value`, mostly; None for addresses."""
        return self.short_part or ("value" if "value" in (self.parts or {}) else None)


@dataclass(frozen=True, slots=True)
class Schema:
    """A closed set of attributes, in a stable order."""

    attributes: Mapping[str, Attribute]
    shorts: Mapping[str, Attribute] = field(init=False)

    def __post_init__(self) -> None:
        shorts = {a.short: a for a in self.attributes.values() if a.short}
        object.__setattr__(self, "shorts", MappingProxyType(shorts))

    def extended(self, more: Iterable[Attribute]) -> Schema:
        """Return this schema with a user's own attributes; a known name is an error.

        Raises ValueError naming the attribute.
        """
        attributes = dict(self.attributes)
        for attribute in more:
            if attribute.name in attributes or attribute.name in self.shorts:
                raise ValueError(f"attribute {attribute.name!r} is already in the schema")
            attributes[attribute.name] = attribute
        return Schema(MappingProxyType(attributes))


_TYPED = {"value": Type.TEXT, "type": Type.TEXT, "primary": Type.BOOLEAN, "verified": Type.BOOLEAN}
_ADDRESS = {
    "formatted": Type.TEXT,
    "street_address": Type.TEXT,
    "locality": Type.TEXT,
    "region": Type.TEXT,
    "postal_code": Type.TEXT,
    "country": Type.TEXT,
    "type": Type.TEXT,
    "primary": Type.BOOLEAN,
}


def _customer() -> Iterable[Attribute]:
    name, contact, birth = "name", "contact", "birth"
    yield Attribute("given_name", pii=name, doc="First name.")
    yield Attribute("middle_name", pii=name)
    yield Attribute("family_name", pii=name, doc="Last name, particles included.")
    yield Attribute("name_prefix", pii=name, doc="Title: Dr, Mme…")
    yield Attribute("name_suffix", pii=name, doc="Jr, Sr, III…")
    yield Attribute("nickname", pii=name)
    yield Attribute("display_name", pii=name, doc="The name as a person wants it shown.")
    yield Attribute("username", pii=contact, doc="A name to log in with.")
    yield Attribute("gender", pii=birth)
    yield Attribute("birth_date", Type.DATE, pii=birth)
    yield Attribute("emails", parts=_TYPED, short="email", short_part="value", pii=contact)
    yield Attribute("phones", parts=_TYPED, short="phone", short_part="value", pii=contact)
    yield Attribute("addresses", parts=_ADDRESS, short="address", pii=contact)
    yield Attribute(
        "external_ids",
        parts={"system": Type.TEXT, "value": Type.TEXT},
        pii="id",
        doc="Ids of this person in other systems.",
    )
    yield Attribute("locale", doc="BCP 47, as de-CH.")
    yield Attribute("language", doc="ISO 639-1.")
    yield Attribute("timezone", doc="IANA name, as Europe/Paris.")
    yield Attribute("organization", doc="Company or other organisation.")
    yield Attribute("department")
    yield Attribute("job_title")
    yield Attribute("loyalty_id", pii="id")
    yield Attribute("loyalty_tier")
    yield Attribute("government_id", pii="id", doc="A number of the state; compared, never shown.")
    yield Attribute("active", Type.BOOLEAN)
    for channel in ("email", "sms", "phone", "post"):
        yield Attribute(f"consent.marketing_{channel}", Type.BOOLEAN)
    yield Attribute("consent.profiling", Type.BOOLEAN)
    yield Attribute("created_at", Type.TIMESTAMP, doc="When the source made this record.")
    yield Attribute("updated_at", Type.TIMESTAMP, doc="When the source last changed it.")


CUSTOMER = Schema(MappingProxyType({attribute.name: attribute for attribute in _customer()}))
"""The canonical customer schema; extend it with `Schema.extended`."""
