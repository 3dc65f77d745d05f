"""What forbids a merge of two groups: a veto between members, or too many identifiers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from idp_core.profiles.evidence import Evidence
from idp_core.profiles.policy import IdentifierPolicy
from idp_core.profiles.vetoes import Constraints, Veto, veto


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
            if found := self.veto(a, b):
                return found.value
        return next(self._too_many([*left, *right]), None)

    def veto(self, a: int, b: int) -> Veto | None:
        """Return why records `a` and `b` are never one person, or None."""
        first, second = self._records[a], self._records[b]
        if self._constraints.must:
            pair = frozenset((first.ref, second.ref))
            if pair in self._constraints.must and pair not in self._constraints.cannot:
                return None
        return veto(first, second, self._policy, self._constraints)

    def _too_many(self, members: Sequence[int]) -> Iterator[str]:
        for name, most in self._limits.items():
            held = [self._records[member].held.get(name, ()) for member in members]
            if sum(map(len, held)) > most and len(set().union(*held)) > most:
                yield f"one person would have more than {most} values of {name}"
