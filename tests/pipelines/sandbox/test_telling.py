"""What the demo says follows from what was done."""

from __future__ import annotations

import pytest

from idp_core.profiles.model import Lineage, Profile, SourceRef
from pipelines.sandbox import night, telling
from pipelines.sandbox.flaws import FLAWS
from pipelines.sandbox.job import Outcome, Refusal
from pipelines.sandbox.night import Sight
from pipelines.sandbox.story import PlanStory
from pipelines.sandbox.world import Edit, make_world


def test_refusals_are_counted_by_source_and_reason():
    refused = [Refusal("shop", key, "map", "email: no") for key in "12"]
    outcome = Outcome({"shop": 9}, {"shop": 3}, refused, {}, PlanStory("portal", {}))
    shop, crm, *_ = telling.sources_told(outcome)
    assert (shop.read, shop.changed, shop.quarantined, shop.reasons) == (9, 3, 2, {"email: no": 2})
    assert (crm.name, crm.read, crm.quarantined) == ("crm", 0, 0)


def test_all_flaws_are_caught_when_all_flawed_rows_are_refused_and_no_other():
    world = make_world(3000, 2)
    unreadable = {f.name for flaws in FLAWS.values() for f in flaws if not f.readable}
    refused = [
        Refusal(r.source, None, "read", "bad")
        if r.flaw in unreadable
        else Refusal(r.source, r.key, "map", "bad")
        for r in world.rows()
        if r.flaw
    ]
    told = telling.flaws_told(world, refused)
    assert told.planted == sum(told.caught.values()) == len(refused) > 20
    assert (set(told.caught), told.missed, told.wrongly_refused) == ({"read", "map"}, {}, 0)


def test_a_flaw_that_went_through_is_named():
    world = make_world(3000, 2)
    flawed = [record for record in world.rows() if record.flaw]
    told = telling.flaws_told(world, [])
    assert sum(told.missed.values()) == told.planted == len(flawed)
    assert "shop: born in the future" in told.missed
    assert not told.caught


def test_a_good_row_that_was_refused_is_held_against_us():
    world = make_world(200, 2)
    good = next(r for r in world.rows() if not r.flaw)
    refused = [Refusal(good.source, good.key, "check", "x")]
    assert telling.flaws_told(world, refused).wrongly_refused == 1


def test_the_profile_shown_has_the_most_systems_and_is_one_person():
    gids = {
        SourceRef("shop", "1"): "mixed", SourceRef("crm", "2"): "mixed",
        SourceRef("loyalty", "3"): "mixed", SourceRef("shop", "4"): "pure",
        SourceRef("crm", "4"): "pure", SourceRef("shop", "5"): "small",
    }  # fmt: skip
    truth = {("shop", "1"): 1, ("crm", "2"): 2, ("loyalty", "3"): 1, ("shop", "4"): 4,
             ("crm", "4"): 4, ("shop", "5"): 5}  # fmt: skip
    assert telling.showpiece(truth, gids) == "pure"
    assert telling.showpiece(truth, {}) is None


def test_each_value_of_a_profile_comes_with_its_reason():
    shop, crm = SourceRef("shop", "1"), SourceRef("crm", "2")
    profile = Profile(
        "gid",
        {"family_name": "Lee", "emails": [{"value": "a@b.example"}, {"value": "c@d.example"}]},
        [
            Lineage("family_name", shop, "shop@1", "recent", "most recent"),
            Lineage("emails", shop, "shop@1", "union", "first", element=0),
            Lineage("emails", crm, "crm@1", "union", "second", element=1),
        ],
        [shop, crm],
    )
    told = telling.profile_told(profile)
    assert [(v.attribute, v.value, v.origin, v.why) for v in told.values] == [
        ("family_name", "Lee", "shop 1", "most recent"),
        ("emails", "a@b.example", "shop 1", "first"),
        ("emails", "c@d.example", "crm 2", "second"),
    ]
    assert told.members == ("shop 1", "crm 2")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (Sight(None), Sight("g-123456", 1), "new profile …123456"),
        (Sight(None), Sight("g-123456", 3), "joined profile …123456 (3 records)"),
        (Sight(None, 0, {}, 2), Sight("g-123456", 4, {}, 1), "2 profiles became one"),
        (Sight("g", 1), Sight(None), "left its profile"),
        (Sight("g", 3), Sight(None), "keeps the other records"),
        (Sight(None), Sight(None), "is kept aside"),
        (Sight("a", 1), Sight("g-654321", 1), "went over to profile …654321"),
        (Sight("g", 1, {"email": 1, "updated_at": 1}), Sight("g", 1, {"email": 2}), ": email"),
        (Sight("g", 1, {"a": 1}), Sight("g", 1, {"a": 1}), "keeps what others say"),
    ],
)
def test_what_follows_from_an_edit_is_said_in_a_few_words(before, after, said):
    assert said in night.consequence(before, after)


def test_one_edit_of_each_kind_is_followed():
    edits = [Edit("moved", "crm", "1"), Edit("deleted", "shop", "2"), Edit("moved", "crm", "3")]
    assert {edit.key for edit in night.examples(edits)} == {"1", "2"}
    told = night.told(edits, [Sight("g")] * 2, [Sight("g")] * 2)
    assert {one.what: one.count for one in told} == {"moved": 2, "deleted": 1}
