"""The engine over the SCIM connector against a SCIM server nobody of us wrote, on loopback."""

import pytest

from connectors.contract import Action, Change
from connectors.scim import Scim
from idp_core.db.engine import make_engine
from idp_core.db.schema import upgrade
from pipelines.errors import RemoteError
from pipelines.provision.apply import Patience
from pipelines.provision.guards import Limits
from pipelines.provision.plan import Cause
from pipelines.provision.rules import OnNull
from pipelines.provision.run import Job, execute, prepare
from tests.connectors.scim.conftest import TOKEN, provider_url  # noqa: F401 (a fixture)
from tests.pipelines.provision.world import DAY, NOW, line, person, push

RULES = push(
    lines=(
        line("userName", "email", "portal.yaml:4"),
        line("name.givenName", "given_name", "portal.yaml:5"),
        line("name.familyName", "family_name", "portal.yaml:6"),
        line("displayName", "display_name", "portal.yaml:7", on_null=OnNull.KEEP),
        line('emails[type eq "work"].value', "email", "portal.yaml:8"),
        line('phoneNumbers[type eq "mobile"].value', "phone", "portal.yaml:9"),
        line('addresses[type eq "home"].locality', "locality", "portal.yaml:10"),
        line(
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
            "department",
            "portal.yaml:11",
        ),
    )
)


def people(count, **more):
    return [
        person(
            f"g{n:03}",
            email=f"user{n}@example.org",
            given_name=f"Given{n}",
            family_name="O'Neil-Łukasz" if n % 2 else "Lee",
            phone=f"+4479460{n:05}" if n % 3 else None,
            locality="Zürich" if n % 4 else None,
            department="Sales",
            **more,
        )
        for n in range(count)
    ]


@pytest.fixture
def job(tmp_path, provider_url, monkeypatch):  # noqa: F811
    monkeypatch.setenv("PORTAL_TOKEN", TOKEN)
    auth = {"type": "bearer", "token": "env:PORTAL_TOKEN"}
    target = Scim.model_validate({"url": provider_url, "auth": auth})
    engine = make_engine(f"sqlite:///{tmp_path / 'test.db'}")
    upgrade(engine)

    def make(listed, **more):
        settings = {"target": target, "patience": Patience(attempts=2, base=0.0)} | more
        limits = Limits(removals_percent=None, updates_percent=None)
        return Job("portal", engine, push=RULES, people=lambda: listed, limits=limits, **settings)

    yield make
    engine.dispose()


def run(job, now=NOW):
    report = execute(job, prepare(job, now))
    assert report.letters == ()
    assert report.unsettled == 0
    return dict(report.done)


def test_sixty_people_through_change_leaving_and_return_converge(job):
    assert run(job(people(60))) == {"create": 60}
    looked = prepare(job(people(60), everything=True), NOW)
    assert looked.plan.items == (), "what the server holds is what was pushed"
    changed = [*people(55)[5:], *(person("n1", email="new@example.org"),)]
    changed[0] = person("g005", email="moved@example.org", family_name="Lee")
    assert run(job(changed)) == {"create": 1, "update": 1, "deactivate": 10}
    assert prepare(job(changed, everything=True), NOW).plan.items == ()
    assert run(job([*changed, *people(5)])) == {"update": 5}
    assert run(job([*changed, *people(5)]), NOW + 40 * DAY) == {"delete": 5}
    assert prepare(job([*changed, *people(5)], everything=True), NOW + 41 * DAY).plan.items == ()


def test_a_database_that_was_lost_takes_its_accounts_over_again(job, tmp_path):
    run(job(people(20)))
    fresh = make_engine(f"sqlite:///{tmp_path / 'fresh.db'}")
    upgrade(fresh)
    lost = job(people(20))
    again = Job("portal", fresh, lost.target, RULES, people=lambda: people(20))
    report = execute(again, prepare(again))
    assert (report.done, report.taken_over) == ({}, 20)
    fresh.dispose()


def test_drift_is_seen_and_corrected_when_asked(job):
    run(job(people(3)))
    target = job(people(3)).target
    (account,) = target.find("User", "externalId", "g001")
    change = Change(1, "User", Action.UPDATE, "g001", account.id, {}, {"name.givenName": "Hacked"})
    assert [o.error for o in target.apply([change])] == [None]
    (item,) = prepare(job(people(3), everything=True)).plan.items
    assert item.cause is Cause.DRIFT
    assert run(job(people(3), everything=True, correct_drift=True)) == {"update": 1}
    assert prepare(job(people(3), everything=True)).plan.items == ()


def test_a_refused_token_is_one_line_that_says_what_to_do(job, monkeypatch):
    broken = job(people(3))
    monkeypatch.setenv("PORTAL_TOKEN", "wrong")
    with pytest.raises(RemoteError, match=r"portal: .*(credentials|token)"):
        prepare(broken)


def test_a_target_that_is_not_there_is_one_line(job):
    gone = job(people(3))
    away = gone.target.model_copy(update={"url": "http://127.0.0.1:1/v2"})
    with pytest.raises(RemoteError, match=r"portal: .*connect"):
        prepare(job(people(3), target=away))
