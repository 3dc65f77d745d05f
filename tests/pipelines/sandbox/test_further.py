"""The further systems of the full demo, as far as they need none of them."""

from __future__ import annotations

import base64
from pathlib import Path
from types import SimpleNamespace

import pytest

from connectors.contract import Query
from connectors.registry import build
from mappings.document import load_mapping
from mappings.push import load_push
from mappings.record import compile_record
from pipelines import sandbox
from pipelines.project import load_project
from pipelines.sandbox.errors import NotStartedError, UnavailableError
from pipelines.sandbox.heavy import further, packages, rows
from pipelines.sandbox.heavy.further import Further, Where
from pipelines.sandbox.postgres import Postgres
from pipelines.sandbox.systems import Layout, Systems
from pipelines.sandbox.template import write_project
from pipelines.sandbox.world import make_world

WORLD = make_world(3000, 7)
MAPPINGS = Path(sandbox.__file__).parent / "heavy" / "mappings"


def people(source):
    return list(rows.chosen(source, WORLD.people, WORLD.seed))


def test_policies_are_read_by_their_copybook_and_mapped(tmp_path):
    whole = people("policies")
    records = [rows.policy(*each) for each in whole]
    assert {len(record) for record in records} == {rows.RECORD}
    (tmp_path / "policies.dat").write_bytes(b"".join(records))
    (tmp_path / "policies.cpy").write_bytes((MAPPINGS / "policies.cpy").read_bytes())
    settings = {"path": "policies.dat", "format": "copybook", "encoding": rows.EBCDIC}
    source = build("files", settings | {"copybook": {"file": "policies.cpy"}}, tmp_path)
    found = [dict(row) for page in source.read(Query("policies")) for row in page.rows]
    assert [str(row["POL_NR"]) for row in found] == [number for number, _, _ in whole]
    file = MAPPINGS / "policies.yaml"
    run = compile_record(load_mapping(file.read_text("utf-8"), file.name))
    mapped = [run(row) for row in found]
    assert all(each and each.attributes["family_name"] for each in mapped)
    agreed = sum(
        each.attributes.get("birth_date") == str(person.birth)
        or each.attributes.get("birth_date") == person.birth
        for each, (_, person, _) in zip(mapped, whole, strict=True)
    )
    assert agreed > 0.9 * len(whole) > 50


def test_members_are_entries_whose_odd_letters_are_kept():
    key, entry = rows.member("7", people("club")[0][1], people("club")[0][2])
    assert f"entryUUID: {key}\n" in entry
    umlauts = [p for p in WORLD.people if not p.given.isascii()]
    _, entry = rows.member("8", umlauts[0], people("club")[0][2])
    (line,) = [line for line in entry.splitlines() if line.startswith("cn:: ")]
    assert base64.b64decode(line[5:]).decode() == f"{umlauts[0].given} {umlauts[0].family}"


@pytest.mark.parametrize("name", ["club", "webshop", "policies"])
def test_each_mapping_is_valid_and_tried(name):
    file = MAPPINGS / f"{name}.yaml"
    document = load_mapping(file.read_text("utf-8"), file.name)
    assert document.name == name
    assert document.tests


def test_the_list_is_for_those_who_agreed():
    file = MAPPINGS / "letters.push.yaml"
    push = load_push(file.read_text("utf-8"), file.name)
    assert push.tests
    assert list(push.consent) == ["consent.marketing_email"]


def test_the_project_names_the_further_systems_that_are_up(tmp_path):
    club = Further("club", "directory", {"connector": {"type": "memory", "store": "a"}})
    letters = Further(
        "letters", "list", {"connector": {"type": "memory", "store": "b"}}, target=True
    )
    systems = Systems(
        Layout(tmp_path), Postgres(tmp_path, 5433, "x"), SimpleNamespace(port=1), 2, "t",
        [club, letters],
    )  # fmt: skip
    folder = write_project(systems)
    project = load_project(folder)
    assert list(project.sources) == ["shop", "crm", "newsletter", "loyalty", "club"]
    assert list(project.targets) == ["portal", "letters"]
    assert (folder / "mappings" / "club.yaml").exists()


def where(folder):
    return Where(folder, folder, Postgres(folder, 1, "x"), WORLD)


def test_what_cannot_be_had_is_left_out_with_its_reason_and_the_rest_runs(tmp_path, monkeypatch):
    def none(_):
        raise UnavailableError("slapd is not installed: apt-get install slapd")

    starters = {"club": none, "list": lambda _: Further("list", "a list", {})}
    monkeypatch.setattr(further, "STARTERS", starters)
    with further.running(where(tmp_path)) as (up, left_out):
        assert [each.name for each in up] == ["list"]
        assert left_out == {"club": "slapd is not installed: apt-get install slapd"}


def test_everything_is_stopped_when_one_does_not_start(tmp_path, monkeypatch):
    stopped = []
    monkeypatch.setattr(further, "_stop", stopped.append)

    def broken(_):
        raise NotStartedError("see the log")

    monkeypatch.setattr(further, "STARTERS", {"club": broken})
    with pytest.raises(NotStartedError), further.running(where(tmp_path)):
        pass
    assert stopped == [tmp_path, tmp_path]


def test_what_is_not_there_is_told_with_the_command_that_gets_it(monkeypatch):
    monkeypatch.delenv(packages.INSTALL, raising=False)
    with pytest.raises(UnavailableError, match=r"apt-get install .* no-such-package"):
        packages.debian("no-such-package", commands=["no-such-command"])
    with pytest.raises(UnavailableError, match=f"set {packages.INSTALL}=1 to get it from PyPI"):
        packages.python_environment("nothing", "no-such-package")
