from __future__ import annotations

from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from idp_core.profiles.identity import Identities, identify, new_gid, resolve_id
from idp_core.profiles.model import EventKind, SourceRef

A, B, C, D = (SourceRef("shop", key) for key in "abcd")
HOMES = st.lists(st.integers(0, 3) | st.none(), min_size=6, max_size=6)


def groups(homes: list[int | None]) -> list[list[SourceRef]]:
    found: dict[int, list[SourceRef]] = {}
    for key, home in enumerate(homes):
        if home is not None:
            found.setdefault(home, []).append(SourceRef("shop", str(key)))
    return list(found.values())


def kinds(found: Identities) -> list[EventKind]:
    return [event.kind for event in found.events]


def test_later_ids_sort_after_earlier_ones() -> None:
    assert new_gid() < new_gid()


def test_a_merge_keeps_the_id_with_most_members_and_redirects_the_other() -> None:
    found = identify([[A, B, C]], {A: "2", B: "2", C: "1"})
    assert set(found.links.values()) == {"2"}
    assert found.new_redirects == {"1": "2"}
    assert kinds(found) == [EventKind.MERGED]


def test_on_a_tie_the_older_id_is_kept() -> None:
    assert set(identify([[A, B]], {A: "2", B: "1"}).links.values()) == {"1"}


def test_a_part_that_splits_off_gets_a_new_id() -> None:
    found = identify([[A, B], [C]], {A: "1", B: "1", C: "1"}, new_id=lambda: "9")
    assert found.links == {A: "1", B: "1", C: "9"}
    assert kinds(found) == [EventKind.CREATED, EventKind.SPLIT]


def test_a_record_that_changes_its_person_moves() -> None:
    found = identify([[A, B], [C, D]], {A: "1", B: "1", C: "2", D: "2"})
    moved = identify([[A], [B, C, D]], found.links)
    assert kinds(moved) == [EventKind.MOVED]


def test_both_ids_are_back_when_the_links_of_before_a_merge_are_given() -> None:
    before = {A: "1", B: "2"}
    merged = identify([[A, B]], before)
    split = identify([[A], [B]], before, merged.redirects)
    assert split.links == before
    assert resolve_id("2", split.redirects) == "2"


@given(homes=HOMES)
def test_the_same_groups_again_change_nothing(homes: list[int | None]) -> None:
    first = identify(groups(homes), {})
    again = identify(groups(homes), first.links, first.redirects)
    assert (again.links, again.events, again.new_redirects) == (first.links, (), {})


@given(history=st.lists(HOMES, max_size=6))
def test_every_id_ever_published_resolves_to_a_living_or_a_deleted_one(
    history: list[list[int | None]],
) -> None:
    ids = (f"{n:04}" for n in count())
    now, ever, deleted = Identities({}), set[str](), set[str]()
    for homes in history:
        now = identify(groups(homes), now.links, now.redirects, lambda: next(ids))
        ever |= set(now.links.values())
        deleted |= {e.gid for e in now.events if e.kind is EventKind.DELETED}
        for gid in ever:
            assert resolve_id(gid, now.redirects) in set(now.links.values()) | deleted
