"""Five SCIM servers that nobody of us wrote: quirks are named, and two hundred people converge.

The sixth, scim2-server, is in the normal suite (tests/pipelines/test_probing.py).
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.contract import Action, Change
from connectors.elements import element_path
from connectors.scim import Scim
from idp_core.db.engine import make_engine, reading
from idp_core.db.schema import upgrade
from idp_core.provisioning.accounts import read_accounts
from pipelines.provision.apply import Patience
from pipelines.provision.groups import OBJECT, group_people, group_push, members
from pipelines.provision.guards import Limits
from pipelines.provision.rules import Group
from pipelines.provision.run import Job, execute, prepare
from tests.pipelines.provision.world import DAY, NOW, line, person, push, read
from tests.real import scimservers
from tests.real.scimservers import TOKEN

pytestmark = pytest.mark.real

NAMES = (
    line("name.givenName", "given_name", "portal.yaml:5"),
    line("name.familyName", "family_name", "portal.yaml:6"),
)
FULL = (
    line("userName", "email", "portal.yaml:4"),
    *NAMES,
    line("title", "job_title", "portal.yaml:7"),
    line('emails[type eq "work"].value', "email", "portal.yaml:8"),
)
DJANGO = (
    line("userName", "email", "portal.yaml:4"),
    *NAMES,
    line("title", "job_title", "portal.yaml:7"),
    line("emails[primary eq true].value", "email", "portal.yaml:8"),
)
LONE = (
    *NAMES,
    line("name.formatted", "family_name", "portal.yaml:4"),
    line("title", "job_title", "portal.yaml:7"),
    line("emails.value", "email", "portal.yaml:8"),
)

PORTALS = {
    "scimmy": (push(FULL), set()),
    "better_auth": (push(FULL), {'emails[type eq "work"].value: it is held in another case'}),
    "django_scim2": (
        push(DJANGO),
        {
            "externalId: filters find nothing although it is there; everything is read instead",
            "PATCH replace without a path has no effect",
            "title: it is dropped",
        },
    ),
    "django_scim2_server": (
        push(DJANGO),
        {"what was deleted can still be read", "title: it is dropped"},
    ),
    "canaille": (
        replace(push(LONE), key=read("email"), key_path="userName", match=(), scope=None),
        {
            "userName: filters are ignored; what comes is sifted here",
            "lists are not paged: every list is read whole",
            "the same userName may be there twice",
            "externalId: it is dropped",
            "name.formatted: every creation must have it",
        },
    ),
}


@pytest.fixture(params=list(PORTALS))
def portal(request, tmp_path, monkeypatch):
    """A server's name and the connector to it, not probed yet."""
    monkeypatch.setenv("SCIM_TOKEN", TOKEN)
    folder = tmp_path / "server"
    folder.mkdir()
    with getattr(scimservers, request.param)(folder) as url:
        auth = {"type": "bearer", "token": "env:SCIM_TOKEN"}
        yield request.param, Scim.model_validate({"url": url, "auth": auth})


def people(count, *, round_=1):
    return [
        person(
            f"g{n:03}",
            email=f"User{n}@Example.org",
            given_name=f"Given{n}" if n % 5 or round_ == 1 else f"Renamed{n}",
            family_name="O'Neil-Łukasz" if n % 2 else "Lee",
            job_title=f"Title {n}" if n % 3 else None,
        )
        for n in range(count)
    ]


