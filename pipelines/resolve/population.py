"""What the records say together: how common names are, which names and identifiers are shared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from idp_core.profiles.evidence import Evidence
from idp_core.profiles.policy import IdentifierPolicy, Kind
from idp_core.profiles.scoring import Population
from idp_core.profiles.vetoes import Constraints, veto

Witnesses = Mapping[tuple[str, str], tuple[Evidence, Evidence]]
"""For each value, with its kind before it, or full name two records that cannot be one person."""


class Survey(NamedTuple):
    """What records say together, and for each contested value and shared name who says so."""

    population: Population
    contested: Witnesses
    namesakes: Witnesses

    def __repr__(self) -> str:
        """Show no value of a customer."""
        return f"Survey({self.population!r})"


def population(
    records: Sequence[Evidence], policy: IdentifierPolicy, constraints: Constraints
) -> Population:
    """Count names and look at every shared identifier value: crowded, contested or neither."""
    return survey(records, policy, constraints).population


def survey(
    records: Sequence[Evidence], policy: IdentifierPolicy, constraints: Constraints
) -> Survey:
    """Do the same, and keep the witnesses."""
    sources = len({record.ref.source for record in records})
    crowded: set[tuple[str, str]] = set()
    contested: dict[tuple[str, str], tuple[Evidence, Evidence]] = {}
    for name, values in _held(records, policy).items():
        kind, counts = policy.identifiers[name], Counter(values)
        most = most_records(kind, sources)
        crowded |= {(name, value) for value, count in counts.items() if count > most}
        if kind.contested is not None:
            shared = {value for value, count in counts.items() if 1 < count <= most}
            contested |= {
                (name, value): pair
                for value, found in _holders(records, name, shared).items()
                if (pair := several(found, policy, constraints))
            }
    namesakes = _namesakes(records, policy, constraints)
    others = Population(
        records=len(records),
        given=Counter(record.given for record in records if record.given),
        family=Counter(record.family for record in records if record.family),
        contested=frozenset(contested),
        crowded=frozenset(crowded),
        namesakes=frozenset(namesakes),
    )
    return Survey(others, contested, namesakes)


def most_records(kind: Kind, sources: int) -> int:
    """Return on how many records of so many sources a value of a kind may stand."""
    return max(kind.max_records, kind.max_per_source * sources)


def _held(records: Iterable[Evidence], policy: IdentifierPolicy) -> Mapping[str, Sequence[str]]:
    """Return the values of each kind, one for each record that holds it."""
    found: dict[str, list[str]] = {name: [] for name in policy.identifiers}
    for record in records:
        for kind, values in record.by_kind():
            found[kind] += values
    return found


def _holders(
    records: Iterable[Evidence], kind: str, values: Collection[str]
) -> Mapping[str, Sequence[Evidence]]:
    """Return the records that hold each of some values of a kind."""
    holders: dict[str, list[Evidence]] = {}
    for record in records:
        for value in record.of(kind):
            if value in values:
                holders.setdefault(value, []).append(record)
    return holders


def _namesakes(
    records: Sequence[Evidence], policy: IdentifierPolicy, constraints: Constraints
) -> Witnesses:
    """Return the full names (given, family) that two records have which cannot be one person."""
    counts = Counter((r.given, r.family) for r in records if r.given and r.family)
    holders: dict[tuple[str, str], list[Evidence]] = {}
    for record in records:
        if counts[name := (record.given, record.family)] > 1:
            holders.setdefault(name, []).append(record)
    return {
        name: pair
        for name, found in holders.items()
        if (pair := several(found, policy, constraints))
    }


def several(
    found: Sequence[Evidence], policy: IdentifierPolicy, constraints: Constraints
) -> tuple[Evidence, Evidence] | None:
    """Return two of the records that cannot be one person; None when all may be."""
    pairs = combinations(found, 2)
    return next((pair for pair in pairs if veto(*pair, policy, constraints)), None)
