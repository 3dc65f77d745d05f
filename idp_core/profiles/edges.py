"""Scored pairs of records: one by one, and millions of them in columns."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator
from itertools import repeat
from typing import NamedTuple

IDENTIFIERS = "identifiers"
"""Who scored the edges that identifiers and comparison keys make."""


class Edge(NamedTuple):
    """A scored pair: bits above (or below) what is needed to join. `source` names who scored it."""

    a: int
    b: int
    weight: float
    source: str = IDENTIFIERS


class Scores(NamedTuple):
    """The pairs of one maker in columns of one length."""

    a: array[int]
    b: array[int]
    weight: array[float]
    source: str = IDENTIFIERS


class Edges(Collection[Edge]):
    """Edges of several makers, each `Edge` made when it is asked for: 24 bytes a pair, not 200."""

    __slots__ = ("_parts",)

    def __init__(self, *parts: Scores) -> None:
        self._parts = parts

    def __add__(self, other: Edges) -> Edges:
        return Edges(*self._parts, *other._parts)

    def __len__(self) -> int:
        return sum(len(part.a) for part in self._parts)

    def __iter__(self) -> Iterator[Edge]:
        for part in self._parts:
            yield from map(Edge, part.a, part.b, part.weight, repeat(part.source))

    def __contains__(self, edge: object) -> bool:
        return any(edge == each for each in self)
