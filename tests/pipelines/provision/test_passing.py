"""Who is passed by unread changes nothing in the plan; on both stores."""

from dataclasses import replace
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.contract import Action
from idp_core.db.engine import reading, writing
from idp_core.profiles import store
from idp_core.profiles.model import Profile
from idp_core.provisioning.accounts import read_accounts, save_accounts
from idp_core.provisioning.model import AccountState
from pipelines.provision.job import Job
from pipelines.provision.look import look
from pipelines.provision.matching import Seen
from pipelines.provision.passing import pass_by, remember
from pipelines.provision.plan import Cause
from pipelines.provision.planner import NOBODY, Inputs, make_plan
from pipelines.provision.rules import Leave, LeaveAction
from pipelines.targets import people_of, stored
from tests.often import often
from tests.pipelines.provision.test_planner_laws import crowds, redirections
from tests.pipelines.provision.world import NOW, World, line, person, push, read

CROWD = [person(f"c{n:02}", email=f"{n}@b.c", given_name="C") for n in range(20)]
LEAVERS = [person(f"l{n:02}", email=f"l{n}@b.c") for n in range(6)]
GONE = [person(p.gid, **p.attributes, loyalty_tier="none") for p in LEAVERS]
OUTSIDE = [person(f"o{n:02}", email=f"o{n}@b.c", loyalty_tier="none") for n in range(8)]


class Stored:
    """A world whose people and accounts are in a database."""

    def __init__(self, engine):
        self.engine, self.world = engine, World()

    def anew(self):
        self.world = World()
        with writing(self.engine) as conn:
            conn.exec_driver_sql("DELETE FROM unwanted")

    def fill(self, people):
        with writing(self.engine) as conn:
            for table in ("account", "lineage", "profile"):
                conn.exec_driver_sql(f"DELETE FROM {table}")
            store.save_profiles(conn, [Profile(p.gid, p.attributes) for p in people], now=NOW)
            save_accounts(conn, self.world.managed.values(), NOW)

    def job(self, rules=None, **more):
        people = partial(people_of, self.engine)
        where = stored(self.engine)
        return Job("crm", self.engine, None, rules or push(), people, stored=where, **more)

    def both(self, people, rules=None, *, redirects=(), erased=(), look=True):
        """Plan with everybody read, and with the unchanged ones passed by."""
        self.fill(people)
        job = self.job(rules, redirects=dict(redirects), erased=erased)
        paths = [rule.path for rule in job.push.match]
        seen = partial(Seen, self.world.target.values(), paths, complete=False)
        make = partial(make_plan, "crm", job.push, now=NOW)
        with reading(self.engine) as conn:
            every = read_accounts(conn, "crm", "User")
        more = (dict(redirects), erased)
        read_all = make(Inputs(job.people(), every, seen() if look else None, *more))
        narrowed, held, passed = pass_by(job)
        passing = make(
            Inputs(narrowed.people(), held, seen() if look else None, *more, passed=passed)
        )
        return read_all, passing, passed


@pytest.fixture
def db(engine):
    return Stored(engine)


def settle(db, people, rules=None):
    db.fill(people)
    everybody = list(people_of(db.engine))
    told = partial(remember, db.job(rules))
    db.world.settle(db.world.plan(everybody, rules, look=False, unwanted=told))


LEFT = (
    {"left_at": None},
    {"profile_digest": "of before"},
    {"push_digest": "of before"},
    {"key": "g0"},
    {"state": AccountState.CONFLICT},
    {"rewritten": {"userName": "other"}},
    {"remote_id": None},
    "back",
    "changed",
)
"""What may have become of an account that was deactivated, or of its profile."""


