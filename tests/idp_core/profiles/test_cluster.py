from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from idp_core.profiles.cluster import WEAK, partition
from idp_core.profiles.edges import Edge


class Apart:
    """A guard that keeps some pairs apart."""

    def __init__(self, *pairs: frozenset[int]) -> None:
        self.pairs = pairs

    def forbids(self, left: Sequence[int], right: Sequence[int]) -> str | None:
        met = {frozenset((a, b)) for a in left for b in right}
        return "kept apart" if met & set(self.pairs) else None


EDGES = st.lists(
    st.builds(Edge, st.integers(0, 7), st.integers(0, 7), st.integers(-9, 20).map(float)),
    max_size=25,
)
PAIRS = st.lists(st.frozensets(st.integers(0, 7), min_size=2, max_size=2), max_size=4)


def test_the_best_pair_is_joined_first() -> None:
    found = partition(3, [Edge(0, 1, 2.0), Edge(1, 2, 9.0)], Apart(frozenset({0, 2})), unscored=-1)
    assert found.groups == ((0,), (1, 2))
    assert [b.reason for b in found.blocked] == ["kept apart"]


def test_one_strong_pair_does_not_chain_two_groups() -> None:
    inside = [Edge(a, b, 9.0) for a, b in ((0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5))]
    found = partition(6, [*inside, Edge(2, 3, 8.0)], Apart(), unscored=-4)
    assert found.groups == ((0, 1, 2), (3, 4, 5))
    assert [b.reason for b in found.blocked] == [WEAK]


def test_what_a_steward_joined_is_joined_without_an_edge() -> None:
    assert partition(3, [], Apart(), unscored=-1, together=[[0, 2]]).groups == ((0, 2), (1,))


@given(edges=EDGES, apart=PAIRS)
def test_no_two_records_meet_that_are_kept_apart(
    edges: list[Edge], apart: list[frozenset[int]]
) -> None:
    for group in partition(8, edges, Apart(*apart), unscored=-2).groups:
        assert not any(pair <= set(group) for pair in apart)


@given(edges=EDGES, apart=PAIRS, data=st.data())
def test_the_order_of_the_edges_never_matters(
    edges: list[Edge], apart: list[frozenset[int]], data: st.DataObject
) -> None:
    turned = [Edge(edge.b, edge.a, edge.weight) for edge in data.draw(st.permutations(edges))]
    guard = Apart(*apart)
    assert partition(8, edges, guard, unscored=-2) == partition(8, turned, guard, unscored=-2)


@given(edges=EDGES)
def test_every_record_is_in_one_group(edges: list[Edge]) -> None:
    groups = partition(8, edges, Apart(), unscored=-2).groups
    assert sorted(member for group in groups for member in group) == list(range(8))
