"""The rows we hold: the last whole read that came to its end, and what changed since."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors import memory
from idp_core.db.engine import reading, writing
from idp_core.ledger import store as ledger
from pipelines.authoring.held import held, require_held
from pipelines.bus import open_bus
from pipelines.errors import JobError
from pipelines.jobs import sync
from tests.pipelines.authoring.conftest import MAPPING

ROWS = [
    {"id": str(n), "mail": f"{n}@b.example", "last": "Lee", "at": f"2026-01-0{n}T00:00:00Z"}
    for n in (1, 2, 3)
]
BY_CURSOR = MAPPING.replace("key: c.id", "key: c.id\ncursor: c.at")


def test_before_any_run_nothing_is_held(make):
    workspace = make(ROWS)
    with open_bus(workspace.project) as bus:
        assert held(bus, "crm", workspace.mapping("crm")) is None
        with pytest.raises(JobError, match="crm: no landed rows of 'people' are held"):
            require_held(bus, "crm", workspace.mapping("crm"))


def test_only_the_last_whole_read_is_held_of_a_source_that_is_read_in_full(make):
    workspace = make(ROWS)
    document = workspace.mapping("crm")
    with open_bus(workspace.project) as bus:
        sync(bus)
        memory.store("trial").rows["people"] = ROWS[:2]
        sync(bus)
        kept = held(bus, "crm", document)
        assert kept is not None
        assert (kept.sample.rows, kept.sample.whole, kept.latest) == (2, True, False)
        assert kept.since <= kept.until
        kept.sample.pages[0].unlink()
        assert held(bus, "crm", document) is None


def test_a_whole_read_that_did_not_end_says_nothing(make):
    workspace = make(ROWS)
    document = workspace.mapping("crm")
    with open_bus(workspace.project) as bus:
        sync(bus)
        with writing(bus.engine) as conn:
            killed = ledger.start_run(conn, "sync")
            path = str(bus.landing / "crm" / "half.jsonl")
            ledger.land_page(conn, killed.id, "crm", "people", path, 1, whole=True)
        Path(path).write_text("{}\n")
        kept = held(bus, "crm", document)
        assert kept is not None
        assert kept.sample.rows == 3


def test_what_is_read_by_cursor_is_held_with_each_version_of_a_key(make):
    workspace = make(ROWS, BY_CURSOR)
    document = workspace.mapping("crm")
    with open_bus(workspace.project) as bus:
        sync(bus)
        memory.store("trial").rows["people"] = [*ROWS, ROWS[0] | {"at": "2026-01-09T00:00:00Z"}]
        sync(bus)
        kept = held(bus, "crm", document)
        with reading(bus.engine) as conn:
            pages = ledger.held_pages(conn, "crm")
    assert kept is not None
    assert (kept.sample.whole, kept.latest, kept.lost) == (False, True, 0)
    assert kept.sample.rows == sum(page.rows for page in pages) > 3


def test_pages_of_another_object_are_not_held_for_this_one(make):
    workspace = make(ROWS)
    with open_bus(workspace.project) as bus:
        sync(bus)
        other = make(ROWS, MAPPING.replace("object: people", "object: others")).mapping("crm")
        assert held(bus, "crm", other) is None