def test_its_quirks_are_named_and_a_run_over_two_hundred_people_converges(portal, tmp_path):
    name, target = portal
    rules, named = PORTALS[name]
    before = {account.id for account in target.accounts("User")} if name != "canaille" else set()
    quirks = target.probe("User", [each.path for each in rules.lines])
    said = set(target.deviations(quirks))
    assert named <= said
    assert target.deviations(target.probe("User", [line.path for line in rules.lines])) == list(
        target.deviations(quirks)
    )
    target = target.pinned(quirks)
    if quirks["deletion"] == "gone":
        assert {account.id for account in target.accounts("User")} == before
    engine = make_engine(f"sqlite:///{tmp_path / 'test.db'}")
    upgrade(engine)
    limits = Limits(removals_percent=None, updates_percent=None)

    def job(listed, **more):
        return Job("portal", engine, target, rules, people=lambda: listed, limits=limits,
                   patience=Patience(attempts=3, base=0.1), **more)  # fmt: skip

    def done(listed, now=NOW):
        report = execute(job(listed), prepare(job(listed), now))
        assert (report.letters, report.unsettled) == ((), 0)
        seen = prepare(job(listed, everything=True), now)
        assert seen.plan.items == (), "the target holds what it was told, or is known to rewrite it"
        return dict(report.done), seen.plan.notes

    everybody = people(200)
    assert done(everybody)[0] == {"create": 200}
    changed = people(200, round_=2)
    assert done(changed[20:])[0] == {"update": 36, "deactivate": 20}
    back, notes = done(changed)
    assert back == {"update": 20}
    for path, how in quirks["not_held"].items():
        told = [note for note in notes if f" {path}: " in note]
        assert told or path not in {each.path for each in rules.lines}, how
    assert done(changed[5:])[0] == {"deactivate": 5}
    assert done(changed[5:], NOW + 40 * DAY)[0] == {"delete": 5}
    assert done(changed)[0] == after_return(quirks)
    engine.dispose()


def after_return(quirks):
    """Whoever was deleted is made anew, or woken where the provider keeps what is deleted."""
    return {"update": 5} if quirks["deletion"] == "kept" else {"create": 5}


def test_a_group_gets_our_members_and_keeps_theirs(portal, tmp_path):
    name, target = portal
    rules, _ = PORTALS[name]
    target = target.pinned(target.probe("User", [each.path for each in rules.lines]))
    engine = make_engine(f"sqlite:///{tmp_path / 'test.db'}")
    upgrade(engine)
    rules = replace(rules, groups=(Group("Readers", lambda record: record["job_title"], "p:9"),))
    accounts = Job("portal", engine, target, rules, people=lambda: people(6))
    assert execute(accounts, prepare(accounts, NOW)).done == {"create": 6}
    theirs = stranger(target)

    def fill(listed):
        wanted = members(rules, listed, held(engine, "User"))
        groups = group_people("portal", wanted, held(engine, OBJECT).values())
        job = Job("portal", engine, target, group_push(rules), lambda: groups, changed=True,
                  limits=Limits(removals_percent=None))  # fmt: skip
        report = execute(job, prepare(job, NOW))
        assert report.unsettled == 0
        return dict(report.done) or [each.reason for each in report.letters]

    def inside():
        (group,) = target.find(OBJECT, "displayName", "Readers")
        return {each["value"] for each in group.attributes["members"]}

    if name == "canaille":  # it wants a $ref of each member, which the standard leaves to it
        assert fill(people(6)) == ["POST /Groups: HTTP 400 invalidValue"]
    else:
        ours = {key: each.remote_id for key, each in held(engine, "User").items()}
        readers = {n: {ours[f"g{each:03}"] for each in range(n) if each % 3} for n in (4, 6)}
        assert fill(people(6)) == {"create": 1}
        assert inside() == readers[6]
        join(target, theirs)
        assert fill(people(6)) == []
        left = fill(people(4))
        if name == "django_scim2":  # it removes nobody, by no form of the standard
            assert left == [
                "PATCH and PUT /Groups: the provider does not write members as it was told"
            ]
        else:
            assert left == {"update": 1}
            assert inside() == {*readers[4], theirs}
    engine.dispose()


def stranger(target):
    """Make an account that is none of ours; return its id."""
    said = {"userName": "stranger@example.org", "name.familyName": "Stranger",
            "name.givenName": "Sam", "name.formatted": "Sam Stranger", "active": True,
            "emails.value": "stranger@example.org"}  # fmt: skip
    (made,) = target.apply([Change(1, "User", Action.CREATE, "stranger", None, {}, said)])
    assert made.error is None
    return made.id


def join(target, id_):
    """Put an account into the group, as its owners would."""
    (group,) = target.find(OBJECT, "displayName", "Readers")
    member = {element_path("members", {"value": id_}): {"value": id_}}
    change = Change(1, OBJECT, Action.UPDATE, "Readers", group.id, {}, member)
    assert [each.error for each in target.apply([change])] == [None]


def held(engine, kind):
    with reading(engine) as conn:
        return read_accounts(conn, "portal", kind)
