from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from connectors.contract import Column, ObjectSchema
from connectors.errors import ConflictError, RejectedError
from idp_core.db.engine import make_engine, reading
from idp_core.db.schema import upgrade
from idp_core.provisioning.refusals import read_refusals
from pipelines.provision.apply import Patience
from pipelines.provision.errors import QuarantinedError
from pipelines.provision.person import plan_person
from pipelines.provision.plan import Cause
from pipelines.provision.rehearsal import rehearse
from pipelines.provision.run import Job, execute, prepare
from pipelines.provision.withheld import TRIED
from tests.pipelines.provision.targets import FileTarget
from tests.pipelines.provision.world import person, push

REFUSED = RejectedError("POST /Users: HTTP 400 invalidValue")


class Telling(FileTarget):
    """A target that tells its schema."""

    columns = ("userName", "externalId", "name")

    def discover(self):
        return (ObjectSchema("User", tuple(Column(name, "string") for name in self.columns)),)


@dataclass
class World:
    engine: object
    target: Telling
    now: datetime | None = None

    def wait(self, **period):
        self.now = datetime.now(UTC) + timedelta(**period)

    def prepare(self, people, **more):
        settings = {"push": push(), "patience": Patience(base=0.0)} | more
        self.job = Job("crm", self.engine, self.target, people=lambda: people, **settings)
        self.target.sent.clear()
        return prepare(self.job, self.now)

    def run(self, people, **more):
        prepared = self.prepare(people, **more)
        report = execute(self.job, prepared)
        return report.done, [i.cause for i in prepared.plan.items], len(self.target.sent)

    def refused(self):
        with reading(self.engine) as conn:
            return set(read_refusals(conn, "crm", "User"))


@pytest.fixture
def world(database_url, tmp_path):
    engine = make_engine(database_url)
    upgrade(engine)
    target = Telling(tmp_path / "target.db")
    yield World(engine, target)
    target.db.close()
    engine.dispose()


def crowd(count, **more):
    return [person(f"g{n:04}", email=f"{n}@b.c", **more) for n in range(count)]


def test_what_was_refused_for_good_is_told_in_each_run_and_not_sent_again(world):
    world.target.refuse = {2: REFUSED}
    assert world.run(crowd(3))[0] == {"create": 2}
    world.target.refuse = {}
    for _ in range(2):
        assert world.run(crowd(3)) == ({}, [Cause.WITHHELD], 0)
    prepared = world.prepare(crowd(3))
    (item,) = prepared.plan.items
    assert item.reason.partition(": ")[2].startswith("POST /Users: HTTP 400 invalidValue. It is")
    assert (prepared.plan.empty, prepared.plan.counts["withheld"]) == (True, 1)


def test_plans_that_are_only_shown_leave_it_out_too(world):
    world.target.refuse = {1: REFUSED}
    world.run(crowd(1))
    (ann,) = crowd(1)
    assert [item.cause for item in rehearse(world.job).plan.items] == [Cause.WITHHELD]
    shown = plan_person(world.job, ann.gid, ann, datetime.now(UTC))
    assert [(item.cause, item.action) for item in shown.items] == [(Cause.WITHHELD, None)]
    assert not shown.requests


def test_it_is_sent_again_when_the_profile_changes(world):
    world.target.refuse = {1: REFUSED}
    world.run(crowd(1))
    world.target.refuse = {}
    assert world.run(crowd(1, given_name="Ann")) == ({"create": 1}, [Cause.NEW], 1)
    assert world.run(crowd(1, given_name="Ann")) == ({}, [], 0)
    assert world.refused() == set()


def test_it_is_sent_again_when_the_mapping_or_the_targets_schema_changes(world):
    world.target.refuse = {1: REFUSED}
    world.run(crowd(1))
    assert world.run(crowd(1), push=push(digest="p2"))[2] == 1
    assert world.run(crowd(1), push=push(digest="p2"))[2] == 0
    world.target.columns = (*Telling.columns, "title")
    world.target.refuse = {}
    assert world.run(crowd(1), push=push(digest="p2"))[0] == {"create": 1}


def test_it_is_sent_again_when_an_operator_asks(world):
    world.target.refuse = {1: REFUSED, 2: REFUSED}
    world.run(crowd(2))
    world.target.refuse = {}
    done, causes, sent = world.run(crowd(2), again={"g0001"})
    assert (done, sorted(causes), sent) == ({"create": 1}, [Cause.NEW, Cause.WITHHELD], 1)
    assert world.refused() == {"g0000"}


def test_after_a_day_a_few_are_tried_again_and_the_others_follow_once_one_has_passed(world):
    everybody = crowd(30)
    world.target.refuse = dict.fromkeys(range(1, 6), REFUSED)
    assert world.run(everybody)[0] == {"create": 25}
    world.wait(hours=20)
    assert world.run(everybody)[2] == 0
    world.wait(hours=25)
    assert world.run(everybody) == ({}, [Cause.NEW] * TRIED + [Cause.WITHHELD] * 2, TRIED)
    world.target.refuse = {}
    assert world.run(everybody)[0] == {"create": TRIED}
    assert world.run(everybody)[0] == {"create": 2}
    assert world.run(everybody) == ({}, [], 0)


def test_what_was_refused_for_another_reason_stays_withheld_when_one_has_passed(world):
    world.target.refuse = {1: REFUSED, 2: RejectedError("POST /Users: HTTP 413")}
    world.run(crowd(2))
    world.wait(hours=25)
    world.target.refuse = {2: RejectedError("POST /Users: HTTP 413")}
    assert world.run(crowd(2))[2] == 2
    assert len(world.refused()) == 1


def test_a_conflict_and_an_erasure_are_tried_in_every_run(world):
    world.target.refuse = {1: ConflictError("uniqueness")}
    world.run(crowd(1))
    assert world.refused() == set()
    world.target.refuse = {}
    world.run(crowd(1))
    world.target.refuse = {1: REFUSED}
    assert world.run(crowd(1), erased={"g0000"}) == ({}, [Cause.ERASED], 1)
    assert world.run(crowd(1), erased={"g0000"}) == ({}, [Cause.ERASED], 1)


def test_a_target_that_refuses_everything_leaves_nothing_withheld(world):
    world.target.refuse = dict.fromkeys(range(1, 100), REFUSED)
    with pytest.raises(QuarantinedError):
        world.run(crowd(30))
    assert world.refused() == set()
