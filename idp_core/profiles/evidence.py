"""What one record says about who it is: names folded, identifiers written alike, junk left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache

from idp_core.profiles.held import Held, holder
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.names import bare, fold, spells, suffix
from idp_core.profiles.policy import IdentifierPolicy, Read

Values = tuple[str, ...]
"""What a record holds of one identifier kind, each value once."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One record as resolution sees it. Names are folded, ``""`` when not said.

    `kinds` are the places of the identifier kinds, one mapping for all records of a policy; `held`
    are its values of each, `verified` those of them that are verified. Tuples by place: millions
    of records are in memory at once, and a dictionary takes three times as much.
    """

    ref: SourceRef
    given: str = field(repr=False)
    family: str = field(repr=False)
    suffix: str = field(repr=False)
    birth: date | None = field(repr=False)
    kinds: Mapping[str, int] = field(repr=False)
    held: tuple[Values, ...] = field(repr=False)
    verified: tuple[Values, ...] = field(repr=False)
    logs_in: bool

    def of(self, kind: str) -> Values:
        """Return its values of a kind; none of a kind that the policy does not know."""
        place = self.kinds.get(kind)
        return () if place is None else self.held[place]

    def verified_of(self, kind: str) -> Values:
        """Return its verified values of a kind that the policy knows."""
        return self.verified[self.kinds[kind]]

    def by_kind(self) -> Iterator[tuple[str, Values]]:
        """Yield the kinds it has values of, each with these."""
        return ((kind, held) for kind, held in zip(self.kinds, self.held, strict=True) if held)


Reader = Callable[[SourceProfile], Evidence]


def reader(policy: IdentifierPolicy) -> Reader:
    """Return a function from a source profile to what it says about who it is."""
    kinds = {name: place for place, name in enumerate(policy.identifiers)}
    holders = [holder(kind) for kind in policy.identifiers.values()]
    spelled = [kinds[n] for n, k in policy.identifiers.items() if k.read is Read.LOCAL_PART]
    nothing: tuple[Values, ...] = ((),) * len(kinds)
    blocked, login = policy.birth_date.blocked, policy.login

    def read(profile: SourceProfile) -> Evidence:
        said, ref = profile.attributes, profile.ref
        given, family = fold(_text(said.get("given_name"))), fold(_text(said.get("family_name")))
        mark = suffix(fold(_text(said.get("name_suffix"))), family, given)
        given, family = bare(given), bare(family)
        held = [values(said, ref) for values in holders]
        for place in spelled:
            if found := held[place]:
                held[place] = {v: sure for v, sure in found.items() if not spells(v, given, family)}
        sure = any(True in found.values() for found in held)
        return Evidence(
            ref=ref,
            given=given,
            family=family,
            suffix=mark,
            birth=_birth(said.get("birth_date"), blocked),
            kinds=kinds,
            held=tuple([tuple(found) if found else () for found in held]),
            verified=_verified(held) if sure else nothing,
            logs_in=ref.source in login.sources or any(said.get(name) for name in login.attributes),
        )

    return read


def without(record: Evidence, values: Iterable[tuple[str, str]]) -> Evidence:
    """Return the record as if it did not hold these values, each with its kind before it."""
    gone = {(record.kinds[kind], value) for kind, value in values}
    held, verified = (
        tuple(tuple(v for v in of if (place, v) not in gone) for place, of in enumerate(every))
        for every in (record.held, record.verified)
    )
    return replace(record, held=held, verified=verified)


def _verified(held: Iterable[Held]) -> tuple[Values, ...]:
    return tuple(
        [tuple([v for v, sure in found.items() if sure]) if found else () for found in held]
    )


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _birth(value: object, blocked: frozenset[date]) -> date | None:
    """Return a date of birth from a date, timestamp or ISO text; None if junk or unreadable."""
    if isinstance(value, str):
        try:
            value = _day(value[:10])
        except ValueError:
            return None
    if isinstance(value, datetime):
        value = value.date()
    return value if isinstance(value, date) and value not in blocked else None


@lru_cache(maxsize=50_000)
def _day(text: str) -> date:
    """Return a date from ISO text, the same one for all that say it. Raises ValueError."""
    return date.fromisoformat(text)
