"""Scored pairs in columns."""

from __future__ import annotations

from array import array

from idp_core.profiles.edges import Edge, Edges, Scores


def test_edges_of_several_makers_are_read_one_after_the_other_and_again() -> None:
    ours = Edges(Scores(array("q", [0, 1]), array("q", [2, 3]), array("d", [1.5, -2.0])))
    both = ours + Edges(Scores(array("q", [0]), array("q", [3]), array("d", [0.5]), "likeness"))
    told = [Edge(0, 2, 1.5), Edge(1, 3, -2.0), Edge(0, 3, 0.5, "likeness")]
    assert list(both) == list(both) == told
    assert (len(ours), len(both), len(Edges())) == (2, 3, 0)
    assert told[2] in both
    assert told[2] not in ours
