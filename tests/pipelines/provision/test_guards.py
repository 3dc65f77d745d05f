import pytest

from connectors.contract import Action
from pipelines.errors import ProjectError
from pipelines.provision.guards import Limits, judge, read_limits
from tests.pipelines.provision.world import World, person


def crowd(count, prefix="g", **more):
    return [person(f"{prefix}{n:04}", email=f"{prefix}{n}@b.c", **more) for n in range(count)]


@pytest.fixture
def world():
    world = World()
    world.settle(world.plan(crowd(200)))
    return world


def limits_of(verdict):
    return {finding.limit for finding in verdict.findings}


def test_the_first_run_may_create_everybody():
    assert judge(World().plan(crowd(200)), Limits()).safe


def test_a_run_without_news_is_safe(world):
    assert judge(world.plan(crowd(200)), Limits(), previous_people=200).safe


def test_an_empty_source_does_not_empty_the_target(world):
    verdict = judge(world.plan([]), Limits(), previous_people=200)
    assert limits_of(verdict) == {"removals_percent", "shrink_percent"}
    assert verdict.findings[0].message == "crm: removes 200 accounts, 100% of 200 > 5%"
    assert verdict.held == {Action.DEACTIVATE, Action.DELETE}


def test_an_empty_source_does_not_empty_even_a_tiny_target():
    world = World()
    world.settle(world.plan(crowd(2)))
    assert not judge(world.plan([]), Limits()).safe


def test_a_halved_source_is_stopped(world):
    verdict = judge(world.plan(crowd(100)), Limits(), previous_people=200)
    assert limits_of(verdict) == {"removals_percent", "shrink_percent"}


def test_a_mis_keyed_source_is_stopped_in_both_directions(world):
    world.target = {}
    verdict = judge(world.plan(crowd(200, "h"), look=False), Limits(), previous_people=200)
    assert limits_of(verdict) == {"removals_percent", "creates_percent"}
    assert verdict.held == {Action.DEACTIVATE, Action.DELETE, Action.CREATE}


def test_a_mapping_edit_that_touches_most_accounts_waits(world):
    changed = judge(world.plan(crowd(200, given_name="X")), Limits())
    assert limits_of(changed) == {"updates_percent"}


def test_a_few_removals_go_on_and_the_harmless_part_is_known(world):
    assert judge(world.plan(crowd(197)), Limits(), previous_people=200).safe
    plan = world.plan([*crowd(100), *crowd(5, "n")])
    verdict = judge(plan, Limits())
    allowed = [item for item in plan.items if verdict.allows(item)]
    assert {item.action for item in allowed} == {Action.CREATE}
    assert len(allowed) == 5


def test_a_number_of_removals_is_a_limit_of_its_own(world):
    limits = Limits(removals=3, removals_percent=None, shrink_percent=None)
    assert limits_of(judge(world.plan(crowd(196)), limits)) == {"removals"}


def test_a_wrong_limit_names_itself_and_its_mend():
    with pytest.raises(ProjectError, match=r"targets.crm.limits.removal: .*'removals'"):
        read_limits({"removal": 3}, "targets.crm.limits")
    with pytest.raises(ProjectError, match=r"targets.crm.limits.removals: .*integer"):
        read_limits({"removals": "many"}, "targets.crm.limits")
