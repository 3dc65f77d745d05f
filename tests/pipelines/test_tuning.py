"""`isthmus resolve tune` on a project: what people decided changes what likeness is worth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import pytest

from idp_core.db.engine import reading, writing
from idp_core.profiles import store
from idp_core.profiles.doubts import Doubt, DoubtKind
from idp_core.profiles.model import SourceRef
from idp_core.profiles.store import Case
from pipelines.bus import Bus, open_bus
from pipelines.errors import JobError
from pipelines.jobs import sync
from pipelines.project import load_project
from pipelines.resolve import trained as models
from pipelines.resolving import train
from pipelines.tuning import tune_model
from tests.pipelines.test_resolving import write_project


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[tuple[Bus, dict[SourceRef, int]]]:
    truth = write_project(tmp_path, 260)
    with open_bus(load_project(tmp_path)) as bus:
        sync(bus)
        yield bus, truth


def decide(bus: Bus, truth: dict[SourceRef, int], many: int) -> None:
    """Have people decide so many pairs, as the truth is."""
    with reading(bus.engine) as conn:
        records, asked = sorted(store.read_links(conn)), store.pairs_asked(conn)
    pairs = [pair for pair in combinations(records, 2) if frozenset(pair) not in asked]
    same = [pair for pair in pairs if truth[pair[0]] == truth[pair[1]]]
    other = [pair for pair in pairs if truth[pair[0]] != truth[pair[1]]]
    wanted = [*same[: many // 2], *other[: many - min(len(same), many // 2)]]
    now = datetime.now(UTC)
    cases = [
        Case(
            number,
            Doubt(left, right, DoubtKind.DOUBTFUL, 0.0, "asked"),
            "same" if truth[left] == truth[right] else "different",
            now,
        )
        for number, (left, right) in enumerate(wanted, 1_000)
    ]
    with writing(bus.engine) as conn:
        store.save_cases(conn, cases, [])


def test_too_few_decisions_are_told_with_how_many_it_takes(
    bus: tuple[Bus, dict[SourceRef, int]],
) -> None:
    decide(*bus, 40)
    with pytest.raises(JobError, match="it takes 300, and 30 of each"):
        tune_model(bus[0])


def test_what_is_learnt_is_used_stays_through_training_and_does_not_pile_up(
    bus: tuple[Bus, dict[SourceRef, int]],
) -> None:
    made, truth = bus
    decide(made, truth, 400)
    before = made.stage.trained() if made.stage else None
    found = tune_model(made)
    assert found.decisions == 400
    assert before is not None
    assert found.trained == before
    assert found.made is not None
    assert found.made.weights == before.weights
    assert any(scale != 1 for scale in found.made.scales.values())
    stage = made.stage
    assert stage is not None
    assert stage.folder is not None
    assert models.current(stage.folder) == found.made.version
    again = tune_model(made)  # of the weights that were trained, not of what was made of them
    assert again.tuned == found.tuned
    assert again.made is not None
    assert again.made.scales == found.made.scales
    anew = train(made)
    assert anew.scales == found.made.scales
    assert replace(anew, scales={}).version != anew.version
    report = sync(made)
    assert report.unified.counts["records"] == len(truth)
