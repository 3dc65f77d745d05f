from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.contract import Action
from idp_core.provisioning.model import AccountState
from pipelines.provision.plan import Cause
from pipelines.provision.rules import Adopt, Leave, LeaveAction, Match, OnNull, Refusal
from tests.pipelines.provision.world import (
    DAY,
    LINES,
    NOW,
    World,
    account,
    line,
    person,
    push,
    read,
)

ANN = person("g1", email="ann@example.com", given_name="Ann", job_title="Chief", nickname="A")


def settled(*people, rules=None, target=()):
    world = World(*target)
    world.settle(world.plan(people, rules))
    return world


def only(plan):
    (item,) = plan.items
    return item


def test_a_new_profile_is_created_with_every_value_and_its_sources():
    item = only(World().plan([ANN]))
    assert (item.action, item.cause) == (Action.CREATE, Cause.NEW)
    assert item.change().after == {
        "externalId": "g1",
        "userName": "ann@example.com",
        "name.givenName": "Ann",
        "title": "Chief",
        "nickName": "A",
    }
    given_name = next(d for d in item.differences if d.path == "name.givenName")
    assert given_name.line == "crm.yaml:5"
    assert given_name.sources == ("shop:row-g1",)


def test_a_changed_attribute_is_the_only_one_written():
    world = settled(ANN)
    item = only(world.plan([person("g1", email="ann@example.com", given_name="Anne")]))
    assert item.action is Action.UPDATE
    assert item.change().before == {"name.givenName": "Ann"}
    assert item.change().after == {"name.givenName": "Anne"}


def test_an_initial_value_is_not_written_again():
    world = settled(ANN)
    more = dict(ANN.attributes) | {"job_title": "Sweeper"}
    assert world.plan([person("g1", **more)]).items == ()


def test_an_empty_value_clears_unless_it_is_kept():
    rich = person("g1", email="a@b.c", given_name="Ann", locale="fr")
    world = settled(rich)
    item = only(world.plan([person("g1", email="a@b.c")]))
    assert item.change().after == {"name.givenName": None}


def test_fill_writes_where_the_target_has_nothing_and_never_over_it():
    world = settled(person("g1", email="a@b.c"), person("g2", email="b@b.c"))
    world.write("r2", {"nickName": "mine"})
    people = [person(g, email=f"{e}@b.c", nickname="N") for g, e in (("g1", "a"), ("g2", "b"))]
    item = only(world.plan(people))
    assert (item.gid, item.change().after) == ("g1", {"nickName": "N"})
    assert world.plan(people, look=False).items == ()


def test_an_account_that_carries_our_key_is_taken_over_silently():
    world = World(account("x", "g1", userName="ann@example.com", name__givenName="Ann"))
    item = only(world.plan([person("g1", email="ann@example.com", given_name="Ann")]))
    assert (item.cause, item.action, item.account.remote_id) == (Cause.ADOPTED, None, "x")


def test_an_existing_account_is_adopted_by_a_unique_match_whatever_its_case():
    world = World(account("x", userName="ANN@example.com", title="Boss", nickName="Nick"))
    item = only(world.plan([ANN]))
    assert (item.cause, item.action) == (Cause.ADOPTED, Action.UPDATE)
    assert item.change().after == {
        "externalId": "g1",
        "userName": "ann@example.com",
        "name.givenName": "Ann",
    }


def test_two_matching_accounts_are_a_conflict_and_nothing_is_written():
    world = World(
        account("x", userName="ann@example.com"), account("y", userName="Ann@example.com")
    )
    plan = world.plan([ANN])
    assert only(plan).cause is Cause.CONFLICT
    assert plan.empty
    world.settle(plan)
    assert world.managed["g1"].state is AccountState.CONFLICT
    assert only(world.plan([ANN])).cause is Cause.CONFLICT


def test_two_people_who_match_one_account_are_both_a_conflict():
    world = World(account("x", userName="same@b.c"))
    plan = world.plan([person("g1", email="same@b.c"), person("g2", email="same@b.c")])
    assert [item.cause for item in plan.items] == [Cause.CONFLICT, Cause.CONFLICT]


