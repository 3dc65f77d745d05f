"""Hard negative evidence: what says that two records are never one person, whatever they share.

Pure functions on small values; a steward's cannot-link (`Constraints`) is the last veto.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

from idp_core.profiles.evidence import Evidence
from idp_core.profiles.model import SourceRef
from idp_core.profiles.names import (
    ALIKE,
    Likeness,
    compare_family,
    compare_given,
    edits,
    known,
    mistyped,
)
from idp_core.profiles.policy import IdentifierPolicy

_FEW_DAYS = timedelta(days=11)
_GENERATION = 13  # years: nobody is the child of someone who is less than this older


class Birth(StrEnum):
    """What comparing two dates of birth gives."""

    SAME = "same"
    SWAPPED = "swapped"
    TYPO = "typo"
    UNKNOWN = "unknown"
    DIFFERENT = "different"


_ONE_BIRTH = frozenset({Birth.SAME, Birth.SWAPPED, Birth.TYPO})


class Veto(StrEnum):
    """Why two records are never one person, in words for a person."""

    GIVEN_NAME = "first names differ beyond nickname, initial and typing slip"
    FAMILY_NAME = "family names differ"
    BIRTH_DATE = "dates of birth differ beyond a swap or a typing slip"
    SUFFIX = "one is senior, the other junior"
    IDENTIFIER = "an identifier that a person has only one of differs"
    STEWARD = "a steward said that these are two people"


@dataclass(frozen=True, slots=True)
class Constraints:
    """What people decided: pairs that are one person, and pairs that never are."""

    must: frozenset[frozenset[SourceRef]] = frozenset()
    cannot: frozenset[frozenset[SourceRef]] = frozenset()

    @classmethod
    def of(
        cls,
        must: Iterable[tuple[SourceRef, SourceRef]] = (),
        cannot: Iterable[tuple[SourceRef, SourceRef]] = (),
    ) -> Constraints:
        """Build constraints from pairs in any order."""
        return cls(frozenset(map(frozenset, must)), frozenset(map(frozenset, cannot)))


@lru_cache(maxsize=100_000)
def compare_birth(left: date | None, right: date | None) -> Birth:
    """Compare two dates of birth: a slip is one digit, two neighbours swapped, or a few days.

    Nobody has a sibling, a parent or a child born within days of them, other than a twin.
    """
    if left is None or right is None:
        return Birth.UNKNOWN
    if left == right:
        return Birth.SAME
    if (left.year, left.month, left.day) == (right.year, right.day, right.month):
        return Birth.SWAPPED
    if abs(left - right) <= _FEW_DAYS or edits(f"{left:%Y%m%d}", f"{right:%Y%m%d}", 1) == 1:
        return Birth.TYPO
    return Birth.DIFFERENT


def compare_names(left: Evidence, right: Evidence) -> tuple[Likeness, Likeness]:
    """Compare given and family names; names that stand in each other's field count as alike.

    When one of the two that would have to agree is missing, nothing is known of either.
    """
    given = compare_given(left.given, right.given)
    family = compare_family(left.family, right.family)
    if given in ALIKE or given is Likeness.UNKNOWN:
        return given, family
    crossed = compare_given(left.given, right.family), compare_given(left.family, right.given)
    slips = (Likeness.SAME, Likeness.TYPO)
    if all(each in slips for each in crossed):
        return crossed
    if crossed[0] is Likeness.SAME and mistyped(left.family, right.given):
        return Likeness.SAME, Likeness.TYPO
    if crossed[1] is Likeness.SAME and mistyped(left.given, right.family):
        return Likeness.TYPO, Likeness.SAME
    if any(each in slips for each in crossed) and Likeness.UNKNOWN in crossed:
        return Likeness.UNKNOWN, Likeness.UNKNOWN
    return given, family


def suffixes_differ(left: str, right: str) -> bool:
    """Whether both say a generation, and not the same one."""
    return bool(left and right and left != right)


def ids_differ(left: Evidence, right: Evidence, policy: IdentifierPolicy) -> bool:
    """Whether an identifier that forbids by difference differs, and both have verified theirs.

    One slip of the pen is no difference.
    """
    return any(
        left.verified_of(name)
        and right.verified_of(name)
        and not _alike(left.of(name), right.of(name))
        for name in policy.singular
    )


def _alike(mine: Iterable[str], theirs: Iterable[str]) -> bool:
    return any(a == b or edits(a, b, 1) == 1 for a in mine for b in theirs)


def veto(
    left: Evidence, right: Evidence, policy: IdentifierPolicy, constraints: Constraints
) -> Veto | None:
    """Return why these two are never one person, weightiest reason first; None if they may be."""
    if constraints.cannot and frozenset((left.ref, right.ref)) in constraints.cannot:
        return Veto.STEWARD
    given, family = compare_names(left, right)
    birth = compare_birth(left.birth, right.birth)
    named = given is Likeness.DIFFERENT and policy.given_name.different == "veto"
    born = birth is Birth.DIFFERENT and policy.birth_date.different == "veto"
    if named and not (
        one_id(left, right, policy)
        and _misnamed(left, right, birth, else_alike=family in ALIKE or not born)
    ):
        return Veto.GIVEN_NAME
    if family is Likeness.DIFFERENT and policy.family_name.different == "veto":
        return Veto.FAMILY_NAME
    if born and not _misdated(left, right, policy, given):
        return Veto.BIRTH_DATE
    if policy.suffix.different == "veto" and suffixes_differ(left.suffix, right.suffix):
        return Veto.SUFFIX
    return Veto.IDENTIFIER if ids_differ(left, right, policy) else None


def _misnamed(left: Evidence, right: Evidence, birth: Birth, *, else_alike: bool) -> bool:
    """Whether another first name beside the same id may be a wrong entry and not another person.

    Ids are lent: to a spouse, a child, a colleague. So two names that are both known ones are two
    people's, unless the date of birth is one person's, too.
    """
    if birth in _ONE_BIRTH:
        return True
    return else_alike and not (known(left.given) and known(right.given))


def _misdated(left: Evidence, right: Evidence, policy: IdentifierPolicy, given: Likeness) -> bool:
    """Whether another date of birth may be a wrong entry and not another person.

    A family may name a child like its parent, but not two children; so without a parent's years
    between them, or with the same government id, it may. An initial is many people's.
    """
    return one_id(left, right, policy) or (
        given is not Likeness.INITIAL and _within_a_generation(left.birth, right.birth)
    )


def _within_a_generation(left: date | None, right: date | None) -> bool:
    return left is not None and right is not None and abs(left.year - right.year) < _GENERATION


def one_id(left: Evidence, right: Evidence, policy: IdentifierPolicy) -> bool:
    """Whether they have the same identifier of a kind that a person has only one of."""
    return any(_alike(left.of(name), right.of(name)) for name in policy.singular)
