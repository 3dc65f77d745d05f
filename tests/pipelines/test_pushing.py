"""A target's accounts, what refers to them, and its groups, in one run of the whole job."""

from io import StringIO

import pytest
from rich.console import Console

from connectors.memory import Memory
from mappings.pushtree import Holds
from pipelines.errors import ProjectError
from pipelines.jobs import sync
from pipelines.planning import apply_plan, find_plan
from pipelines.provision.errors import StalePlanError
from pipelines.provision.render import plan_document, plan_parts
from pipelines.provision.rules import HELD_BY_ACCOUNT
from pipelines.pushing import Provisioned
from pipelines.targets import provisioning_job
from tests.pipelines.small import PUSH, Small

MORE = """\
purpose: keeping customers informed
groups:
  Lees: p.family_name = 'Lee'
  vip: {when: p.family_name = 'Lee', holds: roles}
tests:
  - name: a Lee is one of them
    given: {email: ann@example.com, family_name: Lee}
    expect: {$groups: [Lees, vip], $plan: create}
"""
BOSS = "  title: {from: p.family_name, refers_to: p.email}\n"
ANN = {"id": "1", "mail": "ann@example.com", "name": "Lee"}
BOB = {"id": "2", "mail": "bob@example.com", "name": "ann@example.com"}


@pytest.fixture
def small(tmp_path, database_url):
    small = Small(tmp_path / "small", database_url)
    push(small, PUSH + MORE)
    small.store.accounts["Group"] = {}
    return small


def push(small, text):
    (small.folder / "mappings/portal.push.yaml").write_text(text, "utf-8")


def members(small):
    (group,) = small.store.accounts["Group"].values()
    return [each["value"] for each in group.attributes.get("members", [])]


def test_groups_are_filled_after_the_accounts_of_the_same_run(small):
    report = small.sync(ANN, BOB, targets=["portal"])
    assert report.problems == ()
    assert list(report.targets) == ["portal", "portal groups"]
    (lee,) = [i for i, a in small.store.accounts["User"].items() if "roles" in a.attributes]
    assert members(small) == [lee]
    again = small.sync(ANN, BOB, targets=["portal"])
    assert [dict(each.report.done) for each in again.targets.values()] == [{}, {}]
    small.sync(ANN | {"name": "Bell"}, BOB, targets=["portal"])
    assert members(small) == []


def test_references_to_new_accounts_are_written_in_the_same_run(small):
    push(small, PUSH.replace("on_leave", f"{BOSS}on_leave"))
    report = small.sync(BOB, ANN, targets=["portal"])
    assert list(report.targets) == ["portal", "portal references"]
    held = small.store.accounts["User"]
    ids = {a.attributes["userName"]: i for i, a in held.items()}
    titles = {a.attributes["userName"]: a.attributes.get("title") for a in held.values()}
    assert titles == {"ann@example.com": None, "bob@example.com": ids["ann@example.com"]}


def test_a_plan_of_groups_is_applied_by_its_hash_and_stale_when_they_moved(small):
    small.sync(ANN, BOB, targets=["portal"])
    changed = {"name": "Lee"}
    with small.bus() as bus:
        assert provisioning_job(bus, "portal", "").push.purpose == "keeping customers informed"
    push(small, (PUSH + MORE).replace("Lees: p.family_name = 'Lee'", "Lees: p.email is not null"))
    hash_ = planned(small)["portal groups"].prepared.plan.hash
    with small.bus() as bus:
        report = apply_plan(bus, find_plan(bus, hash_[:12])).report
    assert report.done == {"update": 1}
    assert len(members(small)) == 2
    push(small, PUSH + MORE)
    hash_ = planned(small)["portal groups"].prepared.plan.hash
    small.sync(ANN, BOB | changed)
    with small.bus() as bus, pytest.raises(StalePlanError, match="done now is nothing"):
        apply_plan(bus, find_plan(bus, hash_[:12]))


def test_groups_that_follow_an_approved_plan_are_planned_and_named_by_their_hash(small):
    small.sync(ANN, BOB)
    hash_ = planned(small)["portal"].prepared.plan.hash
    with small.bus() as bus:
        done = apply_plan(bus, find_plan(bus, hash_[:12]))
        assert done.report.done == {"create": 2}
        assert small.store.accounts["Group"] == {}
        (groups,) = done.following
        after = apply_plan(bus, find_plan(bus, groups.record.hash[:12]))
    assert after.report.done == {"create": 1}
    assert after.following == ()
    assert len(members(small)) == 1


def test_roles_go_when_the_push_mapping_names_no_group_of_that_kind_any_more(small):
    small.sync(ANN, targets=["portal"])
    (account,) = small.store.accounts["User"].values()
    account.attributes["roles"].append({"value": "theirs"})
    push(small, PUSH)
    small.sync(ANN, targets=["portal"])
    (account,) = small.store.accounts["User"].values()
    assert account.attributes["roles"] == [{"value": "theirs"}]
    assert set(Holds) - {Holds.MEMBERS} == HELD_BY_ACCOUNT


def planned(small) -> dict[str, Provisioned]:
    with small.bus() as bus:
        return dict(sync(bus, sources=[], targets=["portal"], apply=False).targets)


def test_a_target_that_takes_no_single_elements_is_refused_with_the_line(small, monkeypatch):
    monkeypatch.setattr(Memory, "by_element", False)
    with small.bus() as bus, pytest.raises(ProjectError, match=r"push\.yaml:13: portal takes no"):
        provisioning_job(bus, "portal", "")


def test_a_plan_of_groups_names_them_and_counts_who_comes_and_goes(small):
    small.sync(ANN, BOB, targets=["portal"])
    push(small, (PUSH + MORE).replace("Lees: p.family_name = ", "Lees: p.family_name <> "))
    made = planned(small)["portal groups"].prepared
    console = Console(file=StringIO(), width=200)
    for part in plan_parts(made.record, made.plan.items):
        console.print(part)
    (line,) = [each for each in console.file.getvalue().splitlines() if "members" in each]
    assert line.split()[:2] == ["Lees", "update"]
    assert "1 out" in line
    assert "1 in" in line
    assert plan_document(made.record, made.plan.items)["items"][0]["key"] == "Lees"


def test_a_project_may_ask_every_push_mapping_for_its_purpose(small):
    file = small.folder / "isthmus.yaml"
    file.write_text(f"{file.read_text('utf-8')}policies: {{purpose: required}}\n", "utf-8")
    assert small.sync(ANN, targets=["portal"]).problems == ()
    push(small, PUSH)
    (problem,) = small.sync(ANN, targets=["portal"]).problems
    assert isinstance(problem, ProjectError)
    assert "portal.push.yaml: the key 'purpose' is missing" in str(problem)
    assert "isthmus.yaml:" in str(problem)
