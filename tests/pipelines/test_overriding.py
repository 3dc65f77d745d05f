from __future__ import annotations

import json
from pathlib import Path

import pytest

from idp_core.db.engine import reading, writing
from idp_core.errors import UnknownProfileError
from idp_core.profiles import store
from idp_core.profiles.model import SourceProfile, SourceRef
from mappings.schema import CUSTOMER
from pipelines.bus import Bus, open_bus
from pipelines.errors import JobError
from pipelines.jobs import sync
from pipelines.overriding import keep, release, value_of
from pipelines.people import read_person, why_values
from pipelines.project import load_project
from pipelines.stewarding import merge
from pipelines.word import Word

WORD = Word("Ada", "the customer wrote")
SECRET = "Zebedee77"


@pytest.fixture
def bus(tmp_path: Path):
    (tmp_path / "isthmus.yaml").write_text("project: few\n", "utf-8")
    with open_bus(load_project(tmp_path)) as bus:
        take_in(bus, ann={"given_name": "Ann", "loyalty_tier": "gold"}, bob={"given_name": "Bob"})
        yield bus


def take_in(bus: Bus, **people: dict[str, object]) -> None:
    made = [
        SourceProfile(SourceRef("shop", key), said, "shop@1", store.digest_of(said))
        for key, said in people.items()
    ]
    with writing(bus.engine) as conn:
        store.put_source_profiles(conn, made, "run")
    sync(bus)


def gid(bus: Bus, key: str = "ann") -> str:
    with reading(bus.engine) as conn:
        return store.read_links(conn)[SourceRef("shop", key)]


def said(bus: Bus, key: str = "ann") -> dict[str, object]:
    return dict(read_person(bus, gid(bus, key)).profile.attributes)


def test_what_a_person_set_holds_whatever_the_records_say_until_it_is_let_go(bus: Bus) -> None:
    keep(bus, gid(bus), "given_name", "Anna", WORD)
    assert said(bus)["given_name"] == "Anna"
    take_in(bus, ann={"given_name": "Annette", "loyalty_tier": "silver"})
    assert said(bus) == {"given_name": "Anna", "loyalty_tier": "silver"}
    release(bus, gid(bus), "given_name", "Bo")
    assert said(bus)["given_name"] == "Annette"


def test_nothing_may_be_said_of_an_attribute_and_why_is_told_to_who_asks(bus: Bus) -> None:
    keep(bus, gid(bus), "loyalty_tier", None, WORD)
    assert "loyalty_tier" not in said(bus)
    with pytest.raises(JobError, match="Ada said that nothing is to be said of it: the customer"):
        why_values(bus, read_person(bus, gid(bus)), "loyalty_tier")


def test_who_set_a_value_and_why_is_its_reason(bus: Bus) -> None:
    keep(bus, gid(bus), "given_name", "Anna", WORD)
    (told,) = why_values(bus, read_person(bus, gid(bus)), "given_name")
    assert (told.lineage.rule, told.lineage.reason) == (
        "override",
        "Ada set it: the customer wrote",
    )
    assert told.changed_at is not None
    assert [each.value for each in told.others] == ["Ann"]


def test_the_history_has_who_set_and_who_let_go_and_no_value(bus: Bus) -> None:
    keep(bus, gid(bus), "nickname", SECRET, WORD)
    release(bus, gid(bus), "nickname", "Bo")
    with reading(bus.engine) as conn:
        entries = list(store.history(conn, gid(bus)))
    told = [(e.kind.value, e.data) for e in entries if "who" in e.data]
    assert told == [
        ("profile.overridden", {"attribute": "nickname", "who": "Ada"}),
        ("profile.released", {"attribute": "nickname", "who": "Bo"}),
    ]
    assert SECRET not in repr(entries)


def test_a_merge_hands_what_was_set_to_the_one_that_stays(bus: Bus) -> None:
    ann, bob = gid(bus), gid(bus, "bob")
    keep(bus, max(ann, bob), "nickname", "Zed", WORD)
    (kept,) = merge(bus, ann, bob, WORD).gids
    assert kept == min(ann, bob)
    assert said(bus)["nickname"] == "Zed"
    release(bus, max(ann, bob), "nickname", "Bo")
    assert "nickname" not in said(bus)


def test_a_list_is_set_as_a_whole(bus: Bus) -> None:
    given = [{"value": "ann@mail.example", "type": "home", "primary": True}]
    keep(bus, gid(bus), "emails", json.dumps(given), WORD)
    (email,) = said(bus)["emails"]  # type: ignore[misc]
    assert {part: email[part] for part in ("value", "type", "primary")} == given[0]


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("birth_date", SECRET, "write a date such as 1990-12-31"),
        ("active", SECRET, "write yes or no"),
        ("created_at", "31.12.2026", "write a moment such as"),
        ("emails", SECRET, 'write a JSON list of its elements: \\[{"value"'),
        ("emails", "[]", "write a JSON list"),
        ("emails", f'[{{"value": "{SECRET}", "primary": "perhaps"}}]', "write a JSON list"),
        ("emails", f'["{SECRET}"]', "is a list"),
        ("emails", f'{{"value": "{SECRET}"}}', "is a list"),
        ("emails", '[{"values": "a@b.example"}]', "did you mean 'value'"),
    ],
)
def test_a_value_that_an_attribute_cannot_have_is_refused_without_showing_it(
    name: str, given: str, told: str
) -> None:
    with pytest.raises(JobError, match=told) as refused:
        value_of(name, given, CUSTOMER)
    assert SECRET not in str(refused.value)


def test_unknown_people_and_attributes_are_refused_with_the_mend(bus: Bus) -> None:
    with pytest.raises(UnknownProfileError, match="isthmus profile find"):
        keep(bus, "nobody", "nickname", "Zed", WORD)
    with pytest.raises(JobError, match="did you mean 'nickname'"):
        keep(bus, gid(bus), "nick_name", "Zed", WORD)
    with pytest.raises(JobError, match=r"part of a list: write a JSON list .* as emails"):
        keep(bus, gid(bus), "email", "a@b.example", WORD)
    keep(bus, gid(bus), "nickname", "Zed", WORD)
    with pytest.raises(JobError, match="nobody set 'given_name' by hand; by hand are nickname"):
        release(bus, gid(bus), "given_name", "Bo")
