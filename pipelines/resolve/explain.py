"""Why two records are, or are not, one person: plain reasons without values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from idp_core.profiles.evidence import Evidence, reader
from idp_core.profiles.guard import PersonGuard
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.policy import IdentifierPolicy
from idp_core.profiles.scoring import Population, Reason, compare, usable, weigh
from idp_core.profiles.vetoes import Constraints
from pipelines.resolve.population import population


@dataclass(frozen=True, slots=True)
class Explanation:
    """What two records say about being one person, taken by themselves.

    `weight` is bits above what is needed to join; `veto` outweighs it. Groups may still decide
    otherwise: `Resolution.doubts` says so.
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
    read = reader(policy)
    known = [read(r) for r in records if not r.deleted]
    others = population(known, policy, constraints)
    return explain_pairs([(left, right)], known, others, policy, constraints)[left, right]


def explain_pairs(
    pairs: Iterable[tuple[SourceRef, SourceRef]],
    records: Iterable[Evidence],
    others: Population,
    policy: IdentifierPolicy,
    constraints: Constraints,
) -> dict[tuple[SourceRef, SourceRef], Explanation]:
    """Explain pairs of `records`; `others` say how common names and identifiers are.

    Raises KeyError for a record that is not among them.
    """
    known = {record.ref: record for record in records}
    found: dict[tuple[SourceRef, SourceRef], Explanation] = {}
    for left, right in pairs:
        pair = [known[left], known[right]]
        first, second = (usable(record, others) for record in pair)
        score = weigh(compare(first, second, policy, others), policy)
        veto = PersonGuard(pair, policy, constraints).veto(0, 1)
        steward = frozenset((left, right)) in constraints.must
        found[left, right] = Explanation(
            score.weight, score.reasons, veto.value if veto else None, steward
        )
    return found
