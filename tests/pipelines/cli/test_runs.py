"""``isthmus runs``: how runs stand and what is known of one."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from idp_core.db.engine import writing
from idp_core.ledger import store as ledger
from idp_core.ledger.tables import project_lock
from pipelines.running import running
from tests.pipelines.cli.conftest import document
from tests.pipelines.small import BAD, GOOD, Small


@pytest.fixture
def small(tmp_path):
    return Small(tmp_path / "small", f"sqlite:///{tmp_path / 'small.db'}")


def runs(isthmus, *words):
    return document(isthmus("runs", "list", "--json", *words))


def test_runs_are_listed_with_what_they_did(isthmus, small):
    small.sync(GOOD, BAD)
    isthmus("plan")
    text = isthmus("runs").stdout
    for said in ("sync", "plan", "succeeded", "2 read, 1 dead, 1 events, golden: 1 created"):
        assert said in text
    assert "1 planned" in text
    assert [each["job"] for each in runs(isthmus)] == ["plan", "sync"]
    assert [each["job"] for each in runs(isthmus, "--job", "sync")] == ["sync"]
    assert runs(isthmus, "--status", "failed") == []
    assert len(runs(isthmus, "--limit", "1")) == 1


def test_a_run_is_shown_with_steps_verdicts_letters_and_plans(isthmus, small):
    small.sync(GOOD, BAD, targets=["portal"])
    (run,) = runs(isthmus)
    result = isthmus("runs", "show", run["id"][-12:])
    assert result.exit_code == 0
    for said in ("extract", "2 landed, 1 inserted, 1 dead", "crm", "map", "1 create", "applied"):
        assert said in result.stdout
    assert "bob(at)example" not in result.stdout
    said = document(isthmus("runs", "show", run["id"], "--json"))
    assert [each["step"] for each in said["steps"]][:2] == ["extract", "intake"]
    assert said["dead_letters"] == [{"source": "crm", "stage": "map", "letters": 1}]
    assert [plan["status"] for plan in said["plans"]] == ["applied"]
    assert said["quality"][0]["source"] == "crm"


def test_a_run_that_failed_shows_the_first_line_of_why(isthmus, small):
    small.map("lowr")
    small.sync(GOOD)
    (run,) = runs(isthmus)
    assert run["status"] == "failed"
    assert "unknown step 'lowr'" in isthmus("runs", "show", run["id"]).stdout
    assert "unknown step" in isthmus("runs").stdout


def test_a_run_whose_process_is_gone_is_interrupted(isthmus, small):
    with small.bus() as bus, running(bus, "sync", "test"):
        (going,) = runs(isthmus)
        assert going["status"] == "running"
        with writing(bus.engine) as conn:
            conn.execute(sa.update(project_lock).values(started="1"))
        (gone,) = runs(isthmus)
        assert gone["status"] == "interrupted"


def test_a_run_that_another_took_the_project_from_is_interrupted(isthmus, small):
    with small.bus() as bus, writing(bus.engine) as conn:
        ledger.start_run(conn, "sync")
    (left,) = runs(isthmus)
    assert left["status"] == "interrupted"


def test_what_is_not_there_is_told(isthmus):
    assert "no run yet" in isthmus("runs").stdout
    result = isthmus("runs", "show", "nonsense")
    assert result.exit_code == 1
    assert "no run's id ends in 'nonsense'" in result.stderr
    assert isthmus("runs", "--status", "done").exit_code == 2


def test_a_report_is_written_as_a_page_or_as_a_document(isthmus, small, tmp_path):
    small.sync(GOOD, BAD, targets=["portal"])
    (run,) = runs(isthmus)
    file = tmp_path / "report.html"
    told = isthmus("runs", "report", run["id"][-12:], "--output", str(file))
    assert (told.exit_code, told.stdout) == (0, "")
    assert file.read_text("utf-8").startswith("<!doctype html>")
    said = document(isthmus("runs", "report", run["id"], "--format", "json"))
    assert said["run"]["id"] == run["id"]
    nowhere = isthmus("runs", "report", run["id"], "--output", str(tmp_path / "no" / "file"))
    assert (nowhere.exit_code, nowhere.stdout) == (1, "")
    assert "cannot be written" in nowhere.stderr
