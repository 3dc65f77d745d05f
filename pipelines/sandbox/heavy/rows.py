"""What the further systems have of the world's people. Pure: who is in which is drawn by number.

- ``club``: members of a club, as entries of a directory; numbers in international notation.
- ``webshop``: customers of a web shop; an address, a name, sometimes a number.
- ``policies``: a mainframe's records; capital letters, packed numbers, the whole name in one field.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from random import Random
from uuid import NAMESPACE_OID, uuid5

from pipelines.sandbox import noise
from pipelines.sandbox.people import Person, plain

CLUB = "dc=club,dc=example"
MEMBERS = f"ou=members,{CLUB}"
EBCDIC = "cp273"
RECORD = 103
"""Bytes of a policy; see ``policies.cpy``."""
_SHARE = {"club": 0.15, "webshop": 0.12, "policies": 0.1}
Keyed = tuple[str, Person, Random]


def chosen(source: str, people: Iterable[Person], seed: int) -> Iterator[Keyed]:
    """Yield who is in a system: the number it gives, the person, what to draw the rest by."""
    for person in people:
        rng = Random(f"{seed} {source} {person.number}")  # noqa: S311 (reproducible on purpose)
        if rng.random() < _SHARE[source]:
            yield str(person.number + 1), person, rng


def member(number: str, person: Person, rng: Random) -> tuple[str, str]:
    """Return a member's key and entry as LDIF."""
    key = str(uuid5(NAMESPACE_OID, f"club {number}"))
    home = person.home
    values = {
        "objectClass": "inetOrgPerson",
        "entryUUID": key,
        "uid": f"m{number}",
        "cn": f"{person.given} {person.family}",
        "sn": noise.family_name(rng, person).strip(),
        "givenName": noise.given_name(rng, person).strip(),
        "mail": noise.email(rng, person, 0.1).strip(),
        "mobile": f"+{person.locale.code}{person.mobile}" if rng.random() < 0.7 else "",
        "street": home.street,
        "postalCode": home.town.postcode,
        "l": home.town.name,
        "preferredLanguage": person.language,
    }
    lines = [f"dn: uid=m{number},{MEMBERS}"]
    lines += [_line(name, value) for name, value in values.items() if value]
    return key, "\n".join(lines) + "\n\n"


def customer(person: Person, rng: Random) -> Mapping[str, str]:
    """Return a web shop's customer, in Vendure's words."""
    return {
        "firstName": noise.given_name(rng, person),
        "lastName": noise.family_name(rng, person),
        "emailAddress": person.emails[0],  # one that a mail was confirmed by
        "phoneNumber": f"+{person.locale.code}{person.mobile}" if rng.random() < 0.6 else "",
    }


def policy(number: str, person: Person, rng: Random) -> bytes:
    """Return a policy's record, as ``policies.cpy`` says."""
    born = noise.birth_date(rng, person, 0.05)
    home = person.home
    name = f"{noise.family_name(rng, person).strip()}, {noise.given_name(rng, person).strip()}"
    texts = (
        (name.upper(), 40),
        (f"{born:%Y%m%d}" if born else "00000000", 8),
        (home.town.postcode, 8),
        (home.town.name.upper(), 20),
        (person.locale.country, 2),
        (person.card if rng.random() < 0.3 else "", 10),
    )
    written = b"".join(_ebcdic(text, width) for text, width in texts)
    premium = _packed(rng.randrange(-20_000, 90_000), 17)
    return _packed(int(number), 11) + written + premium


def _line(name: str, value: str) -> str:
    if value.isascii():
        return f"{name}: {value}"
    return f"{name}:: {base64.b64encode(value.encode()).decode()}"


def _ebcdic(text: str, width: int) -> bytes:
    try:
        written = text.encode(EBCDIC)
    except UnicodeEncodeError:
        written = plain(text).encode(EBCDIC)
    return written[:width].ljust(width, " ".encode(EBCDIC))


def _packed(number: int, digits: int) -> bytes:
    """COMP-3: a digit in each half byte, the sign in the last one."""
    return bytes.fromhex(f"{abs(number):0{digits}d}{'d' if number < 0 else 'c'}")
