"""How much two records speak for being one person: a pattern of agreements, weighed by the policy.

A `Pattern` is all that the weight depends on and holds no value. The batch makes patterns for
millions of pairs at once and asks `weigh` once per distinct one; `compare` makes the pattern of
one pair. Both go through `weigh`, so they cannot disagree about what a pattern is worth.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil, floor, log2
from typing import NamedTuple

from idp_core.profiles.evidence import Evidence, without
from idp_core.profiles.names import ALIKE, Likeness
from idp_core.profiles.policy import FamilyName, GivenName, IdentifierPolicy
from idp_core.profiles.vetoes import (
    Birth,
    compare_birth,
    compare_names,
    suffixes_differ,
)

_SMOOTHING = 10_000  # records we pretend to have seen before, so that small sets are not naive
_NAMESAKES = -4.0  # bits against, from which a namesake is likelier than a person who changed
_COMMONNESS = 1 / 5_000  # and the share of them that carried any one name

Values = frozenset[tuple[str, str]]
"""Identifier values, each with its kind before it; or full names, given and family."""


@dataclass(frozen=True, slots=True)
class Population:
    """What the other records say about a value: how common a name is, how shared an identifier.

    `contested` values were seen on two records that cannot be one person; `crowded` ones on more
    records than the policy allows. `namesakes` are full names of two records that cannot be one
    person. The counts are of records.
    """

    records: int = 0
    given: Mapping[str, int] = field(default_factory=dict, repr=False)
    family: Mapping[str, int] = field(default_factory=dict, repr=False)
    contested: Values = field(default=frozenset(), repr=False)
    crowded: Values = field(default=frozenset(), repr=False)
    namesakes: Values = field(default=frozenset(), repr=False)


class Pattern(NamedTuple):
    """What comparing two records gives.

    The rarities are bits, whole, 0 when the names are not the same. `namesakes` says that both
    names are the same, and that two people are known who have them. `same`, `contested`, `proven`
    and `both` have one bit per identifier kind, in the order of the policy: kinds with a shared
    value, with shared values that are all contested, with a shared value that every account of
    the two has verified, and kinds of which both records have a value.
    """

    given: Likeness = Likeness.UNKNOWN
    given_rarity: int = 0
    family: Likeness = Likeness.UNKNOWN
    family_rarity: int = 0
    namesakes: bool = False
    birth: Birth = Birth.UNKNOWN
    suffixes_differ: bool = False
    logs_in: bool = False
    same: int = 0
    contested: int = 0
    proven: int = 0
    both: int = 0


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks for (bits above 0) or against, in words without values."""

    text: str
    bits: float = 0.0


@dataclass(frozen=True, slots=True)
class Score:
    """The weight of a pair: bits above what is needed to join, and why."""

    weight: float
    reasons: tuple[Reason, ...]


@lru_cache(maxsize=10_000)
def rarity(count: int, records: int) -> int:
    """Return how rare a name is in whole bits: of `records` records, `count` carry it."""
    share = (count + _SMOOTHING * _COMMONNESS) / (records + _SMOOTHING)
    return round(-log2(min(share, 1.0)))


def compare(
    left: Evidence, right: Evidence, policy: IdentifierPolicy, population: Population
) -> Pattern:
    """Return the pattern of one pair; neither holds a crowded value (`usable`)."""
    given, family = compare_names(left, right)
    swapped = left.given == right.family and left.family == right.given and bool(left.given)
    same_given = given is Likeness.SAME and not swapped
    same_family = family is Likeness.SAME and not swapped
    same, contested, proven, both = _shared(left, right, policy, population)
    count, total = population, population.records
    return Pattern(
        given,
        _rare(count.given, left.given, right.given, total, policy.given_name.same)
        if same_given
        else 0,
        family,
        _rare(count.family, left.family, right.family, total, policy.family_name.same)
        if same_family
        else 0,
        given is family is Likeness.SAME and _namesakes(left, right, population),
        compare_birth(left.birth, right.birth),
        suffixes_differ(left.suffix, right.suffix),
        left.logs_in or right.logs_in,
        same,
        contested,
        proven,
        both,
    )


def usable(record: Evidence, population: Population) -> Evidence:
    """Return the record without what is crowded; itself when it holds none of it."""
    if not population.crowded:
        return record
    crowded = [
        (kind, value)
        for kind, values in record.by_kind()
        for value in values
        if (kind, value) in population.crowded
    ]
    return without(record, crowded) if crowded else record


def _rare(
    counts: Mapping[str, int], left: str, right: str, records: int, ends: tuple[float, float]
) -> int:
    """Return how rare two names are that are the same, no further than the policy looks."""
    bits = rarity(max(counts.get(left, 0), counts.get(right, 0)), records)
    return min(max(bits, floor(ends[0])), ceil(ends[1]))


def _namesakes(left: Evidence, right: Evidence, population: Population) -> bool:
    known = population.namesakes
    return (left.given, left.family) in known or (right.given, right.family) in known


def _shared(
    left: Evidence, right: Evidence, policy: IdentifierPolicy, population: Population
) -> tuple[int, int, int, int]:
    """Return the bits of `same`, `contested`, `proven` and `both`."""
    same = contested = proven = both = 0
    logs_in = left.logs_in or right.logs_in
    every = zip(policy.bits.items(), left.held, right.held, strict=True)
    for place, ((kind, bit), ours, theirs) in enumerate(every):
        if not (ours and theirs):
            continue
        both |= bit
        common = [value for value in ours if value in theirs]
        if not common:
            continue
        same |= bit
        if all((kind, value) in population.contested for value in common):
            contested |= bit
        if not logs_in or any(
            _proven(left, place, value) and _proven(right, place, value) for value in common
        ):
            proven |= bit
    return same, contested, proven, both


