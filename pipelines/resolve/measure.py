"""How good a partition is: pairwise precision and recall, and the largest person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from typing import NamedTuple

from idp_core.profiles.model import SourceRef


class Measure(NamedTuple):
    """Pairwise quality, and the size of the largest person against the true one."""

    precision: float
    recall: float
    largest: int
    true_largest: int

    @property
    def f1(self) -> float:
        """The harmonic mean of the two."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def measure(links: Mapping[SourceRef, str], truth: Mapping[SourceRef, Hashable]) -> Measure:
    """Compare a partition with the truth, pair by pair; every linked record must be in `truth`."""
    found = Counter(links.values())
    true = Counter(truth[ref] for ref in links)
    right = _pairs(Counter((gid, truth[ref]) for ref, gid in links.items()))
    return Measure(
        right / max(_pairs(found), 1),
        right / max(_pairs(true), 1),
        max(found.values(), default=0),
        max(true.values(), default=0),
    )


def _pairs(sizes: Counter[Hashable] | Counter[str] | Counter[tuple[str, Hashable]]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes.values())
