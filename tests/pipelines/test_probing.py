"""What a target does otherwise than its standard says: probed, pinned in a file, and kept to."""

from __future__ import annotations

import pytest
import yaml

from connectors.scim import Scim
from pipelines.bus import open_workspace
from pipelines.errors import ProjectError, RemoteError
from pipelines.probing import probe_target
from pipelines.project import load_project
from tests.connectors.scim.conftest import (  # noqa: F401 (fixtures)
    TOKEN,
    provider_url,
    provider_without_patch_url,
)
from tests.pipelines.cli.conftest import run  # noqa: F401 (a fixture)

PROJECT = """\
project: portal
targets:
  portal:
    connector: {{type: scim, url: "{url}", auth: {{type: bearer, token: "env:PORTAL_TOKEN"}}}}
"""
PUSH = """\
push: portal
to: {target: portal, object: User}
as: p
fields:
  userName: p.email
  title: p.job_title
  emails[type eq "work"].value: p.email
"""


@pytest.fixture
def folder(tmp_path, provider_url, monkeypatch):  # noqa: F811
    monkeypatch.setenv("PORTAL_TOKEN", TOKEN)
    (tmp_path / "mappings").mkdir()
    (tmp_path / "isthmus.yaml").write_text(PROJECT.format(url=provider_url))
    (tmp_path / "mappings" / "portal.push.yaml").write_text(PUSH)
    return tmp_path


def workspace(folder):
    return open_workspace(load_project(folder))


def test_a_probe_pins_what_it_finds_and_leaves_nothing_behind(folder):
    found = probe_target(workspace(folder), "portal")
    assert found.pinned
    assert found.file == folder / "quirks" / "portal.yaml"
    target = workspace(folder).target("portal")
    assert isinstance(target, Scim)
    assert target.quirks is not None
    assert target.quirks.model_dump(mode="json") == yaml.safe_load(found.file.read_text())
    assert list(target.accounts("User")) == []
    again = probe_target(workspace(folder), "portal")
    assert (again.pinned, again.changed) == (False, False)


def test_a_target_that_changed_is_told_and_pinned_only_when_asked(
    folder,
    provider_without_patch_url,  # noqa: F811
    run,  # noqa: F811
):
    assert run("doctor", "--probe", "portal", "--project", folder).exit_code == 0
    before = (folder / "quirks" / "portal.yaml").read_text()
    (folder / "isthmus.yaml").write_text(PROJECT.format(url=provider_without_patch_url))
    told = run("doctor", "--probe", "portal", "--project", folder)
    assert "warn targets.portal: new: PATCH replace with a path has no effect" in told.stdout
    assert "isthmus doctor --probe portal --pin" in told.stdout
    assert (folder / "quirks" / "portal.yaml").read_text() == before
    kept = run("doctor", "--probe", "portal", "--pin", "--project", folder)
    assert "pinned in" in kept.stdout
    quiet = run("doctor", "--probe", "portal", "--project", folder)
    assert "warn" not in quiet.stdout


def test_a_file_that_holds_no_quirks_is_named_with_its_mend(folder):
    file = folder / "quirks" / "portal.yaml"
    file.parent.mkdir()
    for text in ("[", "just words", "forms: [flying]\n", "unknown: 1\n"):
        file.write_text(text)
        with pytest.raises(ProjectError, match=r"quirks.portal\.yaml: .*probe"):
            workspace(folder).target("portal")


def test_what_cannot_be_probed_is_one_line(folder, monkeypatch):
    monkeypatch.setenv("PORTAL_TOKEN", "wrong")
    with pytest.raises(RemoteError, match=r"portal: .*credentials"):
        probe_target(workspace(folder), "portal")
    with pytest.raises(ProjectError, match="no target 'crm'"):
        probe_target(workspace(folder), "crm")
    text = PROJECT.format(url="x").split("connector")[0] + "connector: {type: memory, store: x}\n"
    (folder / "isthmus.yaml").write_text(text)
    with pytest.raises(ProjectError, match="has no quirks to be probed"):
        probe_target(workspace(folder), "portal")
