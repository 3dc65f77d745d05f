"""The project of the sandbox is one that a user could have written."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from mappings.document import load_mapping
from mappings.push import load_push
from mappings.record import compile_record
from mappings.tree import OnError
from pipelines import sandbox
from pipelines.project import load_project
from pipelines.sandbox import crm
from pipelines.sandbox.flaws import FLAWS
from pipelines.sandbox.postgres import Postgres
from pipelines.sandbox.shapes import COLUMNS
from pipelines.sandbox.systems import Layout, Systems
from pipelines.sandbox.template import write_project
from pipelines.sandbox.world import SOURCES, make_world

MAPPINGS = Path(sandbox.__file__).parent / "project" / "mappings"


@pytest.fixture
def systems(tmp_path):
    shop = Postgres(tmp_path, 5433, "hunter2")
    return Systems(Layout(tmp_path), shop, SimpleNamespace(port=8001), 8002, "t0ken")


def test_the_project_loads_and_names_all_systems_and_their_ports(systems):
    project = load_project(write_project(systems))
    assert set(project.sources) == set(SOURCES)
    assert ":5433/" in project.sources["shop"].connector["url"]
    assert project.sources["crm"].connector["url"].endswith(":8001")
    assert project.targets["portal"].connector["url"] == systems.scim_url


def test_no_secret_stands_in_the_project(systems):
    folder = write_project(systems)
    for file in folder.rglob("*"):
        if file.is_file():
            text = file.read_text("utf-8")
            assert systems.shop.password not in text
            assert systems.scim_token not in text


def test_edited_mappings_are_kept_and_ports_are_renewed(systems):
    folder = write_project(systems)
    (folder / "mappings" / "shop.yaml").write_text("mine", encoding="utf-8")
    (folder / "isthmus.yaml").write_text("old", encoding="utf-8")
    write_project(systems)
    assert (folder / "mappings" / "shop.yaml").read_text("utf-8") == "mine"
    assert load_project(folder).project == "sandbox"


def columns(source):
    """The columns of the world's rows in the words of the system."""
    names = COLUMNS[source]
    return [crm.FIELDS[name] for name in names] if source == "crm" else names


@pytest.mark.parametrize("source", SOURCES)
def test_each_mapping_is_valid_and_knows_every_column_of_its_system(source):
    file = MAPPINGS / f"{source}.yaml"
    document = load_mapping(file.read_text("utf-8"), file.name)
    assert document.name == source
    assert document.tests
    text = file.read_text("utf-8")
    assert all(column in text for column in columns(source))


@pytest.mark.parametrize("source", SOURCES)
def test_a_mapping_refuses_the_flawed_rows_it_can_see_and_no_other(source):
    file = MAPPINGS / f"{source}.yaml"
    run = compile_record(load_mapping(file.read_text("utf-8"), file.name))
    refused, caught = set(), set()
    for record in make_world(4000, 11).records[source].values():
        if len(record.row) == len(COLUMNS[source]):
            mapped = run(dict(zip(columns(source), record.row, strict=True)))
            assert mapped is not None
            if any(problem.severity is OnError.QUARANTINE for problem in mapped.problems):
                (caught if record.flaw else refused).add(record.flaw or record.key)
    assert refused == set()
    assert caught == {
        flaw.name for flaw in FLAWS[source] if flaw.readable and flaw.name != "born in the future"
    }


def test_the_push_mapping_is_valid():
    file = MAPPINGS / "portal.push.yaml"
    assert load_push(file.read_text("utf-8"), file.name).tests
