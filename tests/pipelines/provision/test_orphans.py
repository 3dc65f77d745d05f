"""Accounts of a target that no profile of ours has."""

import pytest

from connectors.contract import Account
from connectors.errors import TransientError
from idp_core.db.engine import writing
from idp_core.provisioning.accounts import save_accounts
from idp_core.provisioning.belongings import Belonging
from pipelines.errors import JobError, RemoteError
from pipelines.provision.job import Job
from pipelines.provision.orphans import Claim, find_orphans
from pipelines.provision.rules import Adopt, Line, Refusal
from tests.pipelines.provision.test_planner import settled
from tests.pipelines.provision.world import LINES, NOW, person, push

ANN, BOB = person("g1", email="ann@b.c"), person("g2", email="bob@b.c")


class Listed:
    """A target that lists these accounts."""

    def __init__(self, *accounts):
        self.held = accounts

    def accounts(self, _object):
        return iter(self.held)

    def find(self, *_):
        raise AssertionError("nothing is asked for one by one")


def orphans(engine, *accounts, said=(), rules=None):
    with writing(engine) as conn:
        save_accounts(conn, settled(ANN).managed.values(), NOW)
    words = {"g2": {each.remote_id: each for each in said}}
    job = Job("crm", engine, Listed(*accounts), rules or push(), lambda: [ANN, BOB], said=words)
    return find_orphans(job)


def test_an_account_of_ours_is_no_orphan_and_one_that_matches_names_whom(engine):
    (ours,) = settled(ANN).managed.values()
    mine = Account(ours.remote_id, "g1", {"userName": "ann@b.c"})
    theirs = Account("x", None, {"userName": "Bob@B.C", "active": True})
    nobodys = Account("a", None, {"userName": "ann@b.c", "active": "maybe"})
    found = orphans(engine, mine, theirs, nobodys)
    assert [(each.account.id, each.active, each.claims) for each in found] == [
        ("a", None, ()),  # Ann has an account: this one is not hers
        ("x", True, [Claim("g2", "userName", Adopt.AUTO)]),
    ]
    assert "ob@" not in repr(found)


def test_one_that_a_person_said_is_somebody_elses_matches_no_more(engine):
    theirs = Account("x", None, {"userName": "bob@b.c"})
    word = Belonging("crm", "User", "g2", "x", theirs=False, who="ann", at=NOW)
    (found,) = orphans(engine, theirs, said=[word])
    assert found.claims == ()


def test_who_is_refused_an_account_matches_none(engine):
    theirs = Account("x", None, {"userName": "bob@b.c"})
    broken = Line("title", lambda record: Refusal("too long"), "crm.yaml:4")
    (found,) = orphans(engine, theirs, rules=push(lines=(*LINES, broken)))
    assert found.claims == ()


def test_a_target_that_cannot_be_listed_is_told():
    with pytest.raises(JobError, match="crm: its connector does not list accounts"):
        find_orphans(Job("crm", None, object(), push(), list))


def test_a_target_that_does_not_answer_is_told(engine):
    target = Listed()
    target.accounts = lambda _object: fails()
    with pytest.raises(RemoteError, match="crm: gone"):
        find_orphans(Job("crm", engine, target, push(), list))


def fails():
    raise TransientError("gone")
    yield
