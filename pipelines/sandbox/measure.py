"""How good the profiles are, measured against the truth in pairs of records."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

Ref = tuple[str, str]
"""Source and key of a record."""


@dataclass(frozen=True, slots=True)
class Score:
    """Of all pairs of records put together, how many belong together, and the other way round.

    `largest` is the number of records of the largest profile, `largest_true` of the person with
    the most records; a giant among profiles shows here and hides in other measures.
    """

    records: int
    profiles: int
    people: int
    pairs_made: int
    pairs_true: int
    pairs_right: int
    largest: int
    largest_true: int

    @property
    def precision(self) -> float:
        """The share of pairs made that are right; 1 when none were made."""
        return self.pairs_right / self.pairs_made if self.pairs_made else 1.0

    @property
    def recall(self) -> float:
        """The share of true pairs that were made; 1 when there are none."""
        return self.pairs_right / self.pairs_true if self.pairs_true else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def score(links: Iterable[tuple[Ref, str]], truth: Mapping[Ref, int]) -> Score:
    """Compare links (record to profile) with the truth (record to person).

    Records that the truth does not know are left out, so are those that are linked to nothing.
    """
    pairs = [(gid, truth[ref]) for ref, gid in links if ref in truth]
    cells = Counter(pairs)
    profiles = Counter(gid for gid, _ in pairs)
    people = Counter(person for _, person in pairs)
    return Score(
        records=len(pairs),
        profiles=len(profiles),
        people=len(people),
        pairs_made=_pairs(profiles.values()),
        pairs_true=_pairs(people.values()),
        pairs_right=_pairs(cells.values()),
        largest=max(profiles.values(), default=0),
        largest_true=max(people.values(), default=0),
    )


def read_truth(file: Path) -> dict[Ref, int]:
    """Read ``truth.csv`` of a sandbox."""
    with file.open(newline="", encoding="utf-8") as lines:
        return {(row["source"], row["key"]): int(row["person"]) for row in csv.DictReader(lines)}


def _pairs(sizes: Iterable[int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes)
