from connectors.errors import (
    TransientError,
    UncertainError,
)
from pipelines.provision.apply import Patience
from pipelines.provision.guards import Limits
from pipelines.provision.run import prepare
from tests.pipelines.provision.runs import crowd, run
from tests.pipelines.provision.targets import Blind, FileTarget
from tests.pipelines.provision.world import person


def test_lost_answers_throttling_and_failures_end_in_each_change_once(job, tmp_path):
    target = FileTarget(tmp_path / "bad.db", lose=0.05, throttle=0.05, fail=0.05, seed=7)
    report = run(job(crowd(500), target=target))
    asked = target.db.execute("select count(*), sum(writes) from users").fetchone()
    target.db.close()
    assert (report.done, report.unsettled) == ({"create": 500}, 0)
    assert asked == (500, 500)


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


def test_answers_that_never_come_are_asked_for(job, target):
    class Forgetful(FileTarget):
        def apply(self, changes):
            for outcome in FileTarget.apply(self, changes):
                if outcome.change.number % 3:
                    yield outcome

    target.__class__ = Forgetful
    assert run(job(crowd(9))).done == {"create": 9}
    assert len(target.held()) == 9


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
        return super().write(change._replace(after=made))

    def answer(self, change):
        outcome = super().answer(change)
        if outcome.error is not None or not self.echoes:
            return outcome
        body = next((a.attributes for a in self.accounts("User") if a.id == outcome.id), {})
        return outcome._replace(held={path: body.get(path) for path in change.after})


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
