"""The sandbox on the command line."""

from __future__ import annotations

import sys

import pytest
from typer.testing import CliRunner

from pipelines import sandbox
from pipelines.sandbox import commands, demo
from pipelines.sandbox.errors import SandboxError
from pipelines.sandbox.wish import Wish


@pytest.fixture
def app():
    return commands.make_app(lambda folder, console: None, lambda folder: ["dagster", str(folder)])


@pytest.fixture
def calls(monkeypatch):
    made = []
    for name in ("run_demo", "run_change", "run_beside"):
        monkeypatch.setattr(demo, name, lambda wish, *_, name=name: made.append((name, wish)))
    return made


def test_each_command_runs_its_part_on_the_sandbox_that_is_named(app, calls, tmp_path):
    runner = CliRunner()
    folder = str(tmp_path)
    assert runner.invoke(app, ["demo", "--folder", folder, "--size", "50"]).exit_code == 0
    assert runner.invoke(app, ["change", "--folder", folder]).exit_code == 0
    assert runner.invoke(app, ["dagster", "--folder", folder, "--seed", "3"]).exit_code == 0
    assert runner.invoke(app, ["demo", "--folder", folder, "--full"]).exit_code == 0
    assert calls.pop() == ("run_demo", Wish(tmp_path, None, None, full=True))
    assert calls == [
        ("run_demo", Wish(tmp_path, 50, None)),
        ("run_change", Wish(tmp_path, None, None)),
        ("run_beside", Wish(tmp_path, None, 3)),
    ]


def test_a_world_without_records_is_refused_before_anything_is_started(app, calls):
    assert CliRunner().invoke(app, ["demo", "--size", "0"]).exit_code == 2
    assert calls == []


def test_clean_forgets_a_sandbox_and_is_content_without_one(app, tmp_path):
    (tmp_path / "box" / "systems").mkdir(parents=True)
    for _ in range(2):
        result = CliRunner().invoke(app, ["clean", "--folder", str(tmp_path / "box")])
        assert result.exit_code == 0, result.output
    assert not (tmp_path / "box").exists()


def test_a_plain_installation_has_help_and_says_what_the_sandbox_needs(app, monkeypatch):
    for name in ("pipelines.sandbox.demo", "pipelines.sandbox.processes"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.delattr(sandbox, "demo", raising=False)
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert CliRunner().invoke(app, ["--help"]).exit_code == 0
    result = CliRunner().invoke(app, ["demo"])
    assert isinstance(result.exception, SandboxError)
    assert "needs the package psutil" in str(result.exception)
    assert "isthmus[sandbox]" in str(result.exception)
