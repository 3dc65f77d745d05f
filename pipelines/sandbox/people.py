"""People, invented by household: who they are, before any system says anything of them.

Households bring what makes resolution hard: shared landlines, addresses, surnames and mailboxes,
fathers and sons of one name, twins, double-barrelled and former names, people who moved.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from pipelines.sandbox.locales import Locale, Town, facts

_LETTERS = str.maketrans({"ß": "ss", "\N{LATIN SMALL LETTER DOTLESS I}": "i", "ø": "o", "ł": "l"})
_NOT_IN_MAILBOXES = str.maketrans("", "", " '.-")


@dataclass(frozen=True, slots=True)
class Home:
    """Where somebody lives; `landline` is a national number without trunk zero, or empty."""

    street: str
    town: Town
    landline: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """One real person of the world: the truth that systems see parts of.

    `emails` come with the usual one first; `mobile` is a national number without trunk zero.
    `former` is where they lived before, `former_family` the surname before a marriage.
    """

    number: int
    locale: Locale
    given: str
    family: str
    birth: date
    emails: tuple[str, ...]
    mobile: str
    home: Home
    language: str
    suffix: str = ""
    former: Home | None = None
    former_family: str = ""
    wants_mail: bool = False
    wants_sms: bool = False
    card: str = ""


def plain(text: str) -> str:
    """Return the text in ASCII letters, as systems without accents keep it."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return decomposed.encode("ascii", "ignore").decode()


def _letters(name: str) -> str:
    """Return a name as it stands in a mail address."""
    return plain(name).lower().translate(_NOT_IN_MAILBOXES)


def digits(rng: Random, pattern: str) -> str:
    """Fill each # of a pattern with a digit."""
    count = pattern.count("#")
    drawn = f"{rng.randrange(10**count):0{count}}"
    return pattern[: len(pattern) - count] + drawn


class Registry:
    """Makes people one household after the other; numbers, cards and mailboxes never repeat."""

    def __init__(self, rng: Random, first: int = 0, taken: frozenset[str] = frozenset()) -> None:
        self._rng = rng
        self._next = first
        self._mailboxes = set(taken)

    def households(self) -> Iterator[list[Person]]:
        """Yield households without end."""
        known = facts()
        while True:
            at = bisect(known.weights, self._rng.randrange(known.weights[-1]))
            yield self._household(known.locales[at])

    def _household(self, locale: Locale) -> list[Person]:
        rng = self._rng
        draw = rng.random()
        home = self._home(locale)
        head = self._person(locale, home, self._birth(28, 80), rng.choice(locale.families))
        if draw < 0.62:
            return [self._with_past(head)]
        people = [head, self._partner(head)]
        if draw > 0.8:
            people += self._children(people, 2 if draw > 0.93 else 1)
        if rng.random() < 0.08:
            shared = self._mailbox(f"family{_letters(head.family)}", locale)
            people = [replace(one, emails=(*one.emails, shared)) for one in people]
        return [self._with_past(one) for one in people]

    def _partner(self, head: Person) -> Person:
        rng, own = self._rng, self._rng.choice(head.locale.families)
        family, former = own, ""
        draw = rng.random()
        if draw < 0.6:
            family, former = head.family, own if draw < 0.15 else ""
        elif draw < 0.75 and " " not in own + head.family and head.locale.country in "DE CH FR GB":
            family, former = f"{head.family}-{own}", own
        birth = head.birth + timedelta(days=rng.randrange(-2500, 2500))
        partner = self._person(head.locale, head.home, birth, family, [head])
        return replace(partner, former_family=former)

    def _children(self, parents: list[Person], count: int) -> list[Person]:
        rng, head = self._rng, parents[0]
        locale, home = head.locale, head.home
        birth = min(head.birth + timedelta(days=rng.randrange(9_000, 13_000)), date(2007, 12, 1))
        child = self._person(locale, home, birth, head.family, parents)
        if count == 2:
            twin = rng.random() < 0.15
            other = birth if twin else birth - timedelta(days=rng.randrange(400, 2500))
            return [child, self._person(locale, home, other, head.family, [*parents, child])]
        if rng.random() < 0.2:  # named after the head of the household
            suffix = "Jr." if locale.country == "US" else ""
            child = replace(child, given=head.given, suffix=suffix)
        return [child]

    def _person(
        self, locale: Locale, home: Home, birth: date, family: str, kin: Sequence[Person] = ()
    ) -> Person:
        rng, number = self._rng, self._next
        self._next += 1
        given = rng.choice(locale.women if rng.random() < 0.52 else locale.men)
        while any(given == one.given for one in kin):
            given = rng.choice(locale.women + locale.men)
        emails = [self._address_of(given, family, birth, locale)]
        if rng.random() < 0.25:
            emails.append(self._address_of(given, family, birth, locale))
        return Person(
            number=number,
            locale=locale,
            given=given,
            family=family,
            birth=birth,
            emails=tuple(emails),
            mobile=digits(rng, rng.choice(locale.mobile)),
            home=home,
            language=home.town.language or locale.language,
            wants_mail=rng.random() < 0.55,
            wants_sms=rng.random() < 0.2,
            card=f"{7_000_000_000 + number * 97 + 13}",
        )

    def _with_past(self, person: Person) -> Person:
        if self._rng.random() < 0.12:
            return replace(person, former=self._home(person.locale))
        return person

    def _home(self, locale: Locale) -> Home:
        rng = self._rng
        town, street = rng.choice(locale.towns), rng.choice(locale.streets)
        number = rng.randrange(1, 140)
        line = f"{number} {street}" if locale.number_first else f"{street} {number}"
        length = locale.landline - len(town.area) - 1
        landline = f"{town.area}{rng.randrange(2, 10)}{rng.randrange(10**length):0{length}}"
        return Home(line, town, landline if rng.random() < 0.7 else "")

    def _birth(self, youngest: int, oldest: int) -> date:
        return date(2026 - youngest, 1, 1) - timedelta(
            days=self._rng.randrange((oldest - youngest) * 365)
        )

    def _address_of(self, given: str, family: str, birth: date, locale: Locale) -> str:
        first, last = _letters(given), _letters(family)
        forms = (f"{first}.{last}", f"{first[0]}.{last}", f"{first}{last}", f"{first}_{last}")
        form = self._rng.choice((*forms, f"{first}{birth.year % 100:02}", f"{last}.{first}"))
        return self._mailbox(form, locale)

    def _mailbox(self, name: str, locale: Locale) -> str:
        """Return a mail address that nobody has: with a number when the plain one is taken."""
        domain = self._rng.choice(locale.domains)
        address = f"{name}@{domain}"
        while address in self._mailboxes:
            address = f"{name}{self._rng.randrange(1_000_000)}@{domain}"
        self._mailboxes.add(address)
        return address
