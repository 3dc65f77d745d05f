"""Guarded agglomerative clustering: which records are one person, given weighted pairs.

Groups are merged best first, by the mean weight of all pairs between them: a pair nobody scored
counts against the merge. A merge also needs a guard that does not forbid it (a veto between any
two members, more identifiers than a person has). So one over-confident pair cannot chain
strangers together, as connected components let it.

Everything is decided in a total order (mean weight, then smallest members), so the order of the
edges never matters. Parts that no positive edge connects are clustered apart from each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from math import inf
from typing import NamedTuple, Protocol

WEAK = "taken together, the records of the two groups speak against it"


class Edge(NamedTuple):
    """A scored pair: bits above (or below) what is needed to join. `source` names who scored it."""

    a: int
    b: int
    weight: float
    source: str = "identifiers"


class Guard(Protocol):
    """What may forbid a merge of two groups, whatever their weight.

    What it forbids for two groups it must forbid for all groups that hold them.
    """

    def forbids(self, left: Sequence[int], right: Sequence[int]) -> str | None:
        """Return why these two groups are not one person, or None."""


class Blocked(NamedTuple):
    """Two groups that a positive edge would have joined, named by it, and why they were not."""

    a: int
    b: int
    weight: float
    reason: str


@dataclass(frozen=True, slots=True)
class Partition:
    """The groups, each sorted, in the order of their smallest members; and what was refused."""

    groups: tuple[tuple[int, ...], ...]
    blocked: tuple[Blocked, ...] = ()


def partition(
    count: int,
    edges: Iterable[Edge],
    guard: Guard,
    *,
    unscored: float,
    together: Iterable[Sequence[int]] = (),
) -> Partition:
    """Partition the records 0 … `count` - 1.

    `edges` may hold a pair several times, from several sources: the strongest word counts.
    `unscored` (below 0) is what a pair without an edge counts. `together` are disjoint groups
    that a steward joined: they stay one, whatever the guard says.
    """
    known = _strongest(edges)
    fixed = [tuple(sorted(group)) for group in together]
    roots = _Roots(count)
    for (a, b), weight in known.items():
        if weight > 0:
            roots.unite(a, b)
    for group in fixed:
        for member in group:
            roots.unite(group[0], member)
    parts: dict[int, _Part] = {}
    alone = []
    for node in range(count):
        if roots.alone(node):
            alone.append((node,))
        else:
            parts.setdefault(roots.find(node), _Part()).nodes.append(node)
    for (a, b), weight in known.items():
        if roots.find(a) == roots.find(b):
            parts[roots.find(a)].edges.append((a, b, weight))
    for group in fixed:
        if len(group) > 1:
            parts[roots.find(group[0])].fixed.append(group)
    done = [_merge_part(part, guard, unscored) for part in parts.values()]
    return Partition(
        tuple(sorted([*alone, *(group for found in done for group in found.groups)])),
        tuple(sorted(refused for found in done for refused in found.blocked)),
    )


def _strongest(edges: Iterable[Edge]) -> dict[tuple[int, int], float]:
    known: dict[tuple[int, int], float] = {}
    for a, b, weight, _ in edges:
        pair = (a, b) if a < b else (b, a)
        if weight > known.get(pair, -inf):
            known[pair] = weight
    return known


class _Roots:
    """Union-find over the records: which of them any positive edge connects."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))
        self._united = bytearray(count)

    def find(self, node: int) -> int:
        parent = self._parent
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    def unite(self, a: int, b: int) -> None:
        left, right = self.find(a), self.find(b)
        if left != right:
            self._parent[max(left, right)] = min(left, right)
            self._united[a] = self._united[b] = 1

    def alone(self, node: int) -> bool:
        return not self._united[node] and self._parent[node] == node


@dataclass(slots=True)
class _Part:
    """Records that positive edges connect: a piece of work of its own."""

    nodes: list[int] = field(default_factory=list)
    edges: list[tuple[int, int, float]] = field(default_factory=list)
    fixed: list[tuple[int, ...]] = field(default_factory=list)


class _Between(NamedTuple):
    """All that is known between two groups; a total of -inf stands for forbidden, with its reason."""

    total: float
    scored: int
    best: tuple[float, int, int]
    reason: str = ""


def _merge_part(part: _Part, guard: Guard, unscored: float) -> Partition:
    """Cluster one part: fixed groups first, then best first until nothing may be merged."""
    work = _Work(part, guard, unscored)
    for group in part.fixed:
        kept = group[0]
        for member in group[1:]:
            kept = work.merge(kept, member)
    work.start()
    while work.step():
        pass
    return Partition(tuple(tuple(sorted(g)) for g in work.groups.values()), tuple(work.refused()))


class _Work:
    """The groups of one part, named by their smallest members, and what is between them."""

    def __init__(self, part: _Part, guard: Guard, unscored: float) -> None:
        self.groups: dict[int, list[int]] = {node: [node] for node in part.nodes}
        self._between: dict[int, dict[int, _Between]] = {node: {} for node in part.nodes}
        self._guard = guard
        self._unscored = unscored
        self._heap: list[tuple[float, int, int]] = []
        for a, b, weight in part.edges:
            # among equal weights the smallest pair is the best: negated, it is the largest
            self._between[a][b] = self._between[b][a] = _Between(weight, 1, (weight, -a, -b))

    def start(self) -> None:
        """Queue every pair of groups whose mean is positive."""
        self._heap = [
            (-mean, a, b)
            for a, near in self._between.items()
            for b in near
            if a < b and (mean := self._mean(a, b)) > 0
        ]
        heapify(self._heap)

    def step(self) -> bool:
        """Try the best merge; say whether there was one to try."""
        if not self._heap:
            return False
        negative, a, b = heappop(self._heap)
        if a not in self.groups or b not in self.groups or self._mean(a, b) != -negative:
            return True
        reason = self._guard.forbids(self.groups[a], self.groups[b])
        if reason is not None:
            forbidden = self._between[a][b]._replace(total=-inf, reason=reason)
            self._between[a][b] = self._between[b][a] = forbidden
            return True
        kept = self.merge(a, b)
        for other in self._between[kept]:
            mean = self._mean(kept, other)
            if mean > 0:
                heappush(self._heap, (-mean, min(kept, other), max(kept, other)))
        return True

    def merge(self, a: int, b: int) -> int:
        """Make one group of two; return its name."""
        kept, gone = min(a, b), max(a, b)
        self.groups[kept] += self.groups.pop(gone)
        near = self._between[kept]
        near.pop(gone, None)
        for other, found in self._between.pop(gone).items():
            if other == kept:
                continue
            mine = near.get(other)
            joined = found if mine is None else _both(mine, found)
            near[other] = self._between[other][kept] = joined
            del self._between[other][gone]
        return kept

    def refused(self) -> Iterable[Blocked]:
        """Yield what a positive edge asked for and did not get."""
        for a, near in self._between.items():
            for b, found in near.items():
                weight, left, right = found.best
                if a < b and weight > 0:
                    yield Blocked(-left, -right, weight, found.reason or WEAK)

    def _mean(self, a: int, b: int) -> float:
        found = self._between[a][b]
        pairs = len(self.groups[a]) * len(self.groups[b])
        return (found.total + self._unscored * (pairs - found.scored)) / pairs


def _both(left: _Between, right: _Between) -> _Between:
    return _Between(
        left.total + right.total,
        left.scored + right.scored,
        max(left.best, right.best),
        min(filter(None, (left.reason, right.reason)), default=""),
    )
