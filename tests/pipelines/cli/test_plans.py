"""``isthmus plan``, ``apply``, ``refuse``, on a project whose source and target are in memory."""

from __future__ import annotations

import re

import pytest

from connectors.contract import Account
from idp_core.db.engine import reading, writing
from idp_core.ledger import store as ledger
from tests.pipelines.cli.conftest import document
from tests.pipelines.small import GOOD, Small

PEOPLE = [{"id": str(n), "mail": f"ann{n}@secret.example", "name": f"Secret{n}"} for n in range(10)]


@pytest.fixture
def small(tmp_path):
    small = Small(tmp_path / "small", f"sqlite:///{tmp_path / 'small.db'}")
    small.sync(*PEOPLE)
    return small


@pytest.fixture
def emptied(small, isthmus):
    """Everybody has an account, and then most of them are gone: the guards hold the plan."""
    assert isthmus("plan").exit_code == 0
    assert isthmus("apply", "portal").exit_code == 0
    small.sync(GOOD | {"id": "99"})
    return isthmus("plan", "--json")


def hash_of(result):
    (plan,) = document(result)["plans"]
    return plan["hash"]


def test_a_plan_shows_everything_but_values(isthmus):
    result = isthmus("plan")
    assert result.exit_code == 0
    for said in ("portal (User): 10 create", "userName", "portal.push.yaml:7", "crm:3", "•••"):
        assert said in result.stdout
    assert "ecret" not in result.stdout
    assert "ann3@secret.example" in isthmus("plan", "portal", "--values").stdout


def test_a_plan_is_shown_again_by_the_beginning_of_its_hash(isthmus):
    hash_ = hash_of(isthmus("plan", "--json"))
    shown = isthmus("plan", "show", hash_[:12])
    assert "10 create" in shown.stdout
    assert f"is planned: isthmus apply portal --hash {hash_[:12]}" in shown.stdout
    assert hash_[:12] in isthmus("plan", "list").stdout
    (listed,) = document(isthmus("plan", "list", "--json"))
    assert (listed["hash"], listed["status"]) == (hash_, "planned")


def test_without_news_there_is_nothing_to_do(isthmus):
    isthmus("plan")
    isthmus("apply", "portal")
    result = isthmus("plan")
    assert result.exit_code == 0
    assert "portal: nothing to do; 10 accounts are as they shall be" in result.stdout


def test_exactly_the_plan_that_was_shown_is_applied(isthmus, small):
    hash_ = hash_of(isthmus("plan", "--json"))
    result = isthmus("apply", hash_[:12], "--json")
    assert document(result)["done"] == {"create": 10}
    assert len(small.store.accounts["User"]) == 10
    again = isthmus("apply", hash_[:12])
    assert again.exit_code == 3
    assert "is applied; make a new one: isthmus plan portal" in again.stderr


def test_a_plan_is_stale_when_something_else_would_be_done(isthmus, small):
    isthmus("plan")
    small.sync(*PEOPLE, GOOD | {"id": "99"})
    result = isthmus("apply", "portal")
    assert result.exit_code == 3
    assert "the inputs moved" in result.stderr
    assert small.store.accounts["User"] == {}
    new = result.stderr.split("isthmus plan show ")[1].split(")")[0]
    assert isthmus("apply", new).exit_code == 0
    assert len(small.store.accounts["User"]) == 11


def test_a_held_plan_says_so_and_waits(emptied, isthmus, small):
    assert emptied.exit_code == 3
    assert '--approve "why"' in emptied.stderr
    result = isthmus("apply", "portal")
    assert result.exit_code == 3
    assert "Nothing was written" in result.stderr
    assert len(small.store.accounts["User"]) == 10


def test_an_approval_keeps_who_and_why(emptied, isthmus, small):
    hash_ = hash_of(emptied)
    words = ("--hash", hash_[:8], "--approve", "the shop closed", "--who", "ann")
    result = isthmus("apply", "portal", *words)
    assert result.exit_code == 0, result.stderr
    active = [a for a in small.store.accounts["User"].values() if a.attributes.get("active", True)]
    assert len(active) == 1
    shown = isthmus("plan", "show", hash_[:12])
    assert "approved by ann" in shown.stdout
    assert "the shop closed" in shown.stdout


def test_the_harmless_part_may_go_on_alone(emptied, isthmus, small):
    result = isthmus("apply", "portal", "--harmless", "--json")
    assert document(result)["done"] == {"create": 1}
    assert document(result)["held"] == 10
    assert len(small.store.accounts["User"]) == 11


