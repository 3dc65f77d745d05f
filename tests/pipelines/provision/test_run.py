from dataclasses import replace

import pytest

from connectors.contract import Action
from connectors.errors import (
    ConflictError,
    RejectedError,
    TransientError,
    UnauthorizedError,
    UncertainError,
)
from connectors.exchange import Exchange
from idp_core.db.engine import make_engine, reading
from idp_core.db.schema import upgrade
from idp_core.provisioning import accounts, journal, plans
from idp_core.provisioning.model import AccountState, EntryState, PlanStatus
from idp_core.provisioning.quarantine import read_quarantine
from pipelines.errors import RemoteError
from pipelines.provision.apply import Patience
from pipelines.provision.errors import QuarantinedError, StalePlanError, UnsafePlanError
from pipelines.provision.guards import Limits
from pipelines.provision.plan import Cause
from pipelines.provision.run import Job, approve, execute, execute_hash, prepare, refuse
from pipelines.provision.writing import JournalWriter
from tests.pipelines.provision.targets import Blind, FileTarget
from tests.pipelines.provision.world import person, push

QUICK = Patience(attempts=6, base=0.0)


def crowd(count, **more):
    return [person(f"g{n:04}", email=f"{n}@b.c", **more) for n in range(count)]


@pytest.fixture
def engine(database_url):
    engine = make_engine(database_url)
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def target(tmp_path):
    target = FileTarget(tmp_path / "target.db")
    yield target
    target.db.close()


@pytest.fixture
def job(engine, target):
    def make(people, **more):
        settings = {"target": target, "push": push(), "patience": QUICK} | more
        return Job("crm", engine, people=lambda: people, **settings)

    return make


def run(job, **more):
    return execute(job, prepare(job), **more)


def entries(engine, plan_id):
    with reading(engine) as conn:
        return journal.read_entries(conn, plan_id)


def known(engine):
    with reading(engine) as conn:
        return accounts.read_accounts(conn, "crm", "User")


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


def test_lost_answers_throttling_and_failures_end_in_each_change_once(job, tmp_path):
    target = FileTarget(tmp_path / "bad.db", lose=0.05, throttle=0.05, fail=0.05, seed=7)
    report = run(job(crowd(500), target=target))
    asked = target.db.execute("select count(*), sum(writes) from users").fetchone()
    target.db.close()
    assert (report.done, report.unsettled) == ({"create": 500}, 0)
    assert asked == (500, 500)


def test_a_refused_change_becomes_a_dead_letter_and_the_rest_goes_on(job, target, engine):
    kept = []
    target.refuse[2] = RejectedError("POST /Users: HTTP 400 invalidValue")
    report = run(job(crowd(5), keep=lambda conn, letters: kept.extend(letters)))
    assert report.done == {"create": 4}
    (letter,) = report.letters
    assert kept == [letter]
    assert letter.reason == "POST /Users: HTTP 400 invalidValue"
    assert "@b.c" not in repr(letter)
    states = [entry.state for entry in entries(engine, report.plan_id)]
    assert states.count(EntryState.FAILED) == 1


def test_a_taken_name_says_what_to_do(job, target):
    target.db.execute("insert into users values ('x', null, '0@b.c', '{}', 0)")
    (letter,) = run(job(crowd(1))).letters
    assert letter.reason.endswith("another account holds this; add a match rule for it")


def test_two_accounts_may_swap_their_names_in_one_run(job, target):
    one, two = person("g1", email="a@b.c"), person("g2", email="b@b.c")
    run(job([one, two]))
    freed = person("g1", email="z@b.c")
    report = run(job([person("g2", email="a@b.c"), freed]))
    assert report.done == {"update": 2}


def test_a_target_that_refuses_everything_is_left_alone_early(job, target):
    target.refuse = dict.fromkeys(range(1, 1000), RejectedError("HTTP 400"))
    said = r"20 changes in a row failed.*run again: .*\. Most often it was: HTTP 400$"
    with pytest.raises(QuarantinedError, match=said):
        run(job(crowd(500)))
    assert len(target.sent) == 20


def test_a_target_in_quarantine_gets_a_few_changes_first_and_leaves_it_by_them(job, target, engine):
    def why():
        with reading(engine) as conn:
            return read_quarantine(conn, "crm")

    target.refuse = dict.fromkeys(range(1, 1000), RejectedError("POST /Users/7f3: HTTP 400"))
    for tries, sent in ((1, 20), (2, 3)):
        target.sent.clear()
        with pytest.raises(QuarantinedError, match=r"Most often it was: POST /Users/…: HTTP 400$"):
            run(job(crowd(500)))
        assert (len(target.sent), why().tries) == (sent, tries)
    target.refuse = {1: RejectedError("HTTP 400")}
    assert run(job(crowd(500))).done == {"create": 499}
    assert why() is None