def _proven(record: Evidence, place: int, value: str) -> bool:
    """Whether an account of a record, if it is one, has verified a value."""
    return not record.logs_in or value in record.verified[place]


def weigh(pattern: Pattern, policy: IdentifierPolicy) -> Score:
    """Weigh a pattern: sum the bits, then hold back what must not join on its own."""
    reasons = [*_name_reasons(pattern, policy), *_identifier_reasons(pattern, policy)]
    weight = sum(reason.bits for reason in reasons) - policy.join_at
    held = hold(pattern, policy)
    if held and weight >= 0:
        weight = -1.0
        reasons.append(Reason(held))
    return Score(round(weight, 3), tuple(reasons))


def _name_reasons(pattern: Pattern, policy: IdentifierPolicy) -> Iterator[Reason]:
    named = [
        *_alike("first names", pattern.given, pattern.given_rarity, policy.given_name),
        *_alike("family names", pattern.family, pattern.family_rarity, policy.family_name),
    ]
    most = policy.full_name.contested
    if pattern.namesakes and most is not None and sum(reason.bits for reason in named) > most:
        named = [Reason("first and family names: same (shared with someone else)", most)]
    yield from named
    if pattern.birth not in (Birth.UNKNOWN, Birth.DIFFERENT):
        bits = float(getattr(policy.birth_date, pattern.birth.value))
        yield Reason(f"dates of birth: {pattern.birth.value}", bits)
    yield from _differences(pattern, policy)


def _alike(
    words: str, likeness: Likeness, rare: int, worth: GivenName | FamilyName
) -> Iterator[Reason]:
    """Yield what two names that are alike are worth."""
    if likeness is Likeness.SAME:
        yield Reason(f"{words}: same", _between(rare, worth.same))
    elif likeness not in (Likeness.UNKNOWN, Likeness.DIFFERENT):
        yield Reason(f"{words}: {likeness.value}", float(getattr(worth, likeness.value)))


def _differences(pattern: Pattern, policy: IdentifierPolicy) -> Iterator[Reason]:
    for text, says, holds in (
        ("first names", policy.given_name.different, pattern.given is Likeness.DIFFERENT),
        ("family names", policy.family_name.different, pattern.family is Likeness.DIFFERENT),
        ("dates of birth", policy.birth_date.different, pattern.birth is Birth.DIFFERENT),
        ("generations (Sr, Jr)", policy.suffix.different, pattern.suffixes_differ),
    ):
        if holds and isinstance(says, float):
            yield Reason(f"{text}: different", says)


def _between(bits: int, ends: tuple[float, float]) -> float:
    return min(max(float(bits), ends[0]), ends[1])


def _identifier_reasons(pattern: Pattern, policy: IdentifierPolicy) -> Iterator[Reason]:
    same = {name for name, bit in policy.bits.items() if pattern.same & bit}
    for place, (name, kind) in enumerate(policy.identifiers.items()):
        if name in same:
            if kind.part_of in same:
                continue
            contested = bool(pattern.contested >> place & 1) and kind.contested is not None
            shared = " (shared with someone else)" if contested else ""
            bits = kind.contested if contested and kind.contested is not None else kind.agree
            yield Reason(f"{name}: same{shared}", bits)
        elif pattern.both >> place & 1 and isinstance(kind.different, float) and kind.different:
            yield Reason(f"{name}: different", kind.different)


def hold(pattern: Pattern, policy: IdentifierPolicy) -> str | None:
    """Say why agreements of this kind never join on their own, or None."""
    agree = [
        (place, kind)
        for place, kind in enumerate(policy.identifiers.values())
        if pattern.same >> place & 1
    ]
    birth = pattern.birth not in (Birth.UNKNOWN, Birth.DIFFERENT)
    if not agree and not birth:
        return "names alone never join"
    personal = [
        (place, kind)
        for place, kind in agree
        if kind.reach == "personal"
        and not (pattern.contested >> place & 1 and kind.contested is not None)
    ]
    if pattern.birth is Birth.DIFFERENT and not (personal and pattern.given in ALIKE):
        return "another date of birth joins only with the first name and an identifier of one's own"
    named = pattern.given not in (Likeness.UNKNOWN, Likeness.DIFFERENT)
    if not (birth or named or personal):
        return "what a household shares never joins on its own"
    if not birth and all(kind.part_of for _, kind in agree) and _differ(pattern, policy):
        return "names and a part of an address or mailbox never outweigh so much that differs"
    if pattern.logs_in and not birth and _unproven(personal, pattern.proven):
        return "an unverified identifier alone never joins an account that can log in"
    return None


def _differ(pattern: Pattern, policy: IdentifierPolicy) -> bool:
    """Whether the identifiers that differ say what two together do, of those one seldom has two."""
    against = sum(
        kind.different
        for place, kind in enumerate(policy.identifiers.values())
        if isinstance(kind.different, float) and (pattern.both & ~pattern.same) >> place & 1
    )
    return against <= _NAMESAKES


def _unproven(personal: Iterable[tuple[int, object]], proven: int) -> bool:
    """Whether all personal identifiers that agree are of a kind to be verified, and none is."""
    found = list(personal)
    return bool(found) and all(
        getattr(kind, "login", False) and not proven >> place & 1 for place, kind in found
    )
