"""A few records among all, by the graph of the last run or by reading everything: the same."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from idp_core.db.engine import reading, writing
from idp_core.profiles import store
from idp_core.profiles.scoring import compare
from pipelines.among import read_among
from pipelines.bus import open_bus
from pipelines.jobs import sync
from pipelines.project import load_project
from tests.pipelines.test_resolving import write_project


def test_the_graph_says_of_pairs_what_reading_everything_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_project(tmp_path, 60, "{likeness: false}")
    with open_bus(load_project(tmp_path)) as bus:
        sync(bus)
        with reading(bus.engine) as conn:
            refs = sorted(store.read_links(conn))[:40]

        def told() -> list[object]:
            found = read_among(bus, refs)
            known, others = found.usable, found.others
            assert [record.ref for record in found.records] == refs
            return [compare(*pair, bus.identifiers, others) for pair in pairwise(known)]

        with monkeypatch.context() as patch:
            patch.delattr(store, "read_source_profiles")  # with the graph nobody asks for it
            by_graph = told()
        with writing(bus.engine) as conn:  # a word that came after the run
            store.put_constraint(conn, "cannot", refs[0], refs[39], who="Bo", why="two")
        with monkeypatch.context() as patch:
            patch.delattr(store, "read_source_profiles")
            with pytest.raises(AttributeError):
                told()
        bus.graph.unlink()
        assert told() == by_graph
