"""Resolve: which source profiles are one person, under which global id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product

import duckdb

from idp_core.profiles.cluster import Blocked, Edge, Partition, partition
from idp_core.profiles.evidence import Evidence, evidence
from idp_core.profiles.identity import Links, Previous, assign, new_id
from idp_core.profiles.model import Event, SourceProfile, SourceRef
from idp_core.profiles.policy import IdentifierPolicy
from idp_core.profiles.scoring import weigh
from idp_core.profiles.vetoes import Constraints, veto
from pipelines.resolve.patterns import make_candidates, make_patterns
from pipelines.resolve.tables import load


class PolicyGuard:
    """Forbids by veto between any two members, and by more identifiers than a person has."""

    def __init__(
        self, records: Sequence[Evidence], policy: IdentifierPolicy, constraints: Constraints
    ) -> None:
        self._records = records
        self._policy = policy
        self._constraints = constraints
        self._most = {
            name: kind.max_per_person
            for name, kind in policy.identifiers.items()
            if kind.max_per_person is not None
        }

    def forbids(self, left: Sequence[int], right: Sequence[int]) -> str | None:
        """Return why the two groups are not one person, or None."""
        records = self._records
        for a, b in product(left, right):
            found = veto(records[a], records[b], self._policy, self._constraints)
            if found:
                return found.value
        for kind, most in self._most.items():
            held = {v for i in (*left, *right) for v in records[i].values(kind)}
            if len(held) > most:
                return f"one person would have more than {most} of {kind}"
        return None
