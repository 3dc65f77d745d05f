"""Groups and references at a SCIM server nobody of us wrote, and what the planner makes of them."""

from dataclasses import replace

import pytest

from connectors.contract import Account, Action, Change
from connectors.elements import element_path, list_of
from connectors.scim import Scim
from idp_core.db.engine import make_engine, reading
from idp_core.db.schema import upgrade
from idp_core.provisioning import accounts
from pipelines.provision.apply import Patience
from pipelines.provision.errors import UnsafePlanError
from pipelines.provision.groups import group_people, group_push, members
from pipelines.provision.guards import Limits
from pipelines.provision.rules import Group, Line, Ownership
from pipelines.provision.run import Job, execute, prepare
from tests.connectors.scim.conftest import TOKEN, provider_url  # noqa: F401 (a fixture)
from tests.pipelines.provision.world import World, line, person, push, read

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GOLD = Group("Gold", lambda record: record.get("tier") == "gold", "portal.yaml:9")
LINES = (
    line("userName", "email", "portal.yaml:4"),
    line(f"{ENTERPRISE}:manager.value", "boss", "portal.yaml:5", refers=read("email")),
    line("emails", "emails", "portal.yaml:6", own=Ownership.ELEMENTS),
    Line("roles", lambda r: [{"value": "vip"}] if r.get("tier") == "gold" else [], "portal.yaml:7",
         Ownership.ELEMENTS),
)  # fmt: skip
RULES = push(lines=LINES, groups=(GOLD,))
OTHERS = push(lines=LINES)


def ann(**more):
    return person("ann", email="ann@b.c", tier="gold", **more)


def bob(**more):
    return person("bob", email="bob@b.c", boss="ANN@b.c", **more)


@pytest.fixture
def portal(tmp_path, provider_url, monkeypatch):  # noqa: F811
    monkeypatch.setenv("PORTAL_TOKEN", TOKEN)
    auth = {"type": "bearer", "token": "env:PORTAL_TOKEN"}
    target = Scim.model_validate({"url": provider_url, "auth": auth})
    engine = make_engine(f"sqlite:///{tmp_path / 'test.db'}")
    upgrade(engine)
    yield Portal(engine, target)
    engine.dispose()


class Portal:
    """Accounts and groups of one target, provisioned one after the other as the jobs do it."""

    def __init__(self, engine, target):
        self.engine, self.target = engine, target

    def job(self, people, rules=RULES, **more):
        limits = Limits(removals_percent=None, updates_percent=None)
        settings = {"patience": Patience(attempts=2, base=0.0), "limits": limits} | more
        return Job("portal", self.engine, self.target, rules, people=lambda: people, **settings)

    def users(self, people, rules=RULES, **more):
        return self.done(self.job(people, rules, **more))

    def groups(self, people, rules=RULES, **more):
        with reading(self.engine) as conn:
            held = accounts.read_accounts(conn, "portal", "User")
            known = accounts.read_accounts(conn, "portal", "Group").values()
        listed = group_people("portal", members(rules, people, held), known)
        return self.done(self.job(listed, group_push(rules), changed=True, **more))

    def done(self, job):
        report = execute(job, prepare(job))
        assert (report.letters, report.unsettled) == ((), 0)
        return dict(report.done)

    def held(self, key):
        (found,) = self.target.find("User", "externalId", key)
        return found.attributes

    def members(self, name="Gold"):
        (found,) = self.target.find("Group", "displayName", name)
        return {each["value"] for each in found.attributes.get("members", [])}

    def ids(self, *keys):
        return {self.target.find("User", "externalId", key)[0].id for key in keys}

    def write(self, object_, id_, after, before=None):
        change = Change(1, object_, Action.UPDATE, "x", id_, before or {}, after)
        assert [each.error for each in self.target.apply([change])] == [None]


def test_a_group_gets_our_members_and_keeps_those_of_others(portal):
    people = [ann(), bob(tier="gold"), person("eve", email="eve@b.c")]
    assert portal.users(people) == {"create": 3}
    assert portal.groups(people) == {"create": 1}
    assert portal.members() == portal.ids("ann", "bob")
    assert portal.groups(people) == {}
    (group,) = portal.target.find("Group", "displayName", "Gold")
    (eve,) = portal.ids("eve")
    portal.write("Group", group.id, {element_path("members", eve): {"value": eve}})
    moved = [person("ann", email="ann@b.c"), bob(tier="gold"), person("eve", email="eve@b.c")]
    portal.users(moved)
    assert portal.groups(moved) == {"update": 1}
    assert portal.members() == portal.ids("bob", "eve")
    # Eve comes into the segment, leaves it again, and was somebody else's member all the time.
    golden = [*moved[:2], person("eve", email="eve@b.c", tier="gold")]
    portal.users(golden)
    assert portal.groups(golden) == {}
    portal.users(moved)
    assert portal.groups(moved) == {}
    assert portal.members() == portal.ids("bob", "eve")