def test_two_people_of_one_key_would_share_one_account_and_are_a_conflict():
    rules = replace(push(), key=read("email"))
    emails = ("f@b.c", "f@b.c", "c@b.c")
    ann, bob, cem = (person(f"g{n}", email=email) for n, email in enumerate(emails))
    plan = World().plan([ann, bob, cem], rules)
    assert {item.gid: item.cause for item in plan.items} == {
        "g0": Cause.CONFLICT, "g1": Cause.CONFLICT, "g2": Cause.NEW
    }  # fmt: skip
    world = settled(ann, rules=rules)
    later = only(world.plan([ann, bob], rules))
    assert (later.gid, later.cause) == ("g1", Cause.CONFLICT)
    assert "key: several profiles have this key" in later.reason


def test_those_who_share_an_account_already_are_told():
    world = settled(ANN)
    assert world.plan([ANN]).notes == ()
    (held,) = world.managed.values()
    world.managed["g2"] = replace(held, gid="g2")
    (note,) = world.plan([ANN, person("g2", email="ann@example.com")]).notes
    assert note.startswith(
        "crm.yaml:2 key: profiles that hold an account beside another profile: 1"
    )


def test_accounts_that_are_nobodys_are_told_where_all_are_looked_at_and_left_alone():
    world = World(account("x", userName="other@b.c"), account("y", userName="ann@example.com"))
    assert world.plan([]).notes[0].startswith("crm.yaml:2: the target has 2 of User")
    assert world.plan([]).notes[0].endswith("isthmus plan orphans crm lists them")
    plan = world.plan([ANN])
    assert plan.notes[0].startswith("crm.yaml:2: the target has 1 of User"), "one is taken over"
    world.settle(plan)
    assert world.plan([ANN]).notes == plan.notes
    assert world.plan([ANN]).items == ()
    assert world.plan([ANN], look=False).notes == ()
    del world.target["x"]
    assert world.plan([ANN]).notes == ()


def test_an_account_that_somebody_else_has_is_not_taken():
    world = settled(person("g1", email="a@b.c"))
    plan = world.plan([person("g1", email="a@b.c"), person("g2", email="a@b.c")])
    assert only(plan).cause is Cause.CONFLICT
    assert "profile g1" in only(plan).reason


def test_a_weak_rule_asks_for_review():
    weak = Match("name.givenName", read("given_name"), "crm.yaml:3", Adopt.REVIEW)
    rules = replace(push(), match=(weak,))
    plan = World(account("x", name__givenName="Ann")).plan([ANN], rules)
    assert only(plan).cause is Cause.REVIEW
    assert plan.empty


def test_leaving_deactivates_then_deletes_after_the_grace():
    world = settled(ANN)
    gone = world.plan([])
    assert only(gone).action is Action.DEACTIVATE
    assert only(gone).change().after == {"active": False}
    world.settle(gone)
    assert world.plan([], now=NOW + 29 * DAY).items == ()
    last = world.plan([], now=NOW + 30 * DAY)
    assert (only(last).action, only(last).cause) == (Action.DELETE, Cause.GRACE_OVER)
    world.settle(last)
    assert world.target == {}
    assert world.plan([], now=NOW + 60 * DAY).items == ()


def test_out_of_scope_and_missing_consent_say_so():
    world = settled(ANN)
    out = person("g1", loyalty_tier="none", email="ann@example.com")
    assert only(world.plan([out])).cause is Cause.LEFT_SCOPE
    strict = push(consent=("consent.marketing_email",))
    assert only(world.plan([ANN], strict)).cause is Cause.NO_CONSENT


def test_who_comes_back_gets_the_same_account_with_what_changed_meanwhile():
    world = settled(ANN)
    world.settle(world.plan([]))
    back = person("g1", email="ann@example.com", given_name="Anna", job_title="Chief")
    item = only(world.plan([back]))
    assert (item.cause, item.account.remote_id) == (Cause.REJOINED, "r1")
    assert item.change().after == {"name.givenName": "Anna", "active": True}
    world.settle(world.plan([back]))
    assert world.managed["g1"].left_at is None
    assert world.plan([back]).items == ()


def test_a_deactivated_account_comes_back_by_the_line_that_owns_active():
    rules = push(lines=(*LINES, line("active", "active")))
    world = settled(ANN, rules=rules)
    world.settle(world.plan([], rules))
    assert only(world.plan([ANN], rules)).change().after == {"active": True}


