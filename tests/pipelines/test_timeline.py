"""What happened to a person, told from all that is kept of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from idp_core.consents import store as consents
from idp_core.db.engine import reading, writing
from idp_core.errors import UnknownProfileError
from idp_core.profiles import store
from idp_core.profiles.doubts import Doubt, DoubtKind
from idp_core.profiles.model import SourceProfile, SourceRef
from pipelines.jobs import sync
from pipelines.overriding import keep, release
from pipelines.stewarding import merge, unmerge
from pipelines.timeline import Happening, timeline
from pipelines.word import Word
from tests.pipelines.small import Small

SLOW = ("postgresql",)

WORD = Word("Ada", "she called")
ANN = {"id": "1", "mail": "ann@secret.example", "name": "Secretname"}
BOB = {"id": "2", "mail": "bob@b.example", "name": "Lee"}


@pytest.fixture
def small(tmp_path, database_url):
    small = Small(tmp_path / "small", database_url)
    small.sync(ANN, BOB, targets=["portal"])
    return small


def gid_of(small: Small, key: str) -> str:
    with small.bus() as bus, reading(bus.engine) as conn:
        return store.read_links(conn)[SourceRef("crm", key)]


def told(small: Small, gid: str) -> list[Happening]:
    with small.bus() as bus:
        return list(timeline(bus, gid).happened)


def kinds(found: list[Happening]) -> list[str]:
    return [each.kind for each in found]


def only(found: list[Happening], kind: str) -> Happening:
    (one,) = [each for each in found if each.kind == kind]
    return one


def test_a_new_person_joined_was_made_and_was_written_to_the_target(small: Small) -> None:
    gid = gid_of(small, "1")
    found = told(small, gid)
    assert kinds(found) == ["record.joined", "profile.created", "provisioning.written"]
    assert found[0].data == {"record": "crm:1"}
    made = {each["attribute"]: each["record"] for each in found[1].data["from"]}
    assert made["family_name"] == "crm:1"
    assert found[2].who is not None
    assert found[2].who.startswith("manual:")
    assert (found[2].why, found[2].data["action"], found[2].data["outcome"]) == (
        "new", "create", "done",
    )  # fmt: skip
    assert "userName" in found[2].data["attributes"]


def test_only_the_last_change_of_a_value_names_its_source(small: Small) -> None:
    gid = gid_of(small, "1")
    for name in ("Second", "Third"):
        small.sync(ANN | {"name": name}, BOB)
    made, *changes = (each for each in told(small, gid) if each.kind.startswith("profile."))
    assert "family_name" not in {each["attribute"] for each in made.data["from"]}
    assert [each.data["attributes"] for each in changes] == [["family_name"]] * 2
    assert "from" not in changes[0].data
    (source,) = changes[1].data["from"]
    assert (source["attribute"], source["record"]) == ("family_name", "crm:1")


def test_a_value_set_by_hand_has_who_and_why_until_another_is_set(small: Small) -> None:
    gid = gid_of(small, "1")
    with small.bus() as bus:
        keep(bus, gid, "nickname", "Annie", WORD)
        keep(bus, gid, "nickname", "Nan", Word("Bo", "she wrote"))
    sets = [each for each in told(small, gid) if each.kind == "profile.overridden"]
    assert [(each.who, each.why) for each in sets] == [("Ada", None), ("Bo", "she wrote")]
    with small.bus() as bus:
        release(bus, gid, "nickname", "Cy")
    found = told(small, gid)
    assert only(found, "profile.released").who == "Cy"
    assert [each.why for each in found if each.kind == "profile.overridden"] == [None, None]


def test_a_merged_id_leads_on_and_what_happened_to_it_is_told(small: Small) -> None:
    ann, bob = gid_of(small, "1"), gid_of(small, "2")
    with small.bus() as bus:
        merge(bus, ann, bob, WORD)
    sync_targets(small)
    (kept,) = {gid_of(small, "1"), gid_of(small, "2")}
    (gone,) = {ann, bob} - {kept}
    with small.bus() as bus:
        line = timeline(bus, gone)
    assert (line.asked, line.gid) == (gone, kept)
    found = list(line.happened)
    assert only(found, "profile.merged").gid == gone
    word = only(found, "steward.must")
    assert (word.who, word.why) == ("Ada", "she called")
    assert word.data["pairs"] == [["crm:1", "crm:2"]]
    written = [each for each in found if each.kind.startswith("provisioning.")]
    assert {each.gid for each in written} == {kept, gone}
    assert [each.time for each in found] == sorted(each.time for each in found)
    with small.bus() as bus:
        unmerge(bus, kept, [SourceRef("crm", "2")], Word("Bo", "two", expires()))
    found = told(small, gid_of(small, "1"))
    assert "steward.must" not in kinds(found)  # the later word took its place
    assert only(found, "steward.cannot").data["until"] == expires()


def sync_targets(small: Small) -> None:
    with small.bus() as bus:
        sync(bus, targets=["portal"])


def expires() -> datetime:
    return datetime(2000, 1, 1, tzinfo=UTC)


def test_a_decision_of_the_review_queue_is_told_once_with_its_words(small: Small) -> None:
    gid, now = gid_of(small, "1"), datetime.now(UTC)
    one, other = SourceRef("crm", "1"), SourceRef("crm", "2")
    with small.bus() as bus, writing(bus.engine) as conn:
        doubt = doubt_about(one, other)
        store.save_doubts(conn, [doubt], now)
        (case,) = store.cases_about(conn, [one]).values()
        said = store.put_constraint(conn, "cannot", one, other, who="Ada", why="two", now=now)
        acts = [
            store.Action(case.id, "assigned", "Bo", "", now, None, {"to": "Ada"}),
            store.Action(case.id, "different", "Ada", "two", now, None, {"words": [said.id]}),
        ]
        store.save_cases(conn, [case], acts)
    found = told(small, gid)
    assert not [each for each in kinds(found) if each.startswith("steward.")]
    assert only(found, "review.assigned").data["to"] == "Ada"
    assert only(found, "review.different").data["pairs"] == [["crm:1", "crm:2"]]


def doubt_about(one: SourceRef, other: SourceRef) -> Doubt:
    return Doubt(one, other, DoubtKind.DOUBTFUL, 3.0, "close")


def test_a_consent_to_a_client_is_told_when_it_was_given_and_when_it_was_taken_back(small) -> None:
    now, account = datetime.now(UTC), "01990000-0000-7000-8000-000000000001"
    said = {"emails": [{"value": ANN["mail"], "verified": True}]}
    record = SourceProfile(SourceRef("login", account), said, "login@1", store.digest_of(said))
    with small.bus() as bus, writing(bus.engine) as conn:
        store.put_source_profiles(conn, [record], "run")
    small.sync()
    with small.bus() as bus, writing(bus.engine) as conn:
        consents.give(conn, account, "shop", {"profile": ["name"]}, "en", now)
        consents.end(conn, account, "shop", now + timedelta(hours=1))
        gid = store.gid_of(conn, record.ref)
    found = told(small, gid)
    given, ended = only(found, "consent.given"), only(found, "consent.ended")
    assert (given.who, given.data["client"], given.data["scope"]) == ("self", "shop", ["profile"])
    assert ended.time - given.time == timedelta(hours=1)


def test_a_record_that_its_source_has_no_more_is_told_to_have_gone(small: Small) -> None:
    gid = gid_of(small, "2")
    small.sync(ANN, BOB | {"gone": True})
    found = told(small, gid)
    assert only(found, "record.deleted").data == {"record": "crm:2"}
    assert kinds(found)[-1] == "profile.deleted"


def test_an_id_that_nobody_ever_had_is_an_error(small: Small) -> None:
    with small.bus() as bus, pytest.raises(UnknownProfileError):
        timeline(bus, "nobody")
