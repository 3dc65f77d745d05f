"""``isthmus why``, ``plan --look``, ``--correct`` and ``--mapping``, on a project in memory."""

from __future__ import annotations

import pytest

from connectors.contract import Account
from tests.pipelines.cli.conftest import document
from tests.pipelines.cli.test_plans import PEOPLE
from tests.pipelines.small import PUSH, Small


@pytest.fixture
def small(tmp_path):
    small = Small(tmp_path / "small", f"sqlite:///{tmp_path / 'small.db'}")
    small.sync(*PEOPLE)
    return small


@pytest.fixture
def gid(small, isthmus):
    """A profile whose account is made."""
    assert isthmus("plan").exit_code == 0
    assert isthmus("apply", "portal").exit_code == 0
    return min(account.key for account in held(small).values())


def held(small):
    """The accounts of the target, by its own ids; a test may change them."""
    return small.store.accounts["User"]


def account_of(small, gid):
    return next(each for each in held(small).values() if each.key == gid)


def test_an_attribute_is_told_from_the_target_back_to_its_record(isthmus, gid):
    said = isthmus("why", "portal", gid, "userName")
    assert said.exit_code == 0
    for words in ("portal.push.yaml:7", "own: enforce", "what we want is what was pushed",
                  "crm:", "last write create, done", "by plan "):  # fmt: skip
        assert words in said.stdout
    assert "secret.example" not in said.stdout
    shown = document(isthmus("why", "portal", gid, "userName", "--values", "--json"))
    assert shown["wanted"].endswith("secret.example")
    assert shown["last_write"]["state"] == "done"
    key = isthmus("why", "portal", gid, "externalId")
    assert "our key of the account" in key.stdout


def test_an_attribute_that_is_not_written_is_told_with_what_was_meant(isthmus, gid):
    result = isthmus("why", "portal", gid, "userNam")
    assert result.exit_code == 2
    assert "did you mean 'userName'?" in result.stderr
    assert isthmus("why", "portal", "nobody", "userName").exit_code == 1
    assert isthmus("why", "portel", gid, "userName").exit_code == 2


def test_drift_is_told_by_looking_and_written_back_when_asked(small, isthmus, gid):
    mine = account_of(small, gid)
    held(small)[mine.id] = Account(mine.id, mine.key, {**mine.attributes, "userName": "eve"})
    assert document(isthmus("plan", "--json"))["plans"][0]["items"] == []
    (told,) = document(isthmus("plan", "--look", "--json"))["plans"][0]["items"]
    assert (told["action"], told["cause"]) == ("none", "drift")
    (item,) = document(isthmus("plan", "--correct", "--json"))["plans"][0]["items"]
    assert (item["action"], item["cause"]) == ("update", "corrected")
    assert isthmus("apply", "portal").exit_code == 0
    assert account_of(small, gid).attributes["userName"] != "eve"
    assert document(isthmus("plan", "--look", "--json"))["plans"][0]["items"] == []


def test_an_edited_push_mapping_shows_its_plan_and_nothing_is_stored(
    small,
    isthmus,
    gid,
    tmp_path,
):
    edited = tmp_path / "edited.yaml"
    edited.write_text(PUSH.replace("userName: p.email", "userName: p.gid"))
    before = document(isthmus("plan", "list", "--json"))
    (made,) = document(isthmus("plan", "portal", "--mapping", edited, "--json"))["plans"]
    assert made["counts"]["update"] == len(held(small))
    assert document(isthmus("plan", "list", "--json")) == before
    shown = isthmus("plan", "portal", "--mapping", edited)
    assert "nothing is stored" in shown.stdout
    assert made["hash"][:12] not in shown.stdout
    edited.write_text(PUSH.replace("p.email", "p.emial"))
    wrong = isthmus("plan", "portal", "--mapping", edited)
    assert wrong.exit_code == 2
    assert "edited.yaml:7" in wrong.stderr


@pytest.fixture
def grouped(small, isthmus):
    """The same project with groups, filled."""
    file = small.folder / "mappings/portal.push.yaml"
    more = "groups:\n  All: p.email is not null\n  Nobody: p.family_name = 'Nobody'\n"
    file.write_text(f"{PUSH}{more}  vip: {{when: p.email is not null, holds: roles}}\n")
    small.store.accounts["Group"] = {}
    assert small.sync(targets=["portal"]).problems == ()
    return min(account.key for account in held(small).values())


def test_memberships_are_told_group_by_group_with_line_and_reason(isthmus, grouped):
    shown = isthmus("why", "portal", grouped, "groups")
    assert shown.exit_code == 0, shown.stderr
    assert "secret" not in shown.stdout
    told = document(isthmus("why", "portal", grouped, "groups", "--json"))
    every, nobody = told["groups"]
    assert (every["group"], every["inside"], every["put"]) == ("All", True, True)
    assert every["line"].endswith("portal.push.yaml:11")
    assert every["said"] == ["its rule holds (emails)", "we put it there"]
    assert (nobody["inside"], nobody["said"]) == (False, ["its rule does not hold (family_name)"])
    assert {each["attribute"] for each in told["lineage"]} == {"emails", "family_name"}
    assert told["last_write"] is None


def test_a_list_of_which_elements_are_ours_is_told_with_its_groups(isthmus, grouped):
    told = document(isthmus("why", "portal", grouped, "roles", "--values", "--json"))
    assert told["pushed"] == [{"value": "vip"}]
    assert told["said"][-1] == "what we want is what was pushed"
    assert [(each["group"], each["put"]) for each in told["groups"]] == [("vip", True)]
    assert document(isthmus("why", "portal", grouped, "userName", "--json"))["groups"] == []


def test_one_person_is_planned_with_their_groups(isthmus, grouped):
    shown = isthmus("plan", "portal", "--profile", grouped)
    assert "6 groups" in shown.stdout
    said = document(isthmus("plan", "portal", "--profile", grouped, "--json"))["portal"]
    assert [(each["group"], each["holds"], each["inside"]) for each in said["groups"]] == [
        ("All", "members", True), ("Nobody", "members", False), ("vip", "roles", True),
    ]  # fmt: skip


def test_groups_of_a_mapping_that_has_none_are_no_attribute(isthmus, gid):
    result = isthmus("why", "portal", gid, "groups")
    assert (result.exit_code, "writes no 'groups'" in result.stderr) == (2, True)
