"""What systems make of people: typos, nicknames, junk, and a number in ten notations."""

from __future__ import annotations

from datetime import date
from random import Random

from pipelines.sandbox.locales import Locale, facts
from pipelines.sandbox.people import Person, plain

_JUNK_MAIL = ("test@test.com", "noreply@example.com", "none@none.com", "kunde@example.com")
_JUNK_PHONES = ("0000000", "0000000000", "1234567", "9999999999")


def typo(rng: Random, text: str) -> str:
    """Return the text with one slip of the fingers: two letters swapped, one lost or doubled."""
    if len(text) < 4:
        return text
    at, kind = rng.randrange(1, len(text) - 1), rng.random()
    if kind < 0.4:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + text[at + 1 :] if kind < 0.7 else text[:at] + text[at] + text[at:]


def given_name(rng: Random, person: Person) -> str:
    """Return the first name as a system has it: mostly right, else a nickname or a slip."""
    draw = rng.random()
    nicknames = facts().nicknames.get(person.given)
    if draw < 0.12 and nicknames:
        return rng.choice(nicknames)
    if draw < 0.15:
        return f"{person.given[0]}."
    if draw < 0.17:
        return typo(rng, person.given)
    return _written(rng, person.given)


def family_name(rng: Random, person: Person) -> str:
    """Return the surname as a system has it; `suffix` (Jr.) comes along half the time."""
    draw = rng.random()
    name = person.family
    if draw < 0.08 and person.former_family:
        name = person.former_family
    elif draw < 0.12 and "-" in name:
        name = name.split("-", 1)[0]
    elif draw < 0.15:
        name = typo(rng, name)
    if person.suffix and rng.random() < 0.5:
        name = f"{name} {person.suffix}"
    return _written(rng, name)


def email(rng: Random, person: Person, missing: float) -> str:
    """Return a mail address, or empty, or one typed to get past a form."""
    draw = rng.random()
    if draw < missing:
        return ""
    if draw > 0.992:
        return rng.choice(_JUNK_MAIL)
    chosen = person.emails[0] if rng.random() < 0.85 else rng.choice(person.emails)
    written = rng.random()
    if written < 0.05:
        return chosen.upper()
    return f" {chosen}" if written < 0.08 else chosen


def phone(rng: Random, person: Person, missing: float, landline: float = 0.3) -> str:
    """Return a number in some notation, or empty, or junk."""
    draw = rng.random()
    if draw < missing:
        return ""
    if draw > 0.99:
        return rng.choice(_JUNK_PHONES)
    number = person.mobile
    if rng.random() < landline and person.home.landline:
        number = person.home.landline
    return notation(rng, person.locale, number)


def notation(rng: Random, locale: Locale, number: str) -> str:
    """Write a national number in one of the ways people write it."""
    pairs = " ".join(number[at : at + 3] for at in range(0, len(number), 3))
    draw = rng.random()
    if draw < 0.3:
        return f"+{locale.code}{number}"
    if draw < 0.45:
        return f"+{locale.code} {pairs}"
    if draw < 0.55:
        return f"00{locale.code} {pairs}" if locale.code != "1" else f"1-{pairs}"
    if draw < 0.8:
        return f"{locale.trunk}{pairs}"
    return f"{locale.trunk}{number}" if draw < 0.9 else f"{locale.trunk}{pairs.replace(' ', '-')}"


def birth_date(rng: Random, person: Person, missing: float) -> date | None:
    """Return the date of birth, or None, or day and month swapped, or one digit off."""
    draw, born = rng.random(), person.birth
    if draw < missing:
        return None
    if draw > 0.99 and born.day <= 12:
        return date(born.year, born.day, born.month)
    if draw > 0.98:
        return date(born.year, born.month, 1 + (born.day + 9) % 28)
    return born


def _written(rng: Random, name: str) -> str:
    draw = rng.random()
    if draw < 0.04:
        return plain(name)
    if draw < 0.07:
        return name.upper()
    if draw < 0.09:
        return name.lower()
    return f"{name} " if draw < 0.11 else name