def test_a_refused_plan_is_not_applied_and_keeps_who_and_why(emptied, isthmus):
    hash_ = hash_of(emptied)
    result = isthmus("refuse", "portal", "--why", "half an export", "--who", "bob")
    assert result.exit_code == 0
    assert "is refused" in result.stdout
    assert isthmus("apply", "portal", "--hash", hash_[:12]).exit_code == 3
    shown = isthmus("plan", "show", hash_[:12]).stdout
    assert "refused by bob" in shown
    assert "half an export" in shown


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["plan", "portla"], 2, "no target 'portla'"),
        (["plan", "show", "0000"], 2, "no plan has a hash that begins with '0000'"),
        (["apply", "nonsense"], 2, "'nonsense' is neither a target nor the beginning"),
        (["apply", "portla"], 2, "did you mean 'portal'?"),
        (["apply", ""], 2, "known: portal"),
        (["apply", "portal"], 3, "no plan is open; make one: isthmus plan portal"),
        (["apply", "portal", "--approve", " "], 2, "say why"),
        (["refuse", "portal"], 2, "--why"),
        (["apply", "nobody", "--hash", "abcd"], 2, "'nobody' is neither a target"),
        (["plan", "--profile", "nobody"], 1, "no profile has the id nobody"),
        (["plan", "list", "--target", "nobody"], 2, "no target 'nobody'"),
    ],
)
def test_what_is_not_there_is_told(isthmus, words, code, said):
    result = isthmus(*words)
    assert (result.exit_code, said in result.stderr) == (code, True), result.stderr


def test_no_plan_was_made_yet(isthmus):
    assert "no plan was made yet" in isthmus("plan", "list").stdout


def test_one_person_is_planned_from_source_record_to_difference(isthmus, small):
    gid = document(isthmus("plan", "--json"))["plans"][0]["items"][0]["gid"]
    before = document(isthmus("plan", "list", "--json"))
    shown = isthmus("plan", "portal", "--profile", gid)
    assert shown.exit_code == 0
    for said in ("1 source records", "crm", "2 scope: in", "3 match: no account", "create"):
        assert said in shown.stdout
    assert "ecret" not in shown.stdout
    assert document(isthmus("plan", "list", "--json")) == before
    isthmus("apply", "portal")
    said = document(isthmus("plan", "--profile", gid, "--json"))["portal"]
    assert (said["scope"], said["items"]) == ("in", [])
    assert said["account"]["state"] == "active"


def test_one_person_who_is_gone_is_told_so(emptied, isthmus, small):
    (plan,) = document(emptied)["plans"]
    gone = next(item["gid"] for item in plan["items"] if item["action"] == "deactivate")
    said = document(isthmus("plan", "--profile", gone, "--json"))["portal"]
    assert said["scope"] == "out: the profile no longer exists"
    assert [item["action"] for item in said["items"]] == ["deactivate"]


def test_planning_and_applying_are_runs(isthmus, small):
    isthmus("plan")
    isthmus("apply", "portal")
    with small.bus() as bus, reading(bus.engine) as conn:
        found = ledger.list_runs(conn)
    assert [(each.job, each.status) for each in found][:2] == [
        ("apply", "succeeded"),
        ("plan", "succeeded"),
    ]


REVIEWED = ("adopt: auto}\n", "adopt: auto}\n  - {attribute: userName, value: p.email}\n")


def test_an_account_that_may_be_theirs_is_taken_over_on_a_persons_word(isthmus, small):
    file = small.folder / "mappings/portal.push.yaml"
    file.write_text(file.read_text().replace(*REVIEWED))
    held = Account("theirs", None, {"userName": "ann3@secret.example"})
    small.store.accounts["User"] = {"theirs": held}
    (plan,) = document(isthmus("plan", "--json"))["plans"]
    assert plan["counts"] == {"create": 9, "review": 1, "unchanged": 0}
    (item,) = (each for each in plan["items"] if each["cause"] == "review")
    words = re.search(r"isthmus (plan adopt portal [\w-]+)", item["reason"])[1].split()
    assert "ecret" not in isthmus("plan").stdout
    said = isthmus(*words, "--who", "bo")
    assert said.exit_code == 0, said.stderr
    assert "the next plan takes the account over" in said.stdout
    again = isthmus(*words)
    assert again.exit_code != 0
    assert "no account waits for a word" in again.stderr
    assert "it is theirs, as bo said" in again.stderr
    isthmus("plan")
    assert isthmus("apply", "portal").exit_code == 0
    users = small.store.accounts["User"]
    assert len(users) == 10
    assert users["theirs"].attributes["name.familyName"] == "Secret3"
    logged = isthmus("audit", "list", "--json").stdout
    assert "account.adopted" in logged
    assert "bo" in logged
    assert isthmus("plan", "adopt", "portal", "nobody").exit_code != 0


