from __future__ import annotations

import csv
from pathlib import Path

import pytest

from idp_core.profiles.model import SourceRef
from pipelines.bus import open_bus, open_workspace
from pipelines.errors import JobError, ProjectError
from pipelines.jobs import sync
from pipelines.project import load_project
from pipelines.resolve import modelfile
from pipelines.resolving import evaluate, explain_pair, read_truth, shadow, train
from tests.pipelines.resolve.crowd import crowd

MAPPING = """mapping: people
from: {connector: files, object: people, as: c}
key: c.id
fields:
  given_name: c.given_name
  family_name: c.family_name
  birth_date: {from: c.birth_date, steps: [blank_to_null, date]}
  address.street_address: c.street
"""


def write_project(
    folder: Path, people: int, policies: str = "{likeness: true}"
) -> dict[SourceRef, int]:
    """Write a project of one source with a crowd; return who is who."""
    records, truth = crowd(people)
    (folder / "mappings").mkdir(parents=True)
    (folder / "mappings" / "people.yaml").write_text(MAPPING, "utf-8")
    (folder / "isthmus.yaml").write_text(
        "project: crowd\nsources:\n  people:\n    connector: {type: files, path: people.csv}\n"
        f"policies: {policies}\n",
        "utf-8",
    )
    with (folder / "people.csv").open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["id", "given_name", "family_name", "birth_date", "street"])
        for record in records:
            said = record.attributes
            street = said["addresses"][0]["street_address"]
            born = said.get("birth_date", "")
            rows.writerow([record.ref.key, said["given_name"], said["family_name"], born, street])
    return {SourceRef("people", ref.key): who for ref, who in truth.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project that was synchronised, with its truth beside it."""
    folder = tmp_path_factory.mktemp("crowd")
    truth = write_project(folder, 260)
    lines = [f"{ref.source},{ref.key},{who}" for ref, who in truth.items()]
    (folder / "truth.csv").write_text("source,key,person\n" + "\n".join(lines), "utf-8")
    with open_bus(load_project(folder)) as bus:
        report = sync(bus)
    assert report.unified.notes[0].startswith("trained model ")
    return folder


def test_a_run_finds_people_by_likeness_and_says_how_well(folder: Path) -> None:
    with open_bus(load_project(folder)) as bus:
        found = evaluate(bus, folder / "truth.csv")
    assert found["links in use"] == found["identifiers and likeness"]
    assert found["links in use"].recall > found["identifiers alone"].recall


@pytest.mark.parametrize(
    ("policies", "stage"),
    [
        ("{}", True),
        ("{likeness: false}", False),
        ("{likeness: false, model: model.yaml}", False),
        ("{likeness: true, model: model.yaml}", True),
    ],
)
def test_likeness_decides_too_unless_it_is_turned_off(
    tmp_path: Path, policies: str, stage: bool
) -> None:
    write_project(tmp_path, 3, policies)
    model = Path(modelfile.__file__).with_name("model.yaml")
    (tmp_path / "model.yaml").write_text(model.read_text("utf-8"), "utf-8")
    assert (open_workspace(load_project(tmp_path)).stage is not None) is stage


def test_a_pair_is_explained_by_what_each_comparison_found(folder: Path) -> None:
    with open_bus(load_project(folder)) as bus:
        told = explain_pair(bus, SourceRef("people", "0-0"), SourceRef("people", "0-1"))
    assert told.start < 0
    assert {each.comparison for each in told.likeness} <= {
        "given_name",
        "family_name",
        "birth_date",
        "address",
    }
    assert told.bits > told.join_at


def test_an_unknown_record_is_told(folder: Path) -> None:
    with (
        open_bus(load_project(folder)) as bus,
        pytest.raises(JobError, match="people:9: no such record"),
    ):
        explain_pair(bus, SourceRef("people", "9"), SourceRef("people", "0-1"))


def test_files_that_did_not_change_would_change_nobody(folder: Path) -> None:
    with open_bus(load_project(folder)) as bus:
        found = shadow(bus)
    assert found.before == found.after
    assert not found.events


def test_turning_likeness_off_would_split_people_and_writes_nothing(folder: Path) -> None:
    file = folder / "isthmus.yaml"
    before = file.read_text("utf-8")
    file.write_text(before.replace("likeness: true", "likeness: false"), "utf-8")
    try:
        with open_bus(load_project(folder)) as bus:
            found = shadow(bus, examples=2)
            with pytest.raises(ProjectError, match=r"policies\.likeness: is off"):
                train(bus)
    finally:
        file.write_text(before, "utf-8")
    assert found.after > found.before
    assert found.events["profile.split"] > 0
    assert len(found.examples["profile.split"]) == 2
    with open_bus(load_project(folder)) as bus:
        assert shadow(bus).before == found.before


def test_a_model_of_ones_own_that_is_wrong_stops_with_its_line(tmp_path: Path) -> None:
    write_project(tmp_path, 3, "{model: model.yaml}")
    (tmp_path / "model.yaml").write_text("modle: x\n", "utf-8")
    with (
        open_bus(load_project(tmp_path)) as bus,
        pytest.raises(ProjectError, match=r"model\.yaml:1:1 modle: unknown key; did you mean"),
    ):
        sync(bus)


def test_a_file_of_truth_without_its_columns_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "truth.csv"
    file.write_text("source,key\n", "utf-8")
    with pytest.raises(ProjectError, match=r"truth\.csv:1:1 has no column person"):
        read_truth(file)
    with pytest.raises(ProjectError, match="cannot be read as CSV"):
        read_truth(tmp_path / "none.csv")