@st.composite
def worlds(draw):
    """Steps after which a target has accounts of every kind, and people as they are then."""
    before, after = draw(crowds()), draw(crowds())
    spoilt = draw(st.lists(st.sampled_from(range(20)), max_size=5, unique=True))
    inside = draw(
        st.dictionaries(st.sampled_from(["o00", "o01", "o02"]), st.sampled_from(AccountState))
    )
    left = draw(st.dictionaries(st.integers(0, 5), st.sampled_from(LEFT)))
    erased = draw(st.sets(st.sampled_from(["g0", "c01", "o01", "l01"])))
    return before, after, spoilt, inside, left, draw(redirections), erased


@settings(
    max_examples=often(90),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(worlds(), st.sampled_from(["p1", "p1", "p1", "p2"]), st.booleans(), st.booleans())
def test_passing_people_by_makes_the_plan_of_reading_them(db, drawn, digest, twins, grace):
    before, after, spoilt, inside, left, redirects, erased = drawn
    rules = push() if grace else push(leave=Leave(LeaveAction.DEACTIVATE))
    db.anew()
    settle(db, [*before, *CROWD, *OUTSIDE, *LEAVERS], rules)
    for _ in range(2):  # who left is remembered by the plan after
        settle(db, [*after, *CROWD, *OUTSIDE, *GONE], rules)
    for number in spoilt:
        gid = f"c{number:02}"
        held = db.world.managed[gid]
        changes = (
            {"state": AccountState.CONFLICT},
            {"left_at": NOW},
            {"rewritten": {"userName": "other"}},
            {"remote_id": db.world.managed["c10"].remote_id},
            {"profile_digest": "of before"},
            {"push_digest": "of before"},
            {"key": "g0"},
        )
        db.world.managed[gid] = replace(held, **changes[number % len(changes)])
    for gid, state in inside.items():  # as one that took over an account has
        held = db.world.managed["c11"]
        db.world.managed[gid] = replace(held, gid=gid, key=gid, remote_id=gid, state=state)
    leavers = list(GONE)
    for number, change in left.items():
        gid = GONE[number].gid
        if change == "back":
            leavers[number] = LEAVERS[number]
        elif change == "changed":
            leavers[number] = person(gid, email="new@b.c", loyalty_tier="none")
        else:
            db.world.managed[gid] = replace(db.world.managed[gid], **change)
    gone = set(redirects) | {"c19", "o07"}
    people = [p for p in [*after, *CROWD, *OUTSIDE[:6], *leavers] if p.gid not in gone]
    people.append(person("o06", email="o6@b.c"))
    if twins:
        people.append(person("new", email="10@b.c"))
    rules = replace(rules, digest=digest)
    read_all, passing, passed = db.both(people, rules, redirects=redirects, erased=erased)
    assert read_all == passing
    assert (passed.count > 0 and passed.unwanted > 1) or digest == "p2"


def test_of_unchanged_people_nothing_is_read(db):
    settle(db, CROWD)
    db.fill(CROWD)
    job, held, passed = pass_by(db.job())
    assert (list(job.people()), held, passed.count) == ([], {}, len(CROWD))


def test_of_people_who_shall_have_no_account_nothing_is_read(db):
    settle(db, [*CROWD[:1], *OUTSIDE])
    db.fill([*CROWD[:1], *OUTSIDE])
    job, held, passed = pass_by(db.job())
    assert (list(job.people()), held) == ([], {})
    assert (passed.count, passed.unwanted) == (1, len(OUTSIDE))


def test_a_deactivated_account_that_stays_so_is_not_read(db):
    rules = push(leave=Leave(LeaveAction.DEACTIVATE))
    left = [person(f"c{n:02}", email=f"{n}@b.c", loyalty_tier="none") for n in range(8)]
    settle(db, CROWD, rules)
    for _ in range(2):
        settle(db, [*left, *CROWD[8:]], rules)
    db.fill([*left, *CROWD[8:]])
    job, held, passed = pass_by(db.job(rules))
    assert (list(job.people()), held) == ([], {})
    assert (passed.count, passed.resting, passed.unwanted) == (12, 8, 0)
    _, held, passed = pass_by(db.job(push()))
    assert (set(held), passed.resting) == ({each.gid for each in left}, 0), "their grace may end"
    read_all, passing, _ = db.both([*left[1:], *CROWD[8:]], rules)
    assert read_all == passing
    back = [*CROWD[:1], *left[1:], *CROWD[8:]]
    read_all, passing, _ = db.both(back, rules)
    assert read_all == passing
    assert [(item.gid, item.cause) for item in passing.items] == [("c00", Cause.REJOINED)]


def test_who_shall_have_an_account_after_all_is_looked_at(db):
    settle(db, [*CROWD, *OUTSIDE])
    joined = [*OUTSIDE[1:], person("o00", email="o0@b.c", loyalty_tier="gold")]
    read_all, passing, passed = db.both([*CROWD, *joined])
    assert [(item.gid, item.action) for item in passing.items] == [("o00", Action.CREATE)]
    assert (read_all, passed.unwanted) == (passing, len(OUTSIDE) - 1)


def test_all_who_shall_have_no_account_are_looked_at_by_another_push_mapping(db):
    settle(db, [*CROWD, *OUTSIDE])
    db.fill([*CROWD, *OUTSIDE])
    narrowed, _, passed = pass_by(db.job(push(digest="p2")))
    assert (passed, len(list(narrowed.people()))) == (NOBODY, len(CROWD) + len(OUTSIDE))


def test_nobody_is_passed_by_when_all_is_to_be_seen(db):
    settle(db, CROWD)
    db.fill(CROWD)
    refers = push(lines=(line("manager.value", "manager", refers=read("email")),))
    for job in (db.job(everything=True), db.job(refers), db.job(push(digest="p2"))):
        narrowed, held, passed = pass_by(job)
        assert passed is NOBODY
        assert len(list(narrowed.people())) == len(held) == len(CROWD)


def test_an_account_whose_holder_is_passed_by_is_not_taken(db):
    settle(db, CROWD)
    read_all, passing, passed = db.both([*CROWD, person("new", email="7@b.c")])
    (item,) = passing.items
    assert (item.cause, passed.count) == (Cause.CONFLICT, len(CROWD))
    assert "profile c07" in item.reason
    assert read_all == passing


def test_a_key_that_somebody_has_who_is_passed_by_is_not_given_twice(db):
    rules = replace(push(), key=read("given_name"))
    people = [person(f"c{n:02}", email=f"{n}@b.c", given_name=f"N{n}") for n in range(20)]
    settle(db, people, rules)
    crowd = [*people, person("new", email="x@b.c", given_name="N7")]
    _, passing, passed = db.both(crowd, rules, look=False)
    assert [(item.cause, item.action) for item in passing.items] == [(Cause.CONFLICT, None)]
    assert passed.count == len(people)


def test_the_share_that_leaves_is_of_all_accounts(db):
    settle(db, CROWD)
    _, passing, _ = db.both(CROWD[1:])
    (item,) = passing.items
    assert item.action is Action.DEACTIVATE
    assert (passing.people, passing.managed, passing.unchanged) == (19, 20, 19)


def test_what_is_passed_by_stays_whole_when_more_people_are_named_than_fit_one_statement(db):
    settle(db, CROWD)
    erased = frozenset(f"e{n:06}" for n in range(70_000))
    _, passing, passed = db.both(CROWD, erased=erased)
    assert (passing.items, passed.count) == ((), len(CROWD))


@pytest.mark.parametrize(("managed", "listed"), [(0, 1), (5_900, 1), (6_000, 0)])
def test_a_large_target_is_not_listed_for_the_sake_of_a_few_newcomers(target, managed, listed):
    lists = []
    target.accounts = lambda object_: lists.append(object_) or []
    target.find = lambda *_: []
    people = [person(f"g{n}", email=f"{n}@b.c") for n in range(60)]
    job = Job("crm", None, target, push(), people=lambda: people)
    assert look(job, {}, managed).by_id == {}
    assert len(lists) == listed
