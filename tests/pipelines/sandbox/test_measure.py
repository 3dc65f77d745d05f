"""The measure: held to its definition by counting pairs one by one."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from pipelines.sandbox.measure import read_truth, score
from pipelines.sandbox.world import make_world

assignments = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=25)


@given(assignments)
def test_pairs_are_counted_as_if_one_by_one(rows):
    links = [(("s", str(n)), str(profile)) for n, (profile, _) in enumerate(rows)]
    truth = {("s", str(n)): person for n, (_, person) in enumerate(rows)}
    made = {(a, b) for (a, (p, _)), (b, (q, _)) in combinations(enumerate(rows), 2) if p == q}
    true = {(a, b) for (a, (_, p)), (b, (_, q)) in combinations(enumerate(rows), 2) if p == q}
    result = score(links, truth)
    assert (result.pairs_made, result.pairs_true) == (len(made), len(true))
    assert result.pairs_right == len(made & true)
    assert 0 <= result.f1 <= 1


def test_the_truth_itself_scores_one():
    truth = make_world(500, 3).truth()
    result = score(((ref, str(person)) for ref, person in truth.items()), truth)
    assert (result.precision, result.recall, result.f1) == (1.0, 1.0, 1.0)
    assert result.largest == result.largest_true > 1


def test_everybody_in_one_profile_is_seen_at_once():
    truth = make_world(500, 3).truth()
    result = score(((ref, "one") for ref in truth), truth)
    assert result.recall == 1.0
    assert result.precision < 0.01
    assert result.largest == 500


def test_nothing_linked_is_no_error():
    assert score([], {}).f1 == 1.0


def test_records_the_truth_does_not_know_are_left_out():
    assert score([(("s", "9"), "p")], {("s", "1"): 1}).records == 0


def test_the_truth_is_read_back_from_its_file(tmp_path):
    file = tmp_path / "truth.csv"
    file.write_text("source,key,person\nshop,10001,4\n", encoding="utf-8")
    assert read_truth(file) == {("shop", "10001"): 4}
