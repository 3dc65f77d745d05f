"""What the records say together: how common names are, which names and identifiers are shared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

from idp_core.profiles.evidence import Evidence
from idp_core.profiles.policy import IdentifierPolicy
from idp_core.profiles.scoring import Population, Values
from idp_core.profiles.vetoes import Constraints, veto


def population(
    records: Sequence[Evidence], policy: IdentifierPolicy, constraints: Constraints
) -> Population:
    """Count names and look at every shared identifier value: crowded, contested or neither."""
    holders: dict[tuple[str, str], list[Evidence]] = {}
    for record in records:
        for found in record.identifiers:
            holders.setdefault((found.kind, found.value), []).append(record)
    sources = len({record.ref.source for record in records})
    most = {
        name: max(kind.max_records, kind.max_per_source * sources)
        for name, kind in policy.identifiers.items()
    }
    crowded = frozenset(place for place, found in holders.items() if len(found) > most[place[0]])
    return Population(
        records=len(records),
        given=Counter(record.given for record in records if record.given),
        family=Counter(record.family for record in records if record.family),
        contested=_contested(holders, crowded, policy, constraints),
        namesakes=_namesakes(records, policy, constraints),
        crowded=crowded,
    )


def _contested(
    holders: dict[tuple[str, str], list[Evidence]],
    crowded: Values,
    policy: IdentifierPolicy,
    constraints: Constraints,
) -> Values:
    """Return the values that two records have which cannot be one person."""
    return frozenset(
        place
        for place, found in holders.items()
        if len(found) > 1
        and place not in crowded
        and policy.identifiers[place[0]].contested is not None
        and any(veto(a, b, policy, constraints) for a, b in combinations(found, 2))
    )


def _namesakes(
    records: Sequence[Evidence], policy: IdentifierPolicy, constraints: Constraints
) -> Values:
    """Return the full names (given, family) that two records have which cannot be one person."""
    holders: dict[tuple[str, str], list[Evidence]] = {}
    for record in records:
        if record.given and record.family:
            holders.setdefault((record.given, record.family), []).append(record)
    return frozenset(
        name
        for name, found in holders.items()
        if any(veto(a, b, policy, constraints) for a, b in combinations(found, 2))
    )
