"""What the records say together: how common names are, which names and identifiers are shared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations

from idp_core.profiles.evidence import Evidence
from idp_core.profiles.policy import IdentifierPolicy
from idp_core.profiles.scoring import Population, Values
from idp_core.profiles.vetoes import Constraints, veto


def population(
    records: Sequence[Evidence], policy: IdentifierPolicy, constraints: Constraints
) -> Population:
    """Count names and look at every shared identifier value: crowded, contested or neither."""
    sources = len({record.ref.source for record in records})
    crowded: set[tuple[str, str]] = set()
    contested: set[tuple[str, str]] = set()
    for name, values in _held(records, policy).items():
        kind, counts = policy.identifiers[name], Counter(values)
        most = max(kind.max_records, kind.max_per_source * sources)
        crowded |= {(name, value) for value, count in counts.items() if count > most}
        if kind.contested is not None:
            shared = {value for value, count in counts.items() if 1 < count <= most}
            contested |= {
                (name, value)
                for value, found in _holders(records, name, shared).items()
                if _are_several(found, policy, constraints)
            }
    return Population(
        records=len(records),
        given=Counter(record.given for record in records if record.given),
        family=Counter(record.family for record in records if record.family),
        contested=frozenset(contested),
        crowded=frozenset(crowded),
        namesakes=_namesakes(records, policy, constraints),
    )


def _held(records: Iterable[Evidence], policy: IdentifierPolicy) -> Mapping[str, Sequence[str]]:
    """Return the values of each kind, one for each record that holds it."""
    found: dict[str, list[str]] = {name: [] for name in policy.identifiers}
    for record in records:
        for kind, values in record.held.items():
            found[kind] += values
    return found


def _holders(
    records: Iterable[Evidence], kind: str, values: Collection[str]
) -> Mapping[str, Sequence[Evidence]]:
    """Return the records that hold each of some values of a kind."""
    holders: dict[str, list[Evidence]] = {}
    for record in records:
        for value in record.held.get(kind, ()):
            if value in values:
                holders.setdefault(value, []).append(record)
    return holders


def _namesakes(
    records: Sequence[Evidence], policy: IdentifierPolicy, constraints: Constraints
) -> Values:
    """Return the full names (given, family) that two records have which cannot be one person."""
    counts = Counter((r.given, r.family) for r in records if r.given and r.family)
    holders: dict[tuple[str, str], list[Evidence]] = {}
    for record in records:
        if counts[name := (record.given, record.family)] > 1:
            holders.setdefault(name, []).append(record)
    return frozenset(
        name for name, found in holders.items() if _are_several(found, policy, constraints)
    )


def _are_several(
    found: Sequence[Evidence], policy: IdentifierPolicy, constraints: Constraints
) -> bool:
    """Whether two of the records cannot be one person."""
    return any(veto(a, b, policy, constraints) for a, b in combinations(found, 2))
