"""The audit log of provisioning: each operation once, none unnoticed when somebody touches it."""

import hashlib
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from connectors.contract import Outcome
from connectors.errors import RejectedError
from idp_core.audit import log
from idp_core.db.engine import reading
from idp_core.provisioning import journal
from idp_core.provisioning.model import EntryState
from pipelines.provision.apply import Patience
from pipelines.provision.order import Order
from pipelines.provision.run import Job, approve, execute, prepare
from tests.pipelines.provision.targets import FileTarget
from tests.pipelines.provision.world import person, push

KEY = b"k" * 32
REST = "number, time, gid, account, action, cause, attributes, digest, outcome"
ORDER = Order("run-1", "manual:ann", KEY)


@pytest.fixture
def job(engine, target):
    def make(people, **more):
        settings = {"push": push(), "patience": Patience(base=0.0), "order": ORDER} | more
        return Job("crm", engine, target, people=lambda: people, **settings)

    make.target = target
    return make


def run(job):
    return execute(job, prepare(job))


def crowd(count, **more):
    return [person(f"g{n:04}", email=f"{n}@b.c", **more) for n in range(count)]


def found(engine, **more):
    with reading(engine) as conn:
        return list(log.find_operations(conn, log.Wanted(**more)))


def verdict(engine):
    with reading(engine) as conn:
        return log.verify(conn, KEY)


def test_each_operation_says_who_ordered_it_and_why_and_what_came_of_it(job, engine):
    run(job(crowd(3)))
    run(job(crowd(3, given_name="Ann")[:2] + crowd(3)[2:]))
    (entry, latest), *_ = found(engine, gids=["g0001"])
    assert (entry.actor, entry.data["run"], entry.data["target"]) == ("manual:ann", "run-1", "crm")
    assert len(entry.data["plan_hash"]) == 64
    assert entry.data["mapping"] == "p1"
    assert (latest.action, latest.cause, latest.outcome) == ("update", "changed", "done")
    assert latest.attributes == "name.givenName"
    assert latest.account not in (None, "g0001")
    assert [each.action for _, each in found(engine, gids=["g0002"])] == ["create"]
    assert len(found(engine, run="run-1", target="crm")) == 5
    assert found(engine, target="other") == found(engine, run="run-2") == []
    assert found(engine, until=entry.time)[-1][1].action == "create"
    assert found(engine, since=datetime.now(UTC)) == []


def test_the_journal_has_a_line_only_for_what_was_not_done_at_once(job, engine):
    made = job(crowd(3))
    made.target.refuse, made.target.fail = {1: RejectedError("400 bad")}, 1.0
    made.target.random.random = iter([0.0, 0.0, *[1.0] * 20]).__next__  # the first two fail once
    report = run(made)
    with reading(engine) as conn:
        lines = {each.number: each.state for each in journal.read_entries(conn, report.plan_id)}
    assert lines == {1: EntryState.FAILED, 2: EntryState.DONE}
    outcomes = [(each.gid, each.outcome) for _, each in reversed(found(engine))]
    assert outcomes[:3] == [("g0000", "undone"), ("g0001", "undone"), ("g0002", "done")]
    assert sorted(outcomes[3:]) == [("g0000", "failed"), ("g0001", "done")]


def test_a_second_run_without_news_adds_nothing(job, engine):
    run(job(crowd(2)))
    before = verdict(engine)
    run(job(crowd(2)))
    assert verdict(engine) == before
    assert (before.broken_at, before.operations) == (None, 2)


def test_the_digest_shows_what_was_sent_to_those_alone_who_have_the_key(job, engine):
    run(job(crowd(1)))
    ((_, made),) = found(engine)
    body = (
        '["g0000","create","new","g0000",null,"active",null,'
        '[["externalId",null,"g0000"],["userName",null,"0@b.c"]]]'
    )
    digest = hashlib.sha256(body.encode()).digest()
    assert made.digest == hashlib.blake2b(digest, key=KEY, digest_size=32).hexdigest()
    with engine.connect() as conn:
        for table in ("operation", "audit"):
            assert "@b.c" not in repr(conn.execute(sa.text(f"select * from {table}")).all())


def test_what_is_refused_and_what_was_approved_is_there_too(job, engine, monkeypatch):
    def refused(_, change):
        return Outcome(change, RejectedError("400 bad"))

    monkeypatch.setattr(FileTarget, "answer", refused)
    held = prepare(job(crowd(2)))
    approve(engine, "crm", held.record.hash, "bo", "right", order=ORDER)
    execute(job(crowd(2)), held)
    assert {each.outcome for _, each in found(engine)} == {"failed"}
    with reading(engine) as conn:
        approved, batch = log.read(conn)
    assert (approved.kind, approved.actor) == ("plan.approved", "operator:bo")
    assert approved.data["plan_hash"] == batch.data["plan_hash"]
    assert batch.outcome == "partly"


@pytest.mark.parametrize(
    "touch",
    [
        "UPDATE operation SET outcome = 'failed' WHERE number = 1",
        "UPDATE operation SET gid = 'g0002' WHERE number = 1",
        "UPDATE operation SET attributes = 'title' WHERE number = 0",
        "DELETE FROM operation WHERE number = 2",
        "DELETE FROM operation",
        "UPDATE operation SET number = 7 WHERE number = 0",
        f"INSERT INTO operation SELECT 9, {REST} FROM operation",
        f"INSERT INTO operation SELECT 0, {REST} FROM operation",
        "UPDATE audit SET actor = 'manual:eve'",
        "DELETE FROM audit",
    ],
)
def test_touching_an_operation_breaks_the_chain(job, engine, touch):
    run(job(crowd(3)))
    assert verdict(engine).broken_at is None
    with engine.begin() as conn:
        conn.execute(sa.text(touch))
    assert verdict(engine).broken_at is not None


def test_exchanging_two_operations_breaks_the_chain(job, engine):
    run(job(crowd(3)))
    with engine.begin() as conn:
        for before, after in ((0, 8), (1, 0), (8, 1)):
            conn.execute(sa.text(f"UPDATE operation SET number={after} WHERE number={before}"))
    assert verdict(engine).broken_at == 1
