"""How the records of a person hold together: the pairs with their reasons, and what is in doubt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from idp_core.db.engine import reading
from idp_core.profiles import store
from idp_core.profiles.model import SourceRef
from pipelines.bus import Bus
from pipelines.people import read_person, why_one
from pipelines.resolve.explain import Explanation

Pair = tuple[SourceRef, SourceRef]


@dataclass(frozen=True, slots=True)
class PersonGraph:
    """A person's records and pairs, strongest first; `tree` are the pairs that hold them together.

    `doubts` are open questions about one of the records; `asked` is the id that was asked for.
    """

    asked: str
    gid: str
    records: Sequence[SourceRef]
    pairs: Mapping[Pair, Explanation]
    tree: Sequence[Pair]
    doubts: Sequence[store.Case]


def person_graph(bus: Bus, gid: str) -> PersonGraph:
    """Return the graph of a person. Raises UnknownProfileError."""
    person = read_person(bus, gid)
    refs = sorted(record.ref for record in person.records if not record.deleted)
    pairs = why_one(bus, person)
    with reading(bus.engine) as conn:
        cases = store.cases_about(conn, refs).values()
    doubts = [case for case in cases if case.status == "open"]
    return PersonGraph(gid, person.profile.gid, refs, pairs, spanning(refs, pairs), doubts)


def spanning(records: Iterable[SourceRef], pairs: Mapping[Pair, Explanation]) -> Sequence[Pair]:
    """Return the strongest pairs that connect the records; what a steward joined comes first."""
    home = {ref: ref for ref in records}

    def root(ref: SourceRef) -> SourceRef:
        while home[ref] != ref:
            ref = home[ref]
        return ref

    found: list[Pair] = []
    ranked = sorted(pairs, key=lambda p: (not pairs[p].steward, -pairs[p].weight, p))
    for left, right in ranked:
        one, other = root(left), root(right)
        if one != other:
            home[max(one, other)] = min(one, other)
            found.append((left, right))
    return found