def test_a_target_in_quarantine_stays_there_while_nothing_passes(job, target, engine):
    target.refuse = dict.fromkeys(range(1, 1000), RejectedError("HTTP 400"))
    with pytest.raises(QuarantinedError):
        run(job(crowd(30)))
    with pytest.raises(QuarantinedError, match="the first changes failed again"):
        run(job(crowd(1)))
    with reading(engine) as conn:
        assert read_quarantine(conn, "crm").reason == "HTTP 400"


def test_a_target_that_refuses_a_quarter_is_left_alone_early(job, target):
    target.refuse = dict.fromkeys(range(1, 1000, 4), RejectedError("HTTP 400"))
    with pytest.raises(QuarantinedError, match="of the last 50 changes failed"):
        run(job(crowd(500)))
    assert len(target.sent) == 53, "the first failure after the window is full"


def test_a_revoked_token_stops_the_run_with_a_line_and_keeps_what_was_done(job, target, engine):
    target.refuse = dict.fromkeys(range(31, 1000), UnauthorizedError("renew the token"))
    with pytest.raises(RemoteError, match="crm: renew the token"):
        run(job(crowd(100)))
    target.refuse = {}
    assert run(job(crowd(100))).done == {"create": 70}
    assert len(target.held()) == 100


def test_an_account_lost_at_the_target_is_made_again_by_the_next_plan(job, target):
    run(job(crowd(3)))
    target.db.execute("delete from users where key = 'g0001'")
    changed = crowd(3, given_name="X")
    first = run(job(changed))
    assert "the account is gone" in first.letters[0].reason
    assert run(job(changed)).done == {"create": 1}
    assert len(target.held()) == 3


def test_removing_what_is_gone_already_is_fine(job, target):
    run(job(crowd(3)))
    target.db.execute("delete from users")
    assert run(job(crowd(2), limits=Limits(removals_free=3, shrink_percent=None))).letters == ()


def test_an_erased_person_leaves_no_value_behind(job, engine):
    run(job(crowd(2)))
    report = run(job(crowd(2), erased={"g0000"}))
    assert report.done == {"delete": 1}
    with engine.connect() as conn:
        left = conn.exec_driver_sql("select count(*) from plan_item where gid = 'g0000'").scalar()
    assert left == 0
    assert known(engine)["g0000"].pushed == {}


def test_who_cannot_be_asked_about_is_not_created_twice(job, target, engine):
    target.lose = 1.0
    blind = Blind(target)
    report = run(job(crowd(2), target=blind))
    assert report.unsettled == 2
    target.lose = 0.0
    again = run(job(crowd(2), target=blind))
    assert again.done == {}
    assert len(target.held()) == 2


def test_an_update_whose_answer_was_lost_for_good_is_compared_anew(job, target, engine):
    run(job(crowd(1, given_name="A")))
    target.lose = 1.0
    lost = job(crowd(1, given_name="B"), patience=Patience(attempts=1, base=0.0))
    target.find, find = (lambda *_: (_ for _ in ()).throw(TransientError("gone"))), target.find
    assert run(lost).unsettled == 1
    target.lose, target.find = 0.0, find
    report = run(job(crowd(1, given_name="A")))
    assert report.done == {"update": 1}
    assert target.held()["g0000"].attributes["name.givenName"] == "A"


def test_an_unreachable_target_is_one_line(job, target):
    def gone(*_):
        raise TransientError("cannot connect; is it running?")

    target.find = target.accounts = gone
    with pytest.raises(RemoteError, match="crm: cannot connect; is it running"):
        prepare(job(crowd(3)))


def test_a_target_that_refuses_to_be_asked_or_written_to_at_all_is_one_line(job, target):
    def refused(*_):
        raise RejectedError("HTTP 400")

    prepared = prepare(job(crowd(3)))
    target.apply = refused
    with pytest.raises(RemoteError, match="crm: HTTP 400"):
        execute(job(crowd(3)), prepared)
    target.find = target.accounts = refused
    with pytest.raises(RemoteError, match="crm: HTTP 400"):
        prepare(job(crowd(3)))


