"""Why two records are, or are not, one person: plain reasons without values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from idp_core.profiles.evidence import evidence
from idp_core.profiles.guard import PersonGuard
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.policy import IdentifierPolicy
from idp_core.profiles.scoring import Reason, compare, weigh
from idp_core.profiles.vetoes import Constraints
from pipelines.resolve.population import population


@dataclass(frozen=True, slots=True)
class Explanation:
    """What two records say about being one person, taken by themselves.

    `weight` is bits above what is needed to join; `veto` outweighs it. Groups may still decide
    otherwise: `Resolution.refused` says so.
    """

    weight: float
    reasons: tuple[Reason, ...]
    veto: str | None
    steward: bool

    @property
    def joins(self) -> bool:
        """Whether these two alone would be one person."""
        return self.veto is None and (self.steward or self.weight > 0)


def explain(
    left: SourceRef,
    right: SourceRef,
    records: Iterable[SourceProfile],
    policy: IdentifierPolicy,
    constraints: Constraints,
) -> Explanation:
    """Explain one pair among all `records`. Raises KeyError for a record that is not among them."""
    known = {r.ref: evidence(r, policy) for r in records if not r.deleted}
    pair = [known[left], known[right]]
    others = population(list(known.values()), policy, constraints)
    score = weigh(compare(pair[0], pair[1], policy, others), policy)
    found = PersonGuard(pair, policy, constraints).veto(0, 1)
    steward = frozenset((left, right)) in constraints.must
    return Explanation(score.weight, score.reasons, found.value if found else None, steward)
