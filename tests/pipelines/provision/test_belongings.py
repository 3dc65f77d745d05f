"""What people say of whose an account is, and what a plan makes of it."""

from dataclasses import replace

import pytest

from idp_core.db.engine import reading, writing
from idp_core.provisioning import belongings
from idp_core.provisioning.belongings import Belonging
from idp_core.provisioning.model import AccountState
from pipelines.provision.merges import words_by_profile
from pipelines.provision.plan import Cause
from pipelines.provision.rules import Adopt, Match
from tests.pipelines.provision.world import DAY, NOW, World, account, person, push, read

ANN = person("g1", email="ann@example.com", given_name="Ann")
RULES = replace(
    push(), match=(Match("name.givenName", read("given_name"), "crm.yaml:3", Adopt.REVIEW),)
)


def word(remote_id="x", gid="g1", *, theirs=False, at=NOW):
    return Belonging("crm", "User", gid, remote_id, theirs, "bo", at)


def words(*said):
    return words_by_profile(said, {})


def only(plan):
    (item,) = plan.items
    return item


def test_the_account_of_a_review_is_taken_over_on_a_persons_word_and_no_other():
    world = World(account("x", name__givenName="Ann"))
    first = world.plan([ANN], RULES)
    shown = {d.path: d.after for d in only(first).differences}
    assert shown["userName"] == "ann@example.com", "what taking it over would change"
    assert "if it is theirs: isthmus plan adopt crm g1" in only(first).reason
    assert "if not: isthmus plan decline crm g1" in only(first).reason
    world.settle(first)
    said = words(word(theirs=True))
    other = World(account("y", name__givenName="Ann"))
    other.managed = dict(world.managed)
    assert only(other.plan([ANN], RULES, said=said)).cause is Cause.REVIEW
    taken = world.plan([ANN], RULES, said=said)
    assert (only(taken).cause, only(taken).account.remote_id) == (Cause.ADOPTED, "x")
    assert "bo said on 2030-01-01" in only(taken).reason
    world.settle(taken)
    assert world.plan([ANN], RULES, said=said).items == ()
    assert world.managed["g1"].state is AccountState.ACTIVE


def test_a_declined_account_matches_no_more_and_the_person_gets_one_of_their_own():
    world = World(account("x", name__givenName="Ann"))
    world.settle(world.plan([ANN], RULES))
    said = words(word())
    made = world.plan([ANN], RULES, said=said)
    assert only(made).cause is Cause.NEW
    assert "one that matched is somebody else's, as bo said on 2030-01-01" in only(made).reason
    world.settle(made)
    assert world.plan([ANN], RULES, said=said).items == ()
    assert world.target["x"].attributes == {"name.givenName": "Ann"}, "it is left as it was"
    assert only(World(account("x", name__givenName="Ann")).plan([ANN], RULES)).cause is Cause.REVIEW


def test_another_account_that_matches_is_asked_about_when_one_was_declined():
    world = World(account("x", name__givenName="Ann"), account("y", name__givenName="Ann"))
    assert only(world.plan([ANN], RULES)).cause is Cause.CONFLICT
    item = only(world.plan([ANN], RULES, said=words(word())))
    assert item.cause is Cause.REVIEW


@pytest.mark.parametrize(("unique", "cause"), [({"userName"}, Cause.CONFLICT), ((), Cause.NEW)])
def test_no_second_account_is_made_with_a_value_that_only_one_can_have(unique, cause):
    rules = push()
    world = World(account("x", userName="Ann@example.com"))
    item = only(world.plan([ANN], rules, said=words(word()), unique=unique))
    assert item.cause is cause
    if cause is Cause.CONFLICT:
        assert "has this userName, which only one account can have" in item.reason
        assert "isthmus plan reopen crm g1" in item.reason
        assert "example" not in item.reason


def test_an_account_with_our_key_is_a_conflict_once_it_is_said_to_be_somebody_elses():
    world = World(account("x", "g1"))
    item = only(world.plan([ANN], said=words(word())))
    assert item.cause is Cause.CONFLICT
    assert "somebody else's, as bo said" in item.reason


def test_a_word_is_kept_while_something_else_is_in_the_way():
    said = words(word(theirs=True))
    world = World(account("x", name__givenName="Ann"), account("y", name__givenName="Ann"))
    world.settle(world.plan([ANN], RULES, said=said))
    assert world.managed["g1"].state is AccountState.CONFLICT
    del world.target["y"]
    assert only(world.plan([ANN], RULES, said=said)).cause is Cause.ADOPTED
    world.settle(world.plan([], RULES, said=said))
    gone = world.managed["g1"]
    assert (gone.state, gone.remote_id) == (AccountState.DELETED, None), "it was never ours"


def test_words_follow_a_merge_and_a_no_outlasts_a_yes():
    older = word(gid="g0", theirs=True, at=NOW + DAY)
    found = words_by_profile([older, word(), word("y", theirs=True)], {"g0": "g1"})
    assert {id_: each.theirs for id_, each in found["g1"].items()} == {"x": False, "y": True}


def test_words_are_stored_replaced_listed_and_taken_back(engine):
    gids = ["01a21a04-15fc-7346-b283-7ae7d09f1e7" + end for end in "12"]
    with writing(engine) as conn:
        belongings.put_belonging(conn, word(gid=gids[0]))
        belongings.put_belonging(conn, word(gid=gids[0], theirs=True, at=NOW + DAY))
        belongings.put_belonging(conn, word("y", gid=gids[1]))
    with reading(engine) as conn:
        assert belongings.read_belongings(conn, "crm", "User", gids[:1]) == [
            word(gid=gids[0], theirs=True, at=NOW + DAY)
        ]
        assert len(belongings.read_belongings(conn, "crm", "User")) == 2
        assert belongings.read_belongings(conn, "crm", "Group") == []
        assert [each.remote_id for each in belongings.list_belongings(conn, None, 9)] == ["x", "y"]
        assert belongings.list_belongings(conn, "shop", 9) == []
    with writing(engine) as conn:
        belongings.drop_belongings(conn, "crm", "User", gids[:1])
        assert [e.gid for e in belongings.read_belongings(conn, "crm", "User")] == gids[1:]
        belongings.forget_belongings(conn, gids)
        assert belongings.read_belongings(conn, "crm", "User") == []
