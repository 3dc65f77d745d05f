"""What holds for every command: where the project is named, and how errors end."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors.errors import TransientError
from idp_core.errors import SchemaError
from pipelines.errors import BusyError, ProjectError
from tests.pipelines.cli.conftest import document


def test_the_project_is_named_before_or_after_the_command_or_by_the_environment(
    run, project, tmp_path
):
    assert run("--project", project, "sync", "--plan-only").exit_code == 0
    assert run("sync", "--project", project, "--plan-only").exit_code == 0
    assert run("sync", "--plan-only", env={"ISTHMUS_PROJECT": str(project)}).exit_code == 0
    elsewhere = {"ISTHMUS_PROJECT": str(tmp_path / "elsewhere")}
    assert run("--project", project, "sync", "--plan-only", env=elsewhere).exit_code == 0
    assert run("sync", "--plan-only", "--project", project, env=elsewhere).exit_code == 0


def test_the_word_nearest_the_command_wins(run, project, tmp_path):
    assert run("--project", tmp_path / "other", "sync", "--project", project).exit_code == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ProjectError("mend it"), 2),
        (BusyError("wait"), 5),
        (TransientError("shop.example is not there"), 4),
        (SchemaError("run isthmus db upgrade"), 1),
        (OSError(errno.ENOSPC, "No space left on device", "data/x"), 1),
        (sa.exc.OperationalError("SELECT", {}, Exception("disk is full\nmore")), 4),
        (KeyboardInterrupt(), 130),
    ],
)
def test_an_error_is_one_line_and_its_exit_code(run, monkeypatch, error, code):
    def fail(_):
        raise error

    monkeypatch.setattr("pipelines.project.load_project", fail)
    result = run("sync")
    assert result.exit_code == code
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    said = {1: "No space left on device", 4: "disk is full"}.get(code, "") or str(error)
    assert str(error) in result.stderr or said in result.stderr


def test_a_bug_is_not_hidden(run, monkeypatch):
    monkeypatch.setattr("pipelines.project.load_project", lambda _: 1 / 0)
    assert isinstance(run("sync").exception, ZeroDivisionError)


def test_with_json_an_error_is_a_document_too(run, tmp_path):
    result = run("sync", "--json", "--project", tmp_path)
    said = document(result)
    assert result.exit_code == said["exit_code"] == 2
    assert "no such file" in said["error"]


def test_sync_answers_with_one_document(run, project):
    said = document(run("sync", "--json", "--project", project))
    assert said["sources"]["shop"]["read"] == 2
    assert said["sources"]["shop"]["dead"] == 1
    assert said["exit_code"] == 0


def test_sync_tells_every_problem_and_still_what_was_done(run, project):
    (project / "isthmus.yaml").write_text(
        "project: first\n"
        "sources:\n"
        "  shop:\n"
        "    connector: {type: files, path: customers.csv}\n"
        "  gone:\n"
        "    connector: {type: files, path: nowhere.csv}\n"
        "    mapping: mappings/shop.yaml\n"
        "  unmapped:\n"
        "    connector: {type: files, path: customers.csv}\n",
        encoding="utf-8",
    )
    result = run("sync", "--project", project)
    assert result.exit_code in {2, 4}
    assert "shop: 2 rows read" in result.stdout
    said = document(run("sync", "--json", "--project", project))
    assert len(said["problems"]) == 2
    assert all(problem in result.stderr.splitlines() for problem in said["problems"])
    assert said["exit_code"] == result.exit_code


HEAVY = ("sqlalchemy", "duckdb", "sqlglot", "pyarrow", "alembic", "psutil", "great_expectations")


def started(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False)


def test_help_and_completion_load_nothing_heavy():
    code = f"import sys, pipelines.cli.main; print(sorted(set({HEAVY}) & set(sys.modules)))"
    assert started(sys.executable, "-c", code).stdout == "[]\n"


def test_the_command_is_installed_and_ends_with_its_code(project):
    isthmus = Path(sys.executable).with_name("isthmus")
    done = started(isthmus, "sync", "--project", project)
    assert (done.returncode, done.stdout.count("rows read")) == (0, 1)
    wrong = started(isthmus, "--project", project / "no", "sync")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "Traceback" not in wrong.stderr


def test_a_reader_that_goes_away_is_no_error_to_tell(project):
    upgrade = f"{sys.executable} -m pipelines.cli db upgrade --sql --project {project}"
    done = started("bash", "-c", f"{upgrade} | head -1")
    assert (done.stdout, done.stderr) == ("BEGIN;\n", "")
