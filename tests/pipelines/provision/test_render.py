import json
from io import StringIO

import pytest
from rich.console import Console

from connectors.errors import RejectedError
from idp_core.db.engine import make_engine
from idp_core.db.schema import upgrade
from pipelines.provision.render import (
    plan_document,
    plan_parts,
    report_document,
    report_parts,
)
from pipelines.provision.run import Job, execute, prepare
from tests.pipelines.provision.targets import FileTarget
from tests.pipelines.provision.world import person, push

PEOPLE = [person(f"g{n}", email=f"ann{n}@secret.example", given_name="Ann") for n in range(30)]


def shown(parts):
    console = Console(file=StringIO(), width=240)
    for part in parts:
        console.print(part)
    return console.file.getvalue()


def plan_view(prepared, **more):
    return plan_parts(prepared.record, prepared.plan.items, **more)


def plan_json(prepared, **more):
    return json.dumps(plan_document(prepared.record, prepared.plan.items, **more), default=str)


@pytest.fixture
def job(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'test.db'}")
    upgrade(engine)
    target = FileTarget(tmp_path / "target.db")
    yield Job("crm", engine, target, push(), people=lambda: PEOPLE)
    target.db.close()
    engine.dispose()


def test_a_plan_tells_everything_but_values(job):
    text = shown(plan_view(prepare(job)))
    for said in ("30 create", "userName", "crm.yaml:4", "shop:row-g0", "and 10 more", "planned"):
        assert said in text
    assert "secret.example" not in text


def test_values_are_shown_when_asked_for(job):
    assert "ann0@secret.example" in shown(plan_view(prepare(job), values=True))
    assert "ann0@secret.example" in plan_json(prepare(job), values=True)


def test_a_plan_for_machines_is_json_without_values(job):
    text = plan_json(prepare(job))
    assert "secret.example" not in text
    document = json.loads(text)
    assert document["counts"]["create"] == 30
    assert document["items"][0]["action"] == "create"
    assert len(document["hash"]) == 64


def test_guards_are_shown_with_what_they_hold(job):
    execute(job, prepare(job))
    emptied = Job("crm", job.engine, job.target, job.push, people=list)
    text = shown(plan_view(prepare(emptied)))
    assert "held: crm: removes 30 accounts, 100% of 30 > 5%" in text
    assert "is waiting" in text


def test_nothing_to_do_is_said_in_a_line(job):
    execute(job, prepare(job))
    assert "nothing to do; 30 accounts" in shown(plan_view(prepare(job)))


def test_a_report_tells_what_was_done_and_what_was_refused(job):
    job.target.refuse[1] = RejectedError("POST /Users: HTTP 400")
    report = execute(job, prepare(job))
    text = shown(report_parts(report))
    assert "29 created" in text
    assert "POST /Users: HTTP 400" in text
    assert report_document(report)["refused"][0]["action"] == "create"
    assert "secret.example" not in text + str(report_document(report))