def test_answers_that_never_come_are_asked_for(job, target):
    class Forgetful(FileTarget):
        def apply(self, changes):
            for outcome in FileTarget.apply(self, changes):
                if outcome.change.number % 3:
                    yield outcome

    target.__class__ = Forgetful
    assert run(job(crowd(9))).done == {"create": 9}
    assert len(target.held()) == 9


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


def test_lost_creations_are_found_by_our_key_even_after_an_uncertain_conflict(job, target):
    target.lose = 0.0

    def answer(change, write=target.write, seen=set()):  # noqa: B006
        from connectors.contract import Outcome

        write(change)
        return Outcome(change, UncertainError("lost"))

    target.answer = answer
    assert run(job(crowd(3))).done == {"create": 3}


class Rewriting(FileTarget):
    """Folds names and drops nicknames, and says what it holds, as many do."""

    echoes = True

    def write(self, change):
        made = {
            path: value.lower() if path == "userName" and value else value
            for path, value in change.after.items()
            if path != "nickName"
        }
        return super().write(replace(change, after=made))

    def answer(self, change):
        outcome = super().answer(change)
        if outcome.error is not None or not self.echoes:
            return outcome
        body = next((a.attributes for a in self.accounts("User") if a.id == outcome.id), {})
        return replace(outcome, held={path: body.get(path) for path in change.after})


def test_what_a_target_rewrites_is_no_drift_and_is_told_once(job, tmp_path):
    target = Rewriting(tmp_path / "rewriting.db")
    people = [person("g1", email="Ann@B.c", nickname="Annie"), person("g2", email="bob@b.c")]
    run(job(people, target=target))
    seen = prepare(job(people, target=target, everything=True))
    assert seen.plan.items == ()
    assert list(seen.plan.notes) == [
        "crm.yaml:7 nickName: the target drops it, of 1 accounts; that is no drift",
        "crm.yaml:4 userName: the target changes its case, of 1 accounts; that is no drift",
    ]
    target.db.execute("update users set body = replace(body, 'ann@b.c', 'eve@b.c')")
    (drift,) = prepare(job(people, target=target, everything=True)).plan.items
    assert [d.path for d in drift.differences] == ["userName"]
    moved = [person("g1", email="anna@b.c"), people[1]]
    assert run(job(moved, target=target)).done == {"update": 1}
    (told,) = prepare(job(moved, target=target, everything=True)).plan.notes
    assert "nickName" in told, "a name that was not folded is held as it was given"
    target.db.close()


def test_a_lost_answer_does_not_lose_what_the_target_rewrote(job, tmp_path):
    target = Rewriting(tmp_path / "rewriting.db", lose=1.0)
    people = [person("g1", email="Ann@B.c")]
    assert run(job(people, target=target)).done == {"create": 1}
    assert prepare(job(people, target=target, everything=True)).plan.items == ()
    target.db.close()


SAID = Exchange("POST", "/Users", 400, "invalidValue", "sent-canary", "answered-canary")


def test_a_refused_change_is_kept_with_what_was_said_and_the_report_is_without(job, target):
    kept = []
    target.refuse[1] = RejectedError("refused").after(SAID)
    report = run(job(crowd(1), keep=lambda conn, letters: kept.extend(letters)))
    assert [each.exchange for each in kept] == [SAID]
    assert [each.exchange for each in report.letters] == [None]
    assert "canary" not in repr(kept)


def test_a_taken_name_is_kept_with_what_was_said(job, target):
    kept = []
    target.refuse[1] = ConflictError("uniqueness").after(SAID)
    run(job(crowd(1), keep=lambda conn, letters: kept.extend(letters)))
    assert [each.exchange for each in kept] == [SAID]


@pytest.mark.parametrize("more", [{"object": "Group"}, {"cause": Cause.ERASED}])
def test_of_a_group_and_of_an_erased_person_no_body_is_kept(job, engine, more):
    prepared = prepare(job(crowd(1)))
    (item,) = prepared.plan.items
    cause = more.get("cause", item.cause)
    account = replace(item.account, object=more.get("object", "User"))
    kept = []
    writer = JournalWriter(engine, prepared.record, lambda _, letters: kept.extend(letters))
    assert list(writer.intend([item], 1)) == [[item]]
    writer.refused(replace(item, cause=cause, account=account), "refused", None, SAID)
    writer.flush()
    assert [each.exchange for each in kept] == [replace(SAID, sent="", answered="")]
