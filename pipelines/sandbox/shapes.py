"""The four systems: which columns they have and what each of them says of a person.

- ``shop``: a legacy SQL database; ISO 3 countries, Y/N flags, soft deletes, changes by time.
- ``crm``: a Salesforce org; one name field ("Family, Given"), dates as dd.mm.yyyy, shop numbers.
- ``newsletter``: a German CSV export in cp1252; an address and hardly more, words for states.
- ``loyalty``: a fixed-width file of a mainframe; capital letters without accents, card numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from pipelines.sandbox import noise
from pipelines.sandbox.people import Home, Person, plain

Row = tuple[Any, ...]

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "shop": (
        "customer_id", "email", "first_name", "last_name", "phone", "street", "zip", "city",
        "country", "birth_date", "newsletter", "sms_ok", "card_no", "created_at", "modified_at",
        "deleted",
    ),
    "crm": (
        "id", "name", "email", "mobile", "phone", "company", "street", "postal_code", "city",
        "country_code", "language", "birthdate", "opted_out", "shop_number", "updated_at",
        "is_deleted",
    ),
    "newsletter": ("Nr", "E-Mail", "Vorname", "Nachname", "Sprache", "Status", "Angemeldet am"),
    "loyalty": (
        "card", "surname", "forename", "born", "tier", "phone", "postcode", "town", "country",
        "points",
    ),
}  # fmt: skip
"""The columns of each system; the first one is its key."""

WIDTHS = (10, 28, 20, 8, 1, 20, 8, 20, 2, 7)
"""The column widths of the loyalty file."""

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""The world's first morning: everything in it happened before."""

_COMPANIES = ("Nordwind AG", "Atelier Lumière", "Brightwater Ltd", "Kaffeerösterei Sonne",
              "Costa & Figli", "De Gouden Leeuw", "Acme Inc.", "Librairie du Port")  # fmt: skip


def moment(rng: Random, years: int = 6) -> datetime:
    """Return a time, whole seconds, in the years before the world's first morning."""
    return EPOCH - timedelta(seconds=rng.randrange(1, years * 365 * 86_400))


def shop(rng: Random, person: Person, key: str) -> Row:
    """What the shop says."""
    home = _home(rng, person)
    created, modified = sorted((moment(rng), moment(rng)))
    return (
        int(key),
        noise.email(rng, person, 0.03),
        noise.given_name(rng, person),
        noise.family_name(rng, person),
        noise.phone(rng, person, 0.3),
        home.street,
        home.town.postcode,
        home.town.name,
        person.locale.alpha3,
        noise.birth_date(rng, person, 0.45),
        "Y" if person.wants_mail else "N",
        "Y" if person.wants_sms else "N",
        person.card if rng.random() < 0.4 else None,
        created,
        modified,
        rng.random() < 0.02,
    )


def crm(rng: Random, person: Person, key: str) -> Row:
    """What the CRM says; the number in the shop is set by whoever knows it."""
    home = _home(rng, person)
    born = noise.birth_date(rng, person, 0.35)
    landline = person.home.landline if rng.random() < 0.6 else ""
    return (
        key,
        f"{noise.family_name(rng, person)}, {noise.given_name(rng, person)}",
        noise.email(rng, person, 0.15),
        noise.phone(rng, person, 0.25, landline=0.0),
        noise.notation(rng, person.locale, landline) if landline else None,
        rng.choice(_COMPANIES) if rng.random() < 0.2 else None,
        home.street,
        home.town.postcode,
        home.town.name,
        person.locale.country,
        person.language,
        f"{born:%d.%m.%Y}" if born else None,
        0 if person.wants_mail else 1,
        None,
        f"{moment(rng):%Y-%m-%dT%H:%M:%SZ}",
        1 if rng.random() < 0.015 else 0,
    )


def newsletter(rng: Random, person: Person, key: str) -> Row:
    """What the newsletter tool says."""
    knows_name = rng.random() < 0.85
    state = "aktiv" if person.wants_mail else "abgemeldet"
    return (
        key,
        noise.email(rng, person, 0.0),
        noise.given_name(rng, person) if knows_name else "",
        noise.family_name(rng, person) if knows_name else "",
        person.language,
        state if rng.random() > 0.05 else "unbestätigt",
        f"{moment(rng):%d.%m.%Y}",
    )


def loyalty(rng: Random, person: Person, key: str) -> Row:
    """What the mainframe says; all text."""
    born = noise.birth_date(rng, person, 0.08)
    home = _home(rng, person)
    return (
        key,
        _capitals(noise.family_name(rng, person), WIDTHS[1]),
        _capitals(noise.given_name(rng, person), WIDTHS[2]),
        f"{born:%Y%m%d}" if born else "00000000",
        rng.choice("GSSBBBB"),
        noise.phone(rng, person, 0.4),
        home.town.postcode,
        _capitals(home.town.name, WIDTHS[7]),
        person.locale.country,
        f"{rng.randrange(99_999):07}",
    )


SHAPES: Mapping[str, Callable[[Random, Person, str], Row]] = {
    "shop": shop,
    "crm": crm,
    "newsletter": newsletter,
    "loyalty": loyalty,
}


def _home(rng: Random, person: Person) -> Home:
    return person.former if person.former and rng.random() < 0.35 else person.home


def _capitals(text: str, width: int) -> str:
    return plain(text).upper().strip()[:width]
