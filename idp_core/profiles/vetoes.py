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
from idp_core.profiles.names import Likeness, compare_family, compare_given, edits
from idp_core.profiles.policy import IdentifierPolicy

_FEW_DAYS = timedelta(days=11)


class Birth(StrEnum):
    """What comparing two dates of birth gives."""

    SAME = "same"
    SWAPPED = "swapped"
    TYPO = "typo"
    UNKNOWN = "unknown"
    DIFFERENT = "different"


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
    near = abs(left - right) <= _FEW_DAYS
    if near or edits(f"{left:%Y%m%d}", f"{right:%Y%m%d}", 1) == 1 or near:
        return Birth.TYPO
    return Birth.DIFFERENT


def compare_names(left: Evidence, right: Evidence) -> tuple[Likeness, Likeness]:
    """Compare given and family names; names that stand in each other's field count as the same."""
    if left.given and left.given == right.family and left.family == right.given:
        return Likeness.SAME, Likeness.SAME
    return compare_given(left.given, right.given), compare_family(left.family, right.family)


def suffixes_differ(left: str, right: str) -> bool:
    """Whether both say a generation, and not the same one."""
    return bool(left and right and left != right)


def ids_differ(left: Evidence, right: Evidence, policy: IdentifierPolicy) -> bool:
    """Whether an identifier that forbids by difference differs: both verified, or of one source.

    One slip of the pen is no difference.
    """
    for name in policy.singular:
        mine, theirs = left.held.get(name), right.held.get(name)
        if not mine or not theirs:
            continue
        proven = left.ref.source == right.ref.source or (
            any(mine.values()) and any(theirs.values())
        )
        if proven and not _alike(mine, theirs):
            return True
    return False


def _alike(mine: Iterable[str], theirs: Iterable[str]) -> bool:
    return any(a == b or edits(a, b, 1) == 1 for a in mine for b in theirs)


def veto(
    left: Evidence, right: Evidence, policy: IdentifierPolicy, constraints: Constraints
) -> Veto | None:
    """Return why these two are never one person, weightiest reason first; None if they may be."""
    if constraints.cannot and frozenset((left.ref, right.ref)) in constraints.cannot:
        return Veto.STEWARD
    given, family = compare_names(left, right)
    if given is Likeness.DIFFERENT and policy.given_name.different == "veto":
        return Veto.GIVEN_NAME
    if family is Likeness.DIFFERENT and policy.family_name.different == "veto":
        return Veto.FAMILY_NAME
    birth = compare_birth(left.birth, right.birth)
    if birth is Birth.DIFFERENT and policy.birth_date.different == "veto":
        return Veto.BIRTH_DATE
    if policy.suffix.different == "veto" and suffixes_differ(left.suffix, right.suffix):
        return Veto.SUFFIX
    return Veto.IDENTIFIER if ids_differ(left, right, policy) else None
