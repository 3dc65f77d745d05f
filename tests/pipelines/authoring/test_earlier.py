"""Which mapping an edit is compared with."""

from __future__ import annotations

import subprocess

import pytest

from pipelines.applied import applied_file, keep_applied
from pipelines.authoring.earlier import earlier
from pipelines.bus import open_bus
from pipelines.errors import JobError, ProjectError
from pipelines.jobs import sync
from tests.pipelines.authoring.conftest import MAPPING

UPPER = MAPPING.replace("steps: [trim]}", "steps: [upper]}")


def git(folder, *words):
    subprocess.run(
        ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", *words],
        cwd=folder,
        check=True,
        capture_output=True,
    )


def test_what_the_last_run_used_is_kept_beside_the_data(make):
    workspace = make([])
    with pytest.raises(JobError, match="no run has used a mapping of it yet"):
        earlier(workspace, "crm")
    with open_bus(workspace.project) as bus:
        sync(bus)
    before = workspace.mapping("crm")
    edited = make([], UPPER)
    assert earlier(edited, "crm").document.digest == before.digest
    assert edited.mapping("crm").digest != before.digest


def test_a_mapping_that_was_edited_during_a_run_is_not_what_the_run_used(make):
    workspace = make([])
    used = workspace.mapping("crm")
    make([], UPPER)
    keep_applied(workspace, "crm", used)
    assert not applied_file(workspace, "crm").exists()


def test_another_file_and_a_revision_of_git_can_be_named(make, tmp_path):
    workspace = make([])
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    before = workspace.mapping("crm")
    (tmp_path / "old.yaml").write_text(MAPPING)
    edited = make([], UPPER)
    assert earlier(edited, "crm", revision="HEAD").document.digest == before.digest
    assert earlier(edited, "crm", against=tmp_path / "old.yaml").document.digest == before.digest


@pytest.mark.parametrize("revision", ["nope", "--output=x", "HEAD~9"])
def test_a_revision_that_is_none_is_one_line(make, tmp_path, revision):
    workspace = make([])
    git(tmp_path, "init", "-q")
    with pytest.raises(JobError, match=rf"crm.yaml at {revision}: fatal: ") as raised:
        earlier(workspace, "crm", revision=revision)
    assert len(str(raised.value).splitlines()) == 1


def test_a_former_mapping_that_is_wrong_is_told_with_its_place(make, tmp_path):
    workspace = make([])
    old = tmp_path / "old.yaml"
    old.write_text(MAPPING.replace("[trim]", "[trm]"))
    with pytest.raises(ProjectError, match=r"old.yaml:8:\d+ .*did you mean 'trim'"):
        earlier(workspace, "crm", against=old)
