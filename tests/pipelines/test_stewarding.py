from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp_core.db.engine import reading, writing
from idp_core.errors import UnknownProfileError
from idp_core.profiles import store
from idp_core.profiles.model import EventKind, SourceProfile, SourceRef
from pipelines.bus import Bus, open_bus
from pipelines.errors import JobError
from pipelines.jobs import sync
from pipelines.project import load_project
from pipelines.stewarding import merge, unmerge
from pipelines.word import Word

WORD = Word("Ada", "asked the customer")
NAMES = ("Ann", "Bob", "Cleo", "Dora")


@pytest.fixture
def bus(tmp_path: Path):
    """Return a project of four people, who have one, two, three and one record."""
    (tmp_path / "isthmus.yaml").write_text("project: few\n", "utf-8")
    with open_bus(load_project(tmp_path)) as bus:
        people = []
        for place, (name, count) in enumerate(zip(NAMES, (1, 2, 3, 1), strict=True)):
            said = {"given_name": name, "family_name": f"Lee{place}", "loyalty_id": f"L{place}0000"}
            for number in range(count):
                ref = SourceRef("shop", f"{name}{number}")
                people.append(SourceProfile(ref, said, "shop@1", store.digest_of(said)))
        with writing(bus.engine) as conn:
            store.put_source_profiles(conn, people, "run")
        sync(bus)
        yield bus


def links(bus: Bus) -> dict[SourceRef, str]:
    with reading(bus.engine) as conn:
        return dict(store.read_links(conn))


def gid(bus: Bus, name: str) -> str:
    return links(bus)[SourceRef("shop", f"{name}0")]


def test_two_people_whose_names_differ_are_merged_by_a_word_and_both_ids_resolve(bus: Bus) -> None:
    bob, cleo = gid(bus, "Bob"), gid(bus, "Cleo")
    found = merge(bus, bob, cleo, WORD)
    assert list(found.gids) == [cleo]
    with reading(bus.engine) as conn:
        assert len(store.members(conn, bob)) == 5
        said = store.read_constraints(conn)
        assert {(each.kind, each.who, each.why) for each in said} == {
            ("must", "Ada", "asked the customer")
        }


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(pair=st.permutations(NAMES).map(lambda names: names[:2]))
def test_unmerge_after_merge_restores_the_partition_and_both_ids(bus: Bus, pair) -> None:
    before = links(bus)
    one, other = gid(bus, pair[0]), gid(bus, pair[1])
    (kept,) = merge(bus, one, other, WORD).gids
    merged = other if kept == one else one
    unmerge(bus, merged, [], WORD)
    assert links(bus) == before
    with reading(bus.engine) as conn:
        assert store.resolve_gid(conn, merged) == merged
        kinds = [entry.kind for entry in store.history(conn, kept)]
    assert kinds[-1] is EventKind.UNMERGED


def test_one_record_taken_out_of_a_person_gets_an_id_of_its_own_and_stays_out(bus: Bus) -> None:
    cleo = gid(bus, "Cleo")
    found = unmerge(bus, cleo, [SourceRef("shop", "Cleo1")], WORD)
    assert len(found.gids) == 2
    sync(bus)
    after = links(bus)
    assert after[SourceRef("shop", "Cleo0")] == after[SourceRef("shop", "Cleo2")] == cleo
    assert after[SourceRef("shop", "Cleo1")] != cleo


def test_a_word_that_ran_out_holds_no_more_at_the_next_run(bus: Bus) -> None:
    before = links(bus)
    past = Word("Ada", "until then", datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(JobError, match="keeps the two apart"):
        merge(bus, gid(bus, "Ann"), gid(bus, "Bob"), past)
    assert links(bus) == before


def test_what_makes_no_sense_is_refused_with_its_reason(bus: Bus) -> None:
    cleo = gid(bus, "Cleo")
    with pytest.raises(JobError, match="are one person already"):
        merge(bus, cleo, cleo, WORD)
    with pytest.raises(JobError, match="shop:Bob0: is no record of"):
        unmerge(bus, cleo, [SourceRef("shop", "Bob0")], WORD)
    with pytest.raises(JobError, match="nobody would be left"):
        unmerge(bus, gid(bus, "Ann"), [SourceRef("shop", "Ann0")], WORD)
    with pytest.raises(JobError, match="name the records"):
        unmerge(bus, cleo, [], WORD)
    with pytest.raises(UnknownProfileError):
        merge(bus, "nobody", cleo, WORD)