def test_the_mapping_may_delete_at_once_or_keep():
    world = settled(ANN)
    assert only(world.plan([], push(leave=Leave(LeaveAction.DELETE)))).action is Action.DELETE
    keep = push(leave=Leave(LeaveAction.KEEP))
    plan = world.plan([], keep)
    assert plan.items == ()
    world.settle(plan)
    assert world.managed["g1"].left_at == NOW
    assert world.plan([], keep, now=NOW + 90 * DAY).settled == ()


def test_an_erased_person_is_deleted_at_once_and_no_value_is_kept():
    world = settled(ANN)
    plan = world.plan([ANN], erased={"g1"})
    assert (only(plan).action, only(plan).cause) == (Action.DELETE, Cause.ERASED)
    world.settle(plan)
    assert world.managed["g1"].pushed == {}


def test_a_merged_profile_takes_the_account_along_and_its_key_is_rewritten():
    world = settled(ANN)
    merged = person("g0", **ANN.attributes)
    plan = world.plan([merged], redirects={"g1": "g0"})
    assert (only(plan).cause, only(plan).moved_from) == (Cause.MERGED, "g1")
    assert only(plan).change().after == {"externalId": "g0"}
    world.settle(plan)
    assert set(world.managed) == {"g0"}
    assert world.plan([merged], redirects={"g1": "g0"}).items == ()


def test_of_two_accounts_of_merged_profiles_one_is_removed():
    world = settled(ANN, person("g2", email="b@b.c"))
    plan = world.plan([ANN], redirects={"g2": "g1"})
    assert (only(plan).gid, only(plan).cause) == ("g2", Cause.MERGED)
    assert only(plan).action is Action.DEACTIVATE


def test_drift_is_reported_and_written_back_only_when_asked():
    world = settled(ANN)
    world.write("r1", {"name.givenName": "Hacked", "title": "Own", "x": "theirs"})
    item = only(world.plan([ANN]))
    assert (item.cause, item.action) == (Cause.DRIFT, None)
    assert [d.path for d in item.differences] == ["name.givenName"]
    item = only(world.plan([ANN], correct=True))
    assert (item.cause, item.change().after) == (Cause.CORRECTED, {"name.givenName": "Ann"})


def test_a_lost_account_is_reported_and_made_again_only_when_asked():
    world = settled(ANN)
    world.target.clear()
    assert only(world.plan([ANN])).cause is Cause.DRIFT
    assert only(world.plan([ANN], correct=True)).action is Action.CREATE
    assert world.plan([]).items == ()


def test_a_refused_value_leaves_the_account_alone():
    rules = push(lines=(line("userName", "email"), LINES[1]))
    broken = type(rules.lines[0])("userName", lambda record: Refusal("not an e-mail"), "crm.yaml:4")
    world = settled(ANN, rules=rules)
    plan = world.plan([person("g1", email="bad")], push(lines=(broken, LINES[1])))
    assert only(plan).cause is Cause.REFUSED
    assert only(plan).reason == "crm.yaml:4 userName: not an e-mail"


def test_an_edited_mapping_changes_only_what_it_says():
    world = settled(ANN)
    rules = push(lines=(*LINES, line("displayName", "given_name")), digest="p2")
    item = only(world.plan([ANN], rules, look=False))
    assert item.change().after == {"displayName": "Ann"}


def test_reprs_show_no_value():
    plan = World().plan([ANN])
    assert "ann@example.com" not in repr(plan)
    assert "ann@example.com" not in repr(only(plan).change())


@pytest.mark.parametrize("mapping", [{}, {"g1": "g2", "g2": "g1"}])
def test_redirects_that_turn_in_circles_end(mapping):
    world = settled(ANN)
    assert world.plan([], redirects=mapping, now=NOW + timedelta(1)) is not None


def test_kept_null_is_not_drift():
    rules = push(lines=(line("userName", "email"), line("locale", "locale", on_null=OnNull.KEEP)))
    world = settled(person("g1", email="a@b.c", locale="fr"), rules=rules)
    world.write("r1", {"locale": "de"})
    assert world.plan([person("g1", email="a@b.c")], rules).items == ()
