"""``isthmus connector``: a trial of sources, targets and files that describe systems."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.http.conftest import serve
from tests.connectors.rest.conftest import system
from tests.connectors.rest.crm import Crm
from tests.connectors.rest.writable import PATCH, READ, WRITE
from tests.pipelines.cli.conftest import document

__all__ = ["serve", "system"]

PUSH = """\
push: crm
to: {target: crm, object: User}
fields:
  userName: p.email
  title: {const: Dr}
tests:
  - name: one
    given: {email: ann@example.com}
    expect: {userName: ann@example.com, title: Dr}
"""


@pytest.fixture
def crm(system: Any, tmp_path: Any, monkeypatch: Any) -> Any:
    """A CRM that answers, and its description in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "crm.yaml").write_text(READ + WRITE + PATCH)
    made = Crm()
    made.url = system(made.answer).url  # type: ignore[attr-defined]
    return made


def lines(result: Any) -> list[str]:
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


def test_a_file_is_tried_with_settings_of_the_command_line(run, crm):
    crm.create({"ref": "k1", "name": {"familyName": "Lee"}})
    result = run("connector", "test", "crm.yaml", "--set", f"url={crm.url}")
    assert result.exit_code == 0, result.output
    assert "ok User: reading: 1 rows on 1 pages, to the end" in lines(result)
    assert "ok User: keys: 'id' is unique" in lines(result)
    assert "Lee" not in result.output
    assert len(crm.people) == 1


def test_a_canary_is_written_only_when_asked(run, crm):
    words = ["connector", "test", "crm.yaml", "--set", f"url={crm.url}"]
    result = run(*words, "--write", "--with", "userName=c", "--with", "number=7", "--json")
    found = document(result)
    assert result.exit_code == 0, result.output
    assert found["ok"] is True
    assert {"rule": "delete", "object": "User", "verdict": "ok"}.items() <= next(
        each for each in found["findings"] if each["rule"] == "delete"
    ).items()
    assert crm.people == {}
    assert crm.made == 1
    result = run(*words, "--write")
    assert result.exit_code == 2
    assert "Say it by --with NAME=VALUE" in result.stderr


def test_a_rule_that_does_not_hold_ends_with_1_and_its_mend(run, crm):
    crm.create({"ref": "k1"})
    words = ["connector", "test", "crm.yaml", "--set", f"url={crm.url}"]
    result = run(*words, "--key", "number", "--cursor", "at")
    assert result.exit_code == 1
    assert "fail User: reading: a row has no 'at'; it has id, ref, rev" in lines(result)


def test_a_system_that_does_not_answer_ends_with_4(run, crm):
    text = (READ + WRITE + PATCH).replace("objects:", "http: {attempts: 1}\nobjects:", 1)
    Path("quick.yaml").write_text(text)
    result = run("connector", "test", "quick.yaml", "--set", "url=http://127.0.0.1:1", "--json")
    assert result.exit_code == 4
    assert json.loads(result.stdout)["ok"] is False


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["crm.yaml"], "url: is required: where (say it by --set)"),
        (["crm.yaml", "--set", "url"], "--set: write NAME=VALUE"),
        (["nothing.yaml"], "nothing.yaml: no such file"),
        (["crm.yaml", "--set", "ulr=x"], "did you mean 'url'?"),
    ],
)
def test_what_is_said_wrongly_is_told_in_one_line_a_problem(run, crm, words, told):
    result = run("connector", "test", *words)
    assert result.exit_code == 2
    assert told in result.stderr
    assert "Traceback" not in result.output


def test_sources_and_targets_of_a_project_are_tried_by_their_name(run, crm, project):
    result = run("connector", "test", "shop", "--project", project)
    assert result.exit_code == 0, result.output
    assert "ok customers: keys: 'id' is unique" in lines(result)
    connector = f"{{type: rest, file: ../crm.yaml, url: '{crm.url}'}}"
    with (project / "isthmus.yaml").open("a") as file:
        file.write(f"targets:\n  crm:\n    connector: {connector}\n")
    (project / "mappings" / "crm.push.yaml").write_text(PUSH)
    result = run("connector", "test", "crm", "--project", project, "--write")
    assert result.exit_code == 0, result.output
    assert "ok User: update: holds what was sent" in lines(result)
    (project / "mappings" / "shop.yaml").unlink()
    result = run("connector", "test", "shop", "--project", project)
    assert result.exit_code == 0, result.output
    assert "ok customers: reading: 2 rows on 1 pages, to the end" in lines(result)
    result = run("connector", "test", "shp", "--project", project)
    assert result.exit_code == 2
    assert "did you mean 'shop'?" in result.stderr


def test_the_schema_is_json(run):
    assert json.loads(run("connector", "schema").stdout)["properties"]["objects"]


def test_a_new_connector_has_a_description_and_a_mapping_that_are_right(run, tmp_path):
    result = run("connector", "new", "billing", "--project", tmp_path, "--json")
    assert result.exit_code == 0
    said = json.loads(result.stdout)
    assert said["next"][-1] == f"isthmus connector test {tmp_path / 'billing.yaml'}"
    (tmp_path / "isthmus.yaml").write_text(
        "project: first\nsources:\n  billing: {connector: {type: rest, file: billing.yaml, "
        'url: "http://127.0.0.1:1", token: "env:T"}}\n'
    )
    assert run("mapping", "check", "--project", tmp_path).exit_code == 0
