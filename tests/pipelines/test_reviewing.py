"""The review queue: what a run leaves in doubt, who decides it, and what comes of that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from idp_core.db.engine import reading, writing
from idp_core.profiles import store
from idp_core.profiles.doubts import DoubtKind
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.store import Case, Filter
from pipelines.bus import Bus, open_bus
from pipelines.errors import JobError
from pipelines.jobs import sync
from pipelines.project import load_project
from pipelines.reviewing import Known, assign, cases, decide, look, settle
from pipelines.stewarding import unmerge
from pipelines.word import Word

SLOW = ("postgresql",)

WORD = Word("Ada", "asked the customer")
NAME = {"given_name": "Zebulon", "family_name": "Quatermain"}
TWINS = {
    "family_name": "Keller",
    "birth_date": "2001-05-06",
    "loyalty_id": "L77812",
    "emails": [{"value": "kids@kellers.ch"}],
}


def put(bus: Bus, **records: dict[str, object]) -> None:
    found = [
        SourceProfile(SourceRef("shop", key), said, "shop@1", store.digest_of(said))
        for key, said in records.items()
    ]
    with writing(bus.engine) as conn:
        store.put_source_profiles(conn, found, "run")
    sync(bus)


@pytest.fixture
def bus(database_url, tmp_path: Path, monkeypatch):
    """Return a project of two namesakes and of twins, on SQLite and on PostgreSQL."""
    monkeypatch.setenv("ISTHMUS_DATABASE_URL", database_url)
    (tmp_path / "isthmus.yaml").write_text("project: few\n", "utf-8")
    with open_bus(load_project(tmp_path)) as bus:
        put(
            bus,
            z1={**NAME, "loyalty_id": "L1"},
            z2=dict(NAME),
            t1={"given_name": "Anna", **TWINS},
            t2={"given_name": "Eva", **TWINS},
        )
        yield bus


def people(bus: Bus) -> set[frozenset[str]]:
    with reading(bus.engine) as conn:
        links = store.read_links(conn)
    found: dict[str, set[str]] = {}
    for ref, gid in links.items():
        found.setdefault(gid, set()).add(ref.key)
    return set(map(frozenset, found.values()))


def case(bus: Bus, kind: DoubtKind, status: str | None = "open") -> Case:
    (found,) = cases(bus, Filter(status, kind))
    return found


def statuses(bus: Bus) -> dict[str, str]:
    return {each.doubt.kind.value: each.status for each in cases(bus, Filter(None))}


def test_a_run_leaves_what_it_held_with_its_reason_and_a_second_run_adds_nothing(bus):
    found = {each.doubt.kind: each.doubt.reason for each in cases(bus, Filter())}
    assert found == {
        DoubtKind.HELD: "names alone never join",
        DoubtKind.VETO: "first names differ beyond nickname, initial and typing slip",
    }
    before = cases(bus, Filter())
    put(bus, other={"given_name": "Bob", "family_name": "Lee"})
    assert cases(bus, Filter()) == before


def test_same_joins_at_the_next_run_different_keeps_apart_and_both_survive_later_runs(bus):
    decide(bus, [case(bus, DoubtKind.HELD).id], "same", WORD)
    decide(bus, [case(bus, DoubtKind.VETO).id], "different", WORD)
    assert frozenset({"z1"}) in people(bus), "nothing happens before the next run"
    for run in range(2):
        put(bus, other={"given_name": "Bob", "family_name": f"Lee{run}"})
        assert {frozenset({"z1", "z2"}), frozenset({"t1"}), frozenset({"t2"})} < people(bus)
        assert cases(bus, Filter()) == []
    with reading(bus.engine) as conn:
        said = {(each.kind, each.left.key, each.who, each.why) for each in
                store.read_constraints(conn)}  # fmt: skip
    assert said == {("must", "z1", *_of(WORD)), ("cannot", "t1", *_of(WORD))}


def _of(word: Word) -> tuple[str, str]:
    return word.who, word.why


def test_what_was_decided_is_taken_back_and_decided_otherwise(bus):
    number = case(bus, DoubtKind.HELD).id
    decide(bus, [number], "same", WORD)
    sync(bus)
    assert frozenset({"z1", "z2"}) in people(bus)
    decide(bus, [number], "different", Word("Bo", "it was wrong"))
    sync(bus)
    assert frozenset({"z1"}) in people(bus)
    decide(bus, [number], "open", Word("Bo", "let it be"))
    with reading(bus.engine) as conn:
        assert store.read_constraints(conn) == []
    acts = look(bus, number).actions
    assert [(act.action, act.who) for act in acts] == [
        ("same", "Ada"),
        ("different", "Bo"),
        ("open", "Bo"),
    ]
    assert case(bus, DoubtKind.HELD).status == "open"


def test_a_word_that_expires_brings_the_question_back(bus):
    yesterday = datetime.now(UTC) - timedelta(days=1)
    number = case(bus, DoubtKind.VETO).id
    decide(bus, [number], "different", Word("Ada", "for now", yesterday))
    assert number in {each.id for each in cases(bus, Filter())}
    put(bus, other={"given_name": "Bob", "family_name": "Lee"})
    assert number in {each.id for each in cases(bus, Filter())}, "whatever the run looked at"


def test_a_case_that_is_put_off_comes_back_without_any_run(bus):
    number = case(bus, DoubtKind.VETO).id
    decide(bus, [number], "skip", Word("Ada", "on leave", datetime.now(UTC) - timedelta(1)))
    assert number in {each.id for each in cases(bus, Filter())}
    decide(bus, [number], "skip", Word("Ada", "for good"))
    sync(bus)
    assert number not in {each.id for each in cases(bus, Filter())}


def test_two_that_must_be_one_and_are_kept_apart_are_asked_about_again(bus):
    number = case(bus, DoubtKind.HELD).id
    with writing(bus.engine) as conn:
        one, other = SourceRef("shop", "t1"), SourceRef("shop", "z2")
        store.put_constraint(conn, "must", one, other, who="Bo", why="an error")
    decide(bus, [number], "same", WORD)
    sync(bus)
    again = look(bus, number).case
    assert (again.status, again.doubt.kind) == ("open", DoubtKind.VETO)


def test_a_case_whose_doubt_is_gone_is_settled_and_opens_again_when_it_returns(bus):
    put(bus, z2={**NAME, "family_name": "Other"})
    assert statuses(bus)["held"] == "settled"
    put(bus, z2=dict(NAME))
    assert statuses(bus)["held"] == "open"


def test_unmerging_by_hand_leaves_no_open_question(bus):
    decide(bus, [case(bus, DoubtKind.HELD).id], "same", WORD)
    sync(bus)
    with reading(bus.engine) as conn:
        gid = store.gid_of(conn, SourceRef("shop", "z1"))
    unmerge(bus, gid, [SourceRef("shop", "z2")], WORD)
    assert {each.doubt.kind for each in cases(bus, Filter())} == {DoubtKind.VETO}


def test_a_case_is_somebodys_until_it_is_nobodys(bus):
    number = case(bus, DoubtKind.VETO).id
    assign(bus, [number], "Bo", "Ada")
    assert [each.id for each in cases(bus, Filter(assignee="Bo"))] == [number]
    sync(bus)
    assign(bus, [number], None, "Bo")
    assert cases(bus, Filter(assignee="Bo")) == []
    assert [(act.who, act.data["to"]) for act in look(bus, number).actions] == [
        ("Ada", "Bo"),
        ("Bo", None),
    ]


def test_both_records_are_shown_with_what_speaks_for_and_against(bus):
    seen = look(bus, case(bus, DoubtKind.VETO).id)
    assert seen.left is not None
    assert seen.right is not None
    assert (seen.left.attributes["given_name"], seen.right.attributes["given_name"]) == (
        "Anna",
        "Eva",
    )
    assert seen.told is not None
    assert seen.told.identifiers.veto
    assert seen.gids[0] != seen.gids[1]


def test_a_case_of_a_deleted_record_is_shown_and_not_decided(bus):
    number = case(bus, DoubtKind.VETO).id
    with writing(bus.engine) as conn:
        store.mark_deleted(conn, "shop", ["t2"], "run")
    assert look(bus, number).right is None
    found = decide(bus, [number], "different", WORD)
    assert (found.cases, len(found.problems)) == ([], 1)
    sync(bus)
    assert statuses(bus)["veto"] == "settled"


def test_a_number_that_is_none_and_people_who_are_one_are_refused_with_the_way_out(bus):
    with pytest.raises(JobError, match="isthmus review list"):
        decide(bus, [999], "same", WORD)
    held = case(bus, DoubtKind.HELD)
    known = Known([held.doubt.left], [held.doubt.left], {})
    with pytest.raises(JobError, match="isthmus profile unmerge"):
        settle(held, "different", WORD, known, datetime.now(UTC))