def test_a_group_that_is_there_is_taken_as_it_is_and_left_behind_when_unnamed(portal):
    theirs = Change(1, "Group", Action.CREATE, "Gold", None, {}, {
        "displayName": "Gold", element_path("members", "x"): {"value": "x"}})  # fmt: skip
    assert [each.error for each in portal.target.apply([theirs])] == [None]
    portal.users([ann()])
    assert portal.groups([ann()]) == {"update": 1}
    assert portal.members() == {"x"} | portal.ids("ann")
    assert portal.groups([ann()], OTHERS) == {"update": 1}, "the push mapping names it no more"
    assert portal.members() == {"x"}
    assert portal.groups([ann()], OTHERS) == {}


def test_who_has_no_account_yet_comes_in_once_there_is_one(portal):
    assert portal.groups([ann()]) == {"create": 1}
    assert portal.members() == set()
    portal.users([ann()])
    assert portal.groups([ann()]) == {"update": 1}
    assert portal.members() == portal.ids("ann")
    gone = [person("ann", email="ann@b.c", tier="gold", loyalty_tier="none")]
    assert portal.users(gone) == {"deactivate": 1}
    assert portal.groups(gone) == {"update": 1}, "a deactivated account is no member"
    assert portal.members() == set()


def test_a_group_that_would_lose_most_of_its_members_waits_for_a_person(portal):
    crowd = [person(f"g{n:02}", email=f"{n}@b.c", tier="gold") for n in range(30)]
    portal.users(crowd)
    portal.groups(crowd)
    untold = [person(each.gid, email=each.attributes["email"]) for each in crowd]
    with pytest.raises(UnsafePlanError, match=r"group 'Gold' loses 30 members, 100% of 30 > 50%"):
        portal.groups(untold)
    assert len(portal.members()) == 30
    assert portal.groups(crowd[:16]) == {"update": 1}


def test_a_manager_is_written_once_there_is_an_account_for_them(portal):
    job = portal.job([bob()])
    prepared = prepare(job)
    assert (prepared.plan.waiting, len(prepared.plan.notes)) == (1, 1)
    assert "portal.yaml:5" in prepared.plan.notes[0]
    execute(job, prepared)
    assert prepare(portal.job([bob()])).plan.waiting == 1
    assert portal.users([bob(), ann()]) == {"create": 1}
    assert portal.users([bob(), ann()]) == {"update": 1}
    assert portal.held("bob")[f"{ENTERPRISE}:manager.value"] in portal.ids("ann")
    assert prepare(portal.job([bob(), ann()])).plan.items == ()
    assert prepare(portal.job([bob(), ann()], everything=True)).plan.items == ()


def test_our_e_mail_entries_are_ours_and_those_of_others_stay(portal):
    work, home = {"value": "ann@b.c", "type": "work"}, {"value": "a@home.c", "type": "home"}
    theirs = {"value": "given@by.them", "type": "other"}
    portal.users([ann(emails=[work | {"primary": True, "verified": True}, home])])
    portal.write("User", *portal.ids("ann"), {element_path("emails", theirs): theirs})
    portal.users([ann(emails=[work])])
    held = portal.held("ann")["emails"]
    assert {each["value"] for each in held} == {"ann@b.c", "given@by.them"}
    assert portal.held("ann")["roles"] == [{"value": "vip"}]
    looked = prepare(portal.job([ann(emails=[work])], everything=True)).plan
    assert looked.items == ()
    portal.users([person("ann", email="ann@b.c")])
    assert [each["value"] for each in portal.held("ann")["emails"]] == ["given@by.them"]
    assert "roles" not in portal.held("ann")


def test_an_element_that_somebody_took_away_is_drift():
    world, person_ = World(), ann(emails=[{"value": "ann@b.c"}])
    rules = replace(RULES, groups=())
    world.settle(world.plan([person_], rules))
    ((id_, held),) = world.target.items()
    gone = {path: value for path, value in held.attributes.items() if list_of(path) is None}
    world.target[id_] = replace(held, attributes=gone)
    (item,) = world.plan([person_], rules).items
    assert (item.cause.value, {list_of(d.path) for d in item.differences}) == (
        "drift",
        {"emails", "roles"},
    )


def test_an_account_that_is_taken_over_keeps_the_elements_it_had():
    there = {"userName": "ann@b.c", "emails": [{"value": "ann@b.c", "type": "x"}]}
    world = World()
    world.target["r1"] = Account("r1", None, there)
    rules = replace(RULES, groups=())
    wanted = ann(emails=[{"value": "ann@b.c"}, {"value": "new@b.c"}])
    (item,) = world.plan([wanted], rules).items
    lists = [list_of(d.path) for d in item.differences]
    assert (item.cause.value, lists.count("emails")) == ("adopted", 1)
    pushed = [path for path in item.account.pushed if list_of(path) == "emails"]
    assert pushed == [element_path("emails", "new@b.c")], "the other one is not ours to remove"
