"""Other rules wait for somebody's word, where a project asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from idp_core.db.engine import reading
from idp_core.profiles.approvals import read_approval
from pipelines.approving import approve, hash_of
from pipelines.bus import open_bus
from pipelines.errors import JobError, StoppedError
from pipelines.jobs import sync
from pipelines.project import load_project
from pipelines.resolving import shadow
from tests.pipelines.test_resolving import write_project


def rules(folder: Path, text: str) -> None:
    file = folder / "isthmus.yaml"
    head = file.read_text("utf-8").partition("policies:")[0]
    file.write_text(f"{head}policies: {text}\n", "utf-8")


def resolve(folder: Path) -> str:
    """Run the job; return the hash of its rules."""
    with open_bus(load_project(folder)) as bus:
        sync(bus)
        return hash_of(bus)


def test_other_rules_stop_a_run_until_their_hash_is_approved(tmp_path: Path) -> None:
    write_project(tmp_path, 3, "{likeness: false, approval: required}")
    first = resolve(tmp_path)  # before it there are no rules to differ from
    assert resolve(tmp_path) == first
    rules(tmp_path, "{likeness: true, approval: required}")
    with pytest.raises(StoppedError, match=r"resolve shadow, then isthmus resolve approve \w{12}$"):
        resolve(tmp_path)
    with open_bus(load_project(tmp_path)) as bus:
        found = shadow(bus)
        assert found.awaits
        with pytest.raises(JobError, match=f"{first}.*is not the hash of the rules"):
            approve(bus, first, "Bo", "the old ones")
        made = approve(bus, found.hash, "Bo", "seen")
        assert approve(bus, found.hash, "Cy", "again") == made
        with reading(bus.engine) as conn:
            assert read_approval(conn, found.hash) == made
        assert (made.who, made.why) == ("Bo", "seen")
        assert not shadow(bus).awaits
    assert resolve(tmp_path) == found.hash
    rules(tmp_path, "{likeness: false, approval: required}")  # the way back needs a word, too
    with pytest.raises(StoppedError, match=first):
        resolve(tmp_path)


def test_without_the_setting_other_rules_need_no_word(tmp_path: Path) -> None:
    write_project(tmp_path, 3, "{likeness: false}")
    first = resolve(tmp_path)
    rules(tmp_path, "{likeness: true}")
    assert resolve(tmp_path) != first
