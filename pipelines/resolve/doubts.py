"""Which pairs a person should look at, after the groups are made."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from idp_core.profiles.cluster import Partition
from idp_core.profiles.doubts import Doubt, DoubtKind, kind_of
from idp_core.profiles.edges import IDENTIFIERS, Edge
from idp_core.profiles.evidence import Evidence
from idp_core.profiles.guard import PersonGuard
from idp_core.profiles.model import SourceRef
from idp_core.profiles.policy import IdentifierPolicy
from idp_core.profiles.scoring import Population, compare, hold, weigh
from idp_core.profiles.vetoes import Constraints, Veto

Pair = frozenset[SourceRef]
_ALIKE = "they look alike, but not enough to be joined by that"
_SHORT = "what agrees is a little short of a join"


class _Candidate(NamedTuple):
    """A pair of two groups; one nobody was asked about yet comes after one that was."""

    minus: float
    a: int
    b: int
    reason: str  # empty for a scored pair: it is looked up when it is chosen
    source: str = IDENTIFIERS


def doubts(  # noqa: PLR0913 (all that the groups were made of)
    found: Partition,
    edges: Iterable[Edge],
    records: Sequence[Evidence],
    *,
    policy: IdentifierPolicy,
    others: Population,
    guard: PersonGuard,
    constraints: Constraints,
    asked: Collection[Pair] = frozenset(),
) -> tuple[Doubt, ...]:
    """Return a doubt for each two groups that may be one, strongest first; `records` are usable.

    The pair is the strongest, or one of those that were `asked` about before. Groups that a steward
    keeps apart are in no doubt.
    """
    home = {place: number for number, group in enumerate(found.groups) for place in group}
    best: dict[tuple[int, int], tuple[bool, _Candidate]] = {}
    refs = [record.ref for record in records]
    for each in _candidates(found, edges, policy, guard):
        one, other = sorted((home[each.a], home[each.b]))
        if one == other:
            continue
        anew = not asked or frozenset((refs[each.a], refs[each.b])) not in asked
        best[one, other] = min(best.get((one, other), (anew, each)), (anew, each))
    for pair in _kept_apart(refs, home, constraints):
        best.pop(pair, None)
    told = (_told(each, records, policy, others) for _, each in best.values())
    return tuple(sorted(told, key=lambda doubt: (-doubt.weight, doubt)))


def _candidates(
    found: Partition, edges: Iterable[Edge], policy: IdentifierPolicy, guard: PersonGuard
) -> Iterator[_Candidate]:
    for a, b, weight, reason in found.blocked:
        if reason != Veto.STEWARD.value:
            yield _Candidate(-weight, a, b, reason)
    for a, b, weight, source in edges:
        if -policy.ask_within <= weight <= 0 and guard.veto(a, b) is None:
            yield _Candidate(-weight, a, b, "", source)


def _kept_apart(
    refs: Sequence[SourceRef], home: Mapping[int, int], constraints: Constraints
) -> Iterator[tuple[int, int]]:
    """Yield the groups that a steward keeps apart."""
    if constraints.cannot:
        places = {ref: place for place, ref in enumerate(refs)}
        for pair in constraints.cannot:
            if pair <= places.keys() and len(pair) > 1:
                one, other = sorted(home[places[ref]] for ref in pair)
                yield one, other


def _told(
    each: _Candidate, records: Sequence[Evidence], policy: IdentifierPolicy, others: Population
) -> Doubt:
    left, right = records[each.a], records[each.b]
    kind, reason = kind_of(each.reason), each.reason
    if not reason:
        kind, reason = DoubtKind.DOUBTFUL, _ALIKE
        if each.source == IDENTIFIERS:
            kind, reason = _why(left, right, policy, others)
    one, other = sorted((left.ref, right.ref))
    return Doubt(one, other, kind, -each.minus, reason)


def _why(
    left: Evidence, right: Evidence, policy: IdentifierPolicy, others: Population
) -> tuple[DoubtKind, str]:
    """Return what keeps a pair from joining: a hold, or that it is short of bits."""
    pattern = compare(left, right, policy, others)
    held = hold(pattern, policy)
    if held and any(reason.text == held for reason in weigh(pattern, policy).reasons):
        return DoubtKind.HELD, held
    return DoubtKind.DOUBTFUL, _SHORT
