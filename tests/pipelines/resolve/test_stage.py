from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import duckdb
import pytest

from idp_core.profiles.evidence import reader
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.policy import IdentifierPolicy, Login, default
from idp_core.profiles.scoring import Population
from idp_core.profiles.vetoes import Constraints
from pipelines.resolve import modelfile
from pipelines.resolve import trained as models
from pipelines.resolve.batch import Resolution, resolve
from pipelines.resolve.columns import sayer, table
from pipelines.resolve.dependence import together
from pipelines.resolve.measure import measure
from pipelines.resolve.stage import Stage
from tests.pipelines.resolve.crowd import crowd, nations
from tests.pipelines.resolve.people import person


def resolved(
    records: list[SourceProfile],
    stage: Stage | None,
    policy: IdentifierPolicy | None = None,
    constraints: Constraints | None = None,
) -> Resolution:
    return resolve(records, {}, policy or default(), constraints or Constraints(), stage=stage)


def partition(found: Resolution) -> set[frozenset[SourceRef]]:
    groups: dict[str, set[SourceRef]] = {}
    for ref, gid in found.links.items():
        groups.setdefault(gid, set()).add(ref)
    return set(map(frozenset, groups.values()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a model that was trained on the crowd."""
    folder = tmp_path_factory.mktemp("models")
    records, _ = crowd(260)
    resolved(records, Stage(folder=folder))
    return folder


def test_people_without_a_common_identifier_are_found_and_strangers_stay_apart(
    folder: Path,
) -> None:
    records, truth = crowd(260)
    alone = measure(resolved(records, None).links, truth)
    both = measure(resolved(records, Stage(folder=folder)).links, truth)
    assert both.precision > 0.96
    assert both.recall > alone.recall + 0.05
    assert both.recall > 0.95
    assert both.largest < 2 * both.true_largest


def test_a_model_is_frozen_and_the_same_records_give_the_same_model(
    folder: Path, tmp_path: Path
) -> None:
    records, _ = crowd(260)
    known = models.load(folder)
    assert known is not None
    again = resolved(records, Stage(folder=folder))
    assert again.notes == ()
    resolved(list(reversed(records)), Stage(folder=tmp_path))
    anew = models.load(tmp_path)
    assert anew is not None
    assert anew.version == known.version


def test_the_order_of_the_records_never_matters(folder: Path) -> None:
    records, _ = crowd(260)
    stage = Stage(folder=folder)
    assert partition(resolved(records, stage)) == partition(resolved(records[::-1], stage))


def test_a_model_remembers_no_value_of_a_few_records(folder: Path) -> None:
    records, _ = crowd(260)
    known = models.load(folder)
    assert known is not None
    kept = known.frequencies.to_pylist()
    assert {each["column"] for each in kept} >= {"given_name", "family_name"}
    count = Counter(record.attributes["given_name"].lower() for record in records)
    assert all(count[each["value"]] >= 5 for each in kept if each["column"] == "given_name")


def test_a_model_that_cannot_be_read_is_trained_anew(folder: Path, tmp_path: Path) -> None:
    records, _ = crowd(260)
    (tmp_path / "current.json").write_text("{", encoding="utf-8")
    found = resolved(records, Stage(folder=tmp_path))
    assert found.notes[0].startswith("trained model ")


def test_too_few_records_are_resolved_by_identifiers() -> None:
    records = [person("1", given_name="Ann"), person("2", given_name="Ann")]
    found = resolved(records, Stage())
    assert (found.notes, found.counts["alike"]) == ((), 0)


def test_twins_at_one_address_stay_two(folder: Path) -> None:
    records, _ = crowd(260)
    home = {"family_name": "Zwick", "birth_date": "1990-03-04", "street": "1 Alder St"}
    twins = [
        person("t1", given_name="Anna", phone="+41440000001", **home),
        person("t2", given_name="Hanna", phone="+41440000001", **home),
        person("t3", given_name="Karl", phone="+41440000001", **home),
    ]
    found = resolved(records + twins, Stage(folder=folder))
    gids = {found.links[twin.ref] for twin in twins}
    assert len(gids) == 3


def test_names_alone_never_join(folder: Path) -> None:
    records, _ = crowd(260)
    namesakes = [
        person("n1", "crm", given_name="Xaver", family_name="Quirinus"),
        person("n2", "shop", given_name="Xaver", family_name="Quirinus"),
    ]
    found = resolved(records + namesakes, Stage(folder=folder))
    assert found.links[namesakes[0].ref] != found.links[namesakes[1].ref]


def test_a_stewards_word_outweighs_every_likeness(folder: Path) -> None:
    records, _ = crowd(260)
    stage = Stage(folder=folder)
    links = resolved(records, stage).links
    pair = next((a, b) for a, b in combinations(sorted(links), 2) if links[a] == links[b])
    apart = resolved(records, stage, constraints=Constraints.of(cannot=[pair])).links
    assert apart[pair[0]] != apart[pair[1]]


def test_an_account_that_can_log_in_is_not_joined_by_what_resembles_its_email(
    folder: Path,
) -> None:
    records, _ = crowd(260)
    policy = default().model_copy(update={"login": Login(sources=frozenset({"crm"}))})
    account = person("a", "crm", given_name="Jonas", family_name="Kernott", email="j.kernott@a.ch")
    other = person("b", "shop", given_name="Jonas", family_name="Kernott", email="j.kernot@a.ch")
    found = resolved([*records, account, other], Stage(folder=folder), policy)
    assert found.links[account.ref] != found.links[other.ref]


def test_names_and_a_town_do_not_join_namesakes_of_several_countries() -> None:
    records, truth = nations(1200)
    found = measure(resolved(records, Stage()).links, truth)
    assert found.precision > 0.97
    assert found.largest <= 2 * found.true_largest


def test_records_with_nothing_to_compare_are_left_to_identifiers() -> None:
    records = [SourceProfile(SourceRef("crm", f"{n}"), {}, "crm", "") for n in range(600)]
    found = resolved(records, Stage())
    assert found.counts["profiles"] == 600
    assert found.notes == ("no two records can be compared by likeness: identifiers alone decided",)


@pytest.mark.parametrize("kept", [["given_name", "family_name"], ["given_name"], ["addresses"]])
def test_few_columns_are_enough_to_resolve_without_an_error(kept: list[str]) -> None:
    records, _ = crowd(260)
    few = [
        replace(record, attributes={k: v for k, v in record.attributes.items() if k in kept})
        for record in records
    ]
    found = resolved(few, Stage())
    assert len(found.links) == len(few)
    assert found.counts["largest"] <= 2


def test_strangers_of_one_place_share_names_more_often_where_nations_meet() -> None:
    model = modelfile.default()
    bits = []
    for records in (nations(1200)[0], nations(1200, count=1)[0]):
        known = [reader(default())(record) for record in records]
        columns = table(list(map(sayer(model), records)), known, model, Population())
        with duckdb.connect() as con:
            con.register("given", columns)
            con.execute("CREATE TABLE records AS SELECT * FROM given")
            bits.append(together(con, model, ["given_name", "family_name", "locality"]))
    assert bits[0] > 3
    assert bits[1] < 1
