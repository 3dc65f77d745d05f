import pytest

from connectors.contract import Action
from connectors.errors import (
    UnauthorizedError,
)
from idp_core.db.engine import reading
from idp_core.provisioning import plans
from idp_core.provisioning.model import AccountState, EntryState, PlanStatus
from pipelines.errors import RemoteError
from pipelines.provision.errors import StalePlanError, UnsafePlanError
from pipelines.provision.run import approve, execute, execute_hash, prepare, refuse
from tests.pipelines.provision.runs import crowd, entries, known, run
from tests.pipelines.provision.world import person, push


def test_a_run_writes_once_and_a_second_one_does_nothing(job, target, engine):
    report = run(job(crowd(250)))
    assert report.done == {"create": 250}
    assert len(target.held()) == 250
    assert {e.state for e in entries(engine, report.plan_id)} == {EntryState.DONE}
    target.sent.clear()
    again = prepare(job(crowd(250)))
    assert (again.plan.items, again.plan.unchanged) == ((), 250)
    assert execute(job(crowd(250)), again).done == {}
    assert target.sent == []


def test_what_we_know_of_an_account_is_stored(job, engine):
    run(job(crowd(1)))
    (account,) = known(engine).values()
    assert account.state is AccountState.ACTIVE
    assert account.remote_id
    assert account.pushed == {"externalId": "g0000", "userName": "0@b.c"}


def test_an_existing_account_is_adopted_and_not_duplicated(job, target):
    run(job(crowd(3)))
    target.db.execute("update users set key = null, body = json_remove(body, '$.externalId')")
    other = job(crowd(3), push=push())
    with other.engine.begin() as conn:
        conn.exec_driver_sql("delete from account")
    report = run(other)
    assert report.done == {"update": 3}
    assert set(target.held()) == {"g0000", "g0001", "g0002"}


def test_an_empty_source_writes_nothing_until_a_person_approves(job, target, engine):
    run(job(crowd(10)))
    prepared = prepare(job([]))
    assert prepared.record.status is PlanStatus.WAITING
    with pytest.raises(UnsafePlanError, match="removes 10 accounts, 100% of 10 > 5%"):
        execute(job([]), prepared)
    assert all(a.attributes.get("active") is not False for a in target.held().values())
    approve(engine, "crm", prepared.plan.hash[:12], "ann", "the shop closed")
    assert execute_hash(job([]), prepared.plan.hash[:12]).done == {"deactivate": 10}


def test_the_harmless_part_may_go_on(job, target):
    run(job(crowd(100)))
    people = [*crowd(50), person("h1", email="new@b.c")]
    report = run(job(people), harmless_only=True)
    assert (report.done, report.held) == ({"create": 1}, 50)
    rest = prepare(job(people))
    assert rest.record.status is PlanStatus.WAITING
    assert {item.action for item in rest.plan.items} == {Action.DEACTIVATE}


def test_a_stale_plan_is_refused(job, target):
    plan = prepare(job(crowd(3))).plan
    with pytest.raises(StalePlanError, match="the inputs moved"):
        execute_hash(job(crowd(4)), plan.hash)
    assert target.held() == {}


def test_an_unknown_or_closed_plan_is_refused(job):
    with pytest.raises(StalePlanError, match="no plan"):
        execute_hash(job(crowd(3)), "00000000")
    hash_ = run(job(crowd(3))).hash
    with pytest.raises(StalePlanError, match="is applied"):
        execute_hash(job(crowd(3)), hash_)


def test_a_refused_plan_can_no_longer_be_approved(job, engine):
    hash_ = prepare(job(crowd(3))).plan.hash
    refuse(engine, "crm", hash_, "bob", "the export was half")
    with pytest.raises(StalePlanError, match="is refused"):
        approve(engine, "crm", hash_, "ann", "after all")


def test_making_the_same_plan_again_keeps_its_approval(job, engine):
    run(job(crowd(10)))
    first = prepare(job([]))
    approve(engine, "crm", first.plan.hash, "ann", "right so")
    second = prepare(job([]))
    assert second.record.id == first.record.id
    assert execute(job([]), second).done == {"deactivate": 10}


def test_two_accounts_may_swap_their_names_in_one_run(job, target):
    one, two = person("g1", email="a@b.c"), person("g2", email="b@b.c")
    run(job([one, two]))
    freed = person("g1", email="z@b.c")
    report = run(job([person("g2", email="a@b.c"), freed]))
    assert report.done == {"update": 2}


def test_an_erased_person_leaves_no_value_behind(job, engine):
    run(job(crowd(2)))
    report = run(job(crowd(2), erased={"g0000"}))
    assert report.done == {"delete": 1}
    with engine.connect() as conn:
        left = conn.exec_driver_sql("select count(*) from plan_item where gid = 'g0000'").scalar()
    assert left == 0
    assert known(engine)["g0000"].pushed == {}


def test_a_plan_is_not_executed_twice(job, target):
    prepared = prepare(job(crowd(3)))
    execute(job(crowd(3)), prepared)
    target.db.execute("delete from users")
    with pytest.raises(StalePlanError, match="is applied; make a new one"):
        execute(job(crowd(3)), prepared)


def test_the_harmless_part_of_a_plan_does_not_open_the_door_for_the_rest(job, target):
    run(job(crowd(100)))
    people = [*crowd(50), person("h1", email="new@b.c")]
    prepared = prepare(job(people))
    execute(job(people), prepared, harmless_only=True)
    with pytest.raises(StalePlanError, match="is superseded"):
        execute(job(people), prepared, harmless_only=True)
    with pytest.raises(UnsafePlanError):
        run(job(people))


def test_progress_ends_at_the_whole(job):
    steps = []
    run(job(crowd(5), progress=lambda done, total: steps.append((done, total))))
    assert steps[-1] == (5, 5)


def test_the_rest_of_an_approved_plan_needs_no_second_approval(job, target, engine):
    run(job(crowd(100)))
    waiting = prepare(job([]))
    approve(engine, "crm", waiting.plan.hash, "ann", "moved")
    target.refuse = dict.fromkeys(range(51, 101), UnauthorizedError("renew"))
    with pytest.raises(RemoteError):
        execute(job([]), waiting)
    target.refuse = {}
    assert execute_hash(job([]), waiting.plan.hash).done == {"deactivate": 50}


def test_the_rest_of_a_first_load_needs_no_approval_even_if_people_moved(job, target):
    target.refuse = dict.fromkeys(range(31, 1000), UnauthorizedError("renew"))
    with pytest.raises(RemoteError):
        run(job(crowd(100)))
    target.refuse = {}
    assert run(job([*crowd(99), person("h", email="h@b.c")])).done == {"create": 70}


def test_the_latest_plan_and_its_items_can_be_read(job, engine):
    prepared = prepare(job(crowd(2)))
    with reading(engine) as conn:
        record = plans.latest_plan(conn, "crm", "User")
        items = list(plans.read_items(conn, record.id))
    assert record == prepared.record
    assert [number for number, _ in items] == [1, 2]
