"""What people's decisions teach: true stretches are found, and little is learnt from few."""

from __future__ import annotations

import random

import pytest

from pipelines.resolve.trained import Trained
from pipelines.resolve.tuning import FEWEST, Example, tune

_PARTS = ((6.0, -4.0), (9.0, -3.0), (12.0, -6.0))


def decided(many: int, *, scales: tuple[float, ...], seed: int = 1) -> list[Example]:
    """Return pairs decided as somebody would for whom the comparisons are worth so much."""
    chance = random.Random(seed)
    found = []
    for _ in range(many):
        parts = tuple(chance.choice(both) for both in _PARTS)
        odds = sum(scale * part for scale, part in zip(scales, parts, strict=True)) - 4
        same = chance.random() < 1 / (1 + 2.0**-odds)
        found.append(Example(parts, sum(parts) - 4, same))
    return found


def test_a_comparison_that_decisions_make_little_of_shrinks() -> None:
    found = tune(decided(4_000, scales=(1.0, 0.2, 1.0)))
    assert found.scales[1] < 0.45
    assert found.scales[0] > 0.75
    assert found.scales[2] > 0.75
    assert found.better


def test_decisions_that_bear_the_model_out_change_little() -> None:
    found = tune(decided(4_000, scales=(1.0, 1.0, 1.0)))
    assert all(0.8 < scale < 1.25 for scale in found.scales)
    assert found.before == pytest.approx(found.after, abs=0.02)
    assert abs(found.joins_at) < 1


def test_where_people_begin_to_join_is_told() -> None:
    shifted = [Example(p, bits - 3, same) for p, bits, same in decided(4_000, scales=(1, 1, 1))]
    assert tune(shifted).joins_at == pytest.approx(-3, abs=0.8)


def test_the_same_decisions_teach_the_same() -> None:
    examples = decided(600, scales=(0.5, 1.0, 1.5))
    assert tune(examples) == tune(examples)


@pytest.mark.parametrize("many", [0, FEWEST - 1])
def test_too_few_decisions_teach_nothing(many: int) -> None:
    with pytest.raises(ValueError, match="too few"):
        tune(decided(many, scales=(1.0, 1.0, 1.0)))


def test_decisions_of_one_kind_alone_teach_nothing() -> None:
    alike = [Example((6.0, 9.0, 12.0), 20.0, same=True)] * FEWEST
    with pytest.raises(ValueError, match="too few"):
        tune(alike)


def test_scales_stretch_bits_and_keep_chances() -> None:
    import pyarrow as pa

    none = pa.table({"column": [], "value": [], "share": []})
    weights = {"a": ((0.9, 0.001), (0.1, 0.9)), "b": ((0.8, 0.1),)}
    trained = Trained("d", 9, 0.1, 0.0, weights, none, scales={"a": 2.0})
    assert trained.worth["b"] == weights["b"]
    before = Trained("d", 9, 0.1, 0.0, weights, none)
    assert trained.bits()["a"] == pytest.approx([2 * each for each in before.bits()["a"]], abs=0.02)
    assert all(0 < u <= 1 and 0 < m <= 1 for m, u in trained.worth["a"])
    assert trained.version != before.version
