"""Resolve all source profiles at once: edges, guarded groups, stable ids, events.

The edges come from identifiers and comparison keys, weighed by the policy; each `Edge` names its
maker, so edges of another maker can be partitioned together with them.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from idp_core.profiles.cluster import partition
from idp_core.profiles.doubts import Doubt
from idp_core.profiles.edges import Edges, Scores
from idp_core.profiles.evidence import Evidence, reader
from idp_core.profiles.guard import PersonGuard
from idp_core.profiles.identity import NewId, identify, new_gid
from idp_core.profiles.model import Event, SourceProfile, SourceRef
from idp_core.profiles.policy import IdentifierPolicy
from idp_core.profiles.scoring import Pattern, Population, compare, usable, weigh
from idp_core.profiles.vetoes import Constraints
from pipelines.collector import paused
from pipelines.resolve.columns import Said, sayer
from pipelines.resolve.doubts import Pair, doubts
from pipelines.resolve.pairs import candidates
from pipelines.resolve.population import Survey, survey
from pipelines.resolve.stage import Found, Likes, Stage, likenesses


class Basis(NamedTuple):
    """What a resolution stands on: records in order, the same usable, what all say, the pairs that
    identifiers and keys make, and what likeness is kept of.
    """

    known: Sequence[Evidence]
    telling: Sequence[Evidence]
    survey: Survey
    edges: Edges
    likes: Likes | None

    def __repr__(self) -> str:
        """Show no value of a customer."""
        return f"Basis({len(self.known):,} records)"


class Heard(NamedTuple):
    """What records say, in the order of their names: who they are, and what likeness compares.

    The records themselves, which take more memory than anything else, need not be kept for it.
    """

    known: Sequence[Evidence]
    said: Sequence[Said]

    def __repr__(self) -> str:
        """Show no value of a customer."""
        return f"Heard({len(self.known):,} records)"


@paused()
def heard(records: Iterable[SourceProfile], policy: IdentifierPolicy, stage: Stage | None) -> Heard:
    """Listen to records, one after the other. Deleted ones say nothing.

    Raises ValueError when a record is there twice.
    """
    read, say = reader(policy), sayer(stage.model) if stage else lambda _: ()
    both = [(read(record), say(record)) for record in records if not record.deleted]
    both.sort(key=lambda pair: pair[0].ref)
    if any(one.ref == other.ref for (one, _), (other, _) in pairwise(both)):
        raise ValueError("a source profile is there twice")
    return Heard([known for known, _ in both], [said for _, said in both])


@dataclass(frozen=True, slots=True)
class Resolution:
    """Who is who now, what changed since, and what a person should look at.

    `redirects` are all that hold, `new_redirects` those that are new or point elsewhere now.
    """

    links: Mapping[SourceRef, str]
    redirects: Mapping[str, str] = field(default_factory=dict)
    new_redirects: Mapping[str, str] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    basis: Basis | None = field(default=None, repr=False)


@paused()
def resolve(  # noqa: PLR0913 (all that decides who is one person)
    records: Iterable[SourceProfile] | Heard,
    previous_links: Mapping[SourceRef, str],
    policy: IdentifierPolicy,
    constraints: Constraints,
    *,
    redirects: Mapping[str, str] | None = None,
    new_id: NewId = new_gid,
    stage: Stage | None = None,
    asked: Collection[Pair] = frozenset(),
) -> Resolution:
    """Decide which records are one person, and who that is. Deleted records leave their person.

    The order of `records` never matters, and resolving the same again changes nothing.
    `redirects` are those of before; without a `stage` identifiers alone decide. `asked` are the
    pairs that a person was asked about before. Raises ValueError when a record is there twice.
    """
    known, said = records if isinstance(records, Heard) else heard(records, policy, stage)
    surveyed = survey(known, policy, constraints)
    others = surveyed.population
    telling = [usable(record, others) for record in known]
    scored = make_edges(telling, policy, others)
    alike = likenesses(stage, said, telling, policy, others) if stage else Found()
    edges = scored + alike.edges
    guard = PersonGuard(known, policy, constraints)
    found = partition(
        len(known),
        edges,
        guard,
        unscored=policy.unscored,
        together=together(known, constraints),
    )
    refs = [record.ref for record in known]
    in_doubt = doubts(
        found,
        edges,
        telling,
        policy=policy,
        others=others,
        guard=guard,
        constraints=constraints,
        asked=asked,
    )
    who = identify(
        ([refs[place] for place in group] for group in found.groups),
        previous_links,
        redirects,
        new_id,
    )
    return Resolution(
        links=who.links,
        redirects=who.redirects,
        new_redirects=who.new_redirects,
        events=who.events,
        doubts=in_doubt,
        counts={
            "records": len(known),
            "compared": len(scored),
            "alike": len(alike.edges),
            "edges": sum(edge.weight > 0 for edge in edges),
            "profiles": len(found.groups),
            "largest": max(map(len, found.groups), default=0),
            "doubts": len(in_doubt),
        },
        notes=alike.notes,
        basis=Basis(known, telling, surveyed, scored, alike.likes),
    )


def make_edges(records: Sequence[Evidence], policy: IdentifierPolicy, others: Population) -> Edges:
    """Return the scored pairs of `records`, which are usable: all that were compared."""
    known: dict[Pattern, float] = {}
    weights = array("d")
    left, right = candidates(records, policy)
    for a, b in zip(left, right, strict=True):
        pattern = compare(records[a], records[b], policy, others)
        weight = known.get(pattern)
        if weight is None:
            weight = known[pattern] = weigh(pattern, policy).weight
        weights.append(weight)
    return Edges(Scores(left, right, weights))


def together(records: Sequence[Evidence], constraints: Constraints) -> Iterator[list[int]]:
    """Yield the pairs that a steward joined, as places, where both records are there."""
    if constraints.must:
        places = {record.ref: place for place, record in enumerate(records)}
        for pair in constraints.must:
            if len(pair) == 2 and pair <= places.keys():
                yield sorted(places[ref] for ref in pair)
