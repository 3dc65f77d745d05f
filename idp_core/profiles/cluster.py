"""Guarded agglomerative clustering: which records are one person, given weighted pairs.

Groups are merged best first, by the mean weight of all pairs between them: a pair nobody scored
counts against the merge. A merge also needs that no pair between the two groups is vetoed and that
the group holds no more identifiers than a person has. So one over-confident pair cannot chain
strangers together, as connected components let it.

Everything is decided in a total order of (mean weight, smallest members), so the order of the
input never matters.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import NamedTuple, Protocol

from idp_core.profiles.edges import Edge


class Guard(Protocol):
    """What may forbid a merge of two groups, whatever their weight."""

    def forbids(self, left: Sequence[int], right: Sequence[int]) -> str | None:
        """Return why no member of `left` may meet one of `right`, or None."""


class Blocked(NamedTuple):
    """A merge that a positive edge asked for and was refused; `a` and `b` are its best pair."""

    a: int
    b: int
    weight: float
    reason: str


@dataclass(frozen=True, slots=True)
class Partition:
    """The groups, each sorted, in the order of their smallest members; and what was refused."""

    groups: tuple[tuple[int, ...], ...]
    blocked: tuple[Blocked, ...] = field(default=())


_Weighed = tuple[int, int, int]
"""Two records and the weight between them, in thousandths of a bit."""

_THOUSAND = 1_000  # weights are summed in whole thousandths of a bit: no order of adding matters
WEAK = "on the whole the records of the two groups speak against it"


def partition(
    count: int,
    edges: Collection[Edge],
    guard: Guard,
    *,
    unscored: float,
    together: Iterable[Sequence[int]] = (),
) -> Partition:
    """Partition the records 0 … `count` - 1.

    `edges` may hold a pair several times, from several sources: the strongest word counts.
    `together` are records that a steward joined; a guard may still keep them apart. `unscored`
    (negative) is what a pair without an edge counts.
    """
    steward = [tuple(group) for group in together]
    parent = list(range(count))
    for a, b, weight, _ in edges:
        if weight > 0 and round(weight * _THOUSAND) > 0:
            _unite(parent, a, b)
    for group in steward:
        for member in group:
            _unite(parent, group[0], member)
    root = [_find(parent, node) for node in range(count)]
    joined: dict[int, list[Sequence[int]]] = {}
    for group in steward:
        joined.setdefault(root[group[0]], []).append(group)
    return _assemble(root, _scored(edges, root), joined, guard, round(unscored * _THOUSAND))


def _scored(edges: Iterable[Edge], root: Sequence[int]) -> Mapping[int, Sequence[_Weighed]]:
    """Return the strongest word on each pair within a part of the graph, by the part's root.

    In thousandths of a bit, so that sums are exact. Most pairs lie between parts and are not kept.
    """
    known: dict[tuple[int, int], int] = {}
    for a, b, weight, _ in edges:
        if root[a] == root[b] and a != b:
            pair = (a, b) if a < b else (b, a)
            thousandths = round(weight * _THOUSAND)
            if thousandths > known.get(pair, thousandths - 1):
                known[pair] = thousandths
    scored: dict[int, list[_Weighed]] = {}
    for (a, b), weight in known.items():
        scored.setdefault(root[a], []).append((a, b, weight))
    return scored


def _assemble(
    root: Sequence[int],
    scored: Mapping[int, Sequence[_Weighed]],
    joined: Mapping[int, list[Sequence[int]]],
    guard: Guard,
    unscored: int,
) -> Partition:
    members: dict[int, list[int]] = {}
    for node, home in enumerate(root):
        members.setdefault(home, []).append(node)
    groups: list[tuple[int, ...]] = []
    blocked: list[Blocked] = []
    for home, nodes in members.items():
        if len(nodes) == 1:
            groups.append((nodes[0],))
            continue
        if len(nodes) == 2 and home not in joined:
            ((a, b, weight),) = scored[home]
            reason = guard.forbids([a], [b])
            groups += [(a, b)] if reason is None else [(a,), (b,)]
            blocked += [] if reason is None else [Blocked(a, b, weight / _THOUSAND, reason)]
            continue
        merger = _Merger(nodes, scored.get(home, ()), guard, unscored)
        merger.join(joined.get(home, ()))
        groups += merger.run()
        blocked += merger.blocked
    return Partition(tuple(sorted(groups)), tuple(sorted(blocked)))


def _find(parent: list[int], node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


def _unite(parent: list[int], a: int, b: int) -> None:
    a, b = _find(parent, a), _find(parent, b)
    parent[max(a, b)] = min(a, b)


class _Between(NamedTuple):
    """What is known between two groups: sum and number of scored pairs, and the best one."""

    total: int
    pairs: int
    best: tuple[int, int, int]  # minus its weight, a, b

    def plus(self, other: _Between) -> _Between:
        """Both together."""
        best = min(self.best, other.best)
        return _Between(self.total + other.total, self.pairs + other.pairs, best)


class _Merger:
    """Merges the records of one part of the graph; a group is called by its smallest member."""

    def __init__(
        self,
        nodes: Iterable[int],
        scored: Iterable[_Weighed],
        guard: Guard,
        unscored: int,
    ) -> None:
        self.blocked: list[Blocked] = []
        self._groups = {node: [node] for node in nodes}
        self._guard, self._unscored = guard, unscored
        self._near: dict[int, dict[int, _Between]] = {node: {} for node in self._groups}
        self._refused: set[tuple[int, int]] = set()
        self._heap: list[tuple[float, int, int, int, int]] = []
        for a, b, weight in scored:
            self._near[a][b] = self._near[b][a] = _Between(weight, 1, (-weight, a, b))

    def join(self, together: Iterable[Sequence[int]]) -> None:
        """Merge what a steward joined, unless the guard forbids it."""
        for first, second in sorted((min(p), max(p)) for group in together for p in _links(group)):
            a, b = sorted((self._home(first), self._home(second)))
            if a == b:
                continue
            if reason := self._guard.forbids(self._groups[a], self._groups[b]):
                self.blocked.append(Blocked(first, second, 0.0, reason))
            else:
                self._merge(a, b)

    def run(self) -> list[tuple[int, ...]]:
        """Merge best first until nothing may merge; return the groups."""
        self._heap = [self._ranked(a, b) for a in self._near for b in self._near[a] if a < b]
        heapify(self._heap)
        weak: dict[tuple[int, int], Blocked] = {}
        while self._heap:
            minus, a, b, *sizes = heappop(self._heap)
            if not self._current(a, b, sizes) or (a, b) in self._refused:
                continue
            best, *pair = self._near[a][b].best
            if minus >= 0:
                if best < 0:
                    weak[a, b] = Blocked(pair[0], pair[1], -best / _THOUSAND, WEAK)
                continue
            if reason := self._guard.forbids(self._groups[a], self._groups[b]):
                self._refused.add((a, b))
                self.blocked.append(Blocked(pair[0], pair[1], -best / _THOUSAND, reason))
                continue
            self._merge(a, b)
        self.blocked += [found for (a, b), found in weak.items() if b in self._near.get(a, ())]
        return [tuple(sorted(group)) for group in self._groups.values()]

    def _home(self, node: int) -> int:
        return next(name for name, group in self._groups.items() if node in group)

    def _current(self, a: int, b: int, sizes: Sequence[int]) -> bool:
        """Whether an entry of the heap still speaks of the two groups as they are."""
        groups = self._groups
        return a in groups and b in groups and [len(groups[a]), len(groups[b])] == list(sizes)

    def _ranked(self, a: int, b: int) -> tuple[float, int, int, int, int]:
        """Return minus the mean weight between two groups, their names and their sizes."""
        found = self._near[a][b]
        size_a, size_b = len(self._groups[a]), len(self._groups[b])
        every = size_a * size_b
        mean = (found.total + self._unscored * (every - found.pairs)) / every
        return -mean, a, b, size_a, size_b

    def _merge(self, a: int, b: int) -> None:
        """Merge group `b` into `a` (a < b). What was refused to either is refused to both."""
        self._groups[a] += self._groups.pop(b)
        mine, theirs = self._near[a], self._near.pop(b)
        mine.pop(b, None)
        theirs.pop(a, None)
        for other, found in theirs.items():
            mine[other] = mine[other].plus(found) if other in mine else found
            self._near[other].pop(b)
            if _pair(b, other) in self._refused:
                self._refused.add(_pair(a, other))
        for other, found in mine.items():
            self._near[other][a] = found
            heappush(self._heap, self._ranked(*_pair(a, other)))


def _pair(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)


def _links(group: Sequence[int]) -> Iterator[tuple[int, int]]:
    return ((group[0], member) for member in group[1:])