def test_an_account_that_is_said_to_be_somebody_elses_is_not_asked_about_again(isthmus, small):
    file = small.folder / "mappings/portal.push.yaml"
    file.write_text(file.read_text().replace(*REVIEWED))
    held = Account("other", None, {"userName": "ann3@secret.example"})
    small.store.accounts["User"] = {"other": held}
    (plan,) = document(isthmus("plan", "--json"))["plans"]
    (item,) = (each for each in plan["items"] if each["cause"] == "review")
    words = re.search(r"isthmus (plan decline portal [\w-]+)", item["reason"])[1].split()
    gid = words[-1]
    said = isthmus(*words, "--who", "bo")
    assert said.exit_code == 0, said.stderr
    listed = document(isthmus("plan", "adoptions", "--json"))
    assert [(e["gid"], e["remote_id"], e["theirs"], e["who"]) for e in listed] == [
        (gid, "other", False, "bo")
    ]
    assert "somebody else's" in isthmus("plan", "adoptions", "--target", "portal").stdout
    shown = isthmus("plan", "portal", "--profile", gid).stdout
    assert "account other is somebody else's, as bo said" in shown
    (told,) = document(isthmus("plan", "portal", "--profile", gid, "--json"))["portal"]["said"]
    assert (told["account"], told["theirs"]) == ("other", False)
    again = isthmus(*words)
    assert again.exit_code != 0
    assert f"isthmus plan reopen portal {gid}" in again.stderr
    (plan,) = document(isthmus("plan", "--json"))["plans"]
    assert "review" not in plan["counts"]
    assert plan["counts"]["create"] == 10
    assert isthmus("plan", "reopen", "portal", gid).exit_code == 0
    assert isthmus("plan", "reopen", "portal", gid).exit_code != 0
    (plan,) = document(isthmus("plan", "--json"))["plans"]
    assert plan["counts"]["review"] == 1
    logged = isthmus("audit", "list", "--json").stdout
    assert "account.declined" in logged
    assert "account.reopened" in logged
    assert "nobody said anything" in isthmus("plan", "adoptions").stdout


def test_accounts_that_no_profile_has_are_listed_with_those_they_match(isthmus, small):
    file = small.folder / "mappings/portal.push.yaml"
    file.write_text(file.read_text().replace(*REVIEWED))
    isthmus("plan")
    assert isthmus("apply", "portal").exit_code == 0
    assert (
        "portal: each of its accounts is a profile's" in isthmus("plan", "orphans", "portal").stdout
    )
    (ours, *_) = small.store.accounts["User"]
    mail = small.store.accounts["User"][ours].attributes["userName"]
    with small.bus() as bus, writing(bus.engine) as conn:
        conn.exec_driver_sql(f"UPDATE account SET state = 'deleted' WHERE remote_id = '{ours}'")
    small.store.accounts["User"] |= {
        "s1": Account("s1", None, {"userName": "who@secret.example", "active": False}),
        ours: Account(ours, None, {"userName": mail.upper()}),
    }
    shown = isthmus("plan", "orphans", "portal")
    assert shown.exit_code == 0, shown.stderr
    assert "no profile has 2 of its accounts; those that match none are left alone" in shown.stdout
    assert "ecret" not in shown.stdout
    found = document(isthmus("plan", "orphans", "portal", "--json"))
    listed = {each["account"]: each for each in found["orphans"]}
    assert (found["count"], set(listed)) == (2, {"s1", ours})
    assert (listed["s1"]["active"], listed["s1"]["matches"]) == (False, [])
    (match,) = listed[ours]["matches"]
    assert (listed[ours]["active"], match["path"]) == (None, "userName")
    assert match["adopt"] == "review"
    assert f"{match['gid']} by userName (review)" in shown.stdout
    told = isthmus("plan", "orphans", "portal", "--values", "--limit", "1").stdout
    assert "1 more than are shown" in told
    (with_values, *_) = document(isthmus("plan", "orphans", "portal", "--values", "--json"))[
        "orphans"
    ]
    assert with_values["attributes"]["userName"]
