"""What forbids a merge of two groups: a veto between members, or too many identifiers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import product

from idp_core.profiles.evidence import Evidence
from idp_core.profiles.names import ALIKE, Likeness, known
from idp_core.profiles.policy import IdentifierPolicy
from idp_core.profiles.vetoes import (
    Birth,
    Constraints,
    Veto,
    compare_birth,
    compare_names,
    one_id,
    veto,
)

_ENTERED = frozenset({Veto.GIVEN_NAME, Veto.BIRTH_DATE})  # may be a field written wrongly


class PersonGuard:
    """A `cluster.Guard` over `records` (places in it are the members of groups).

    A steward's word on a pair outweighs what the policy says about that pair.
    """

    def __init__(
        self, records: Sequence[Evidence], policy: IdentifierPolicy, constraints: Constraints
    ) -> None:
        self._records, self._policy, self._constraints = records, policy, constraints
        self._limits = {
            name: kind.max_per_person
            for name, kind in policy.identifiers.items()
            if kind.max_per_person is not None
        }

    def forbids(self, left: Sequence[int], right: Sequence[int]) -> str | None:
        """Return why no member of `left` may meet one of `right`, or None."""
        for a, b in product(left, right):
            found = self.veto(a, b)
            if found and not (found in _ENTERED and self._explained(a, b, [*left, *right])):
                return found.value
        if self._born_twice(left, right):
            return Veto.BIRTH_DATE.value
        return next(self._too_many([*left, *right]), None)

    def veto(self, a: int, b: int) -> Veto | None:
        """Return why records `a` and `b` are never one person, or None."""
        first, second = self._records[a], self._records[b]
        if self._constraints.must:
            pair = frozenset((first.ref, second.ref))
            if pair in self._constraints.must and pair not in self._constraints.cannot:
                return None
        return veto(first, second, self._policy, self._constraints)

    def _born_twice(self, left: Sequence[int], right: Sequence[int]) -> bool:
        """Whether each side has a first name with a date of birth that two of its records say, and
        the dates are two people's: then neither was entered wrongly, whatever id they share.
        """
        if len(left) < 2 or len(right) < 2 or self._policy.birth_date.different != "veto":
            return False
        ours, theirs = self._said_twice(left), self._said_twice(right)
        return any(
            compare_birth(one, other) is Birth.DIFFERENT
            and not self._must_be_one(ours[given, one], theirs[name, other])
            for (given, one), (name, other) in product(ours, theirs)
        )

    def _said_twice(self, members: Sequence[int]) -> Mapping[tuple[str, date], Sequence[int]]:
        """Return the first names and dates of birth that several members say together, by whom."""
        said: dict[tuple[str, date], list[int]] = {}
        for member in members:
            record = self._records[member]
            if record.given and record.birth:
                said.setdefault((record.given, record.birth), []).append(member)
        return {each: by for each, by in said.items() if len(by) > 1}

    def _must_be_one(self, left: Sequence[int], right: Sequence[int]) -> bool:
        """Whether a steward said so of any two."""
        must, records = self._constraints.must, self._records
        return bool(must) and any(
            frozenset((records[a].ref, records[b].ref)) in must for a, b in product(left, right)
        )

    def _explained(self, a: int, b: int, members: Sequence[int]) -> bool:
        """Whether a third record has the government id of one and is alike to the other.

        Then a name or date was entered wrongly: twins share dates, but no such id.
        """
        return any(
            self._alike_by_id(one, third, other) or self._slips(one, third, other)
            for third in members
            for one, other in ((a, b), (b, a))
            if third not in (a, b)
        )

    def _alike_by_id(self, one: int, third: int, other: int) -> bool:
        records = self._records
        return (
            one_id(records[one], records[third], self._policy)
            and compare_names(records[third], records[other])[0] in ALIKE
            and self.veto(third, other) is None
            and self.veto(one, third) is None
        )

    def _slips(self, one: int, third: int, other: int) -> bool:
        """Whether the first names of two, one of which is no known name, are slips of a third's."""
        records = self._records
        names = [records[each].given for each in (one, third, other)]
        if known(names[0]) and known(names[2]):
            return False
        return all(
            compare_names(records[each], records[third])[0] in (Likeness.SAME, Likeness.TYPO)
            and self.veto(each, third) is None
            for each in (one, other)
        )

    def _too_many(self, members: Sequence[int]) -> Iterator[str]:
        for name, most in self._limits.items():
            held = [self._records[member].of(name) for member in members]
            if sum(map(len, held)) > most and len(set().union(*held)) > most:
                yield f"one person would have more than {most} values of {name}"
