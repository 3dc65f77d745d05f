"""What the demo says to look at next is there, as it is printed."""

from __future__ import annotations

import io
import shlex
import sys
from pathlib import Path

import pytest
from rich.console import Console

from pipelines.cli.demojob import DemoJob
from pipelines.cli.main import app
from pipelines.cli.reference import commands
from pipelines.sandbox.demo import next_steps, run_demo
from pipelines.sandbox.wish import Wish

MAKEFILE = Path(__file__).parents[3] / "Makefile"


def printed(folder, gid="01a21444-718b-7036-b04b-86f027e34770"):
    return [shlex.split(command) for command, _ in next_steps(folder / "project", gid)]


def test_every_command_that_is_printed_exists(tmp_path):
    known = commands(app)
    targets = MAKEFILE.read_text("utf-8")
    for words in printed(tmp_path):
        if words[0] == "make":
            assert f"\n{words[1]}:" in targets
        else:
            assert words[:3] == ["isthmus", "--project", str(tmp_path / "project")]
            said = " ".join(word for word in words[3:5] if not word.startswith("-"))
            assert said in known or f"{said} list" in known


def test_the_program_is_named_as_it_is_called_from_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / ".venv/bin/isthmus"), "sandbox", "demo"])
    (why,) = [words for words in printed(tmp_path) if "why" in words]
    assert why[:3] == [".venv/bin/isthmus", "--project", "project"]
    monkeypatch.setattr(sys, "argv", ["/usr/bin/isthmus", "sandbox", "demo"])
    assert {words[0] for words in printed(tmp_path)} == {"make", "isthmus"}


@pytest.mark.parametrize("folder", ["a b", "it's"])
def test_a_folder_of_any_name_can_be_pasted(tmp_path, folder):
    (why,) = [words for words in printed(tmp_path / folder) if "why" in words]
    assert why[2] == str(tmp_path / folder / "project")


def test_without_a_profile_nothing_is_said_of_one(tmp_path):
    assert all("why" not in words for words in printed(tmp_path, None))


def test_a_second_demo_changes_nothing_and_says_so(tmp_path):
    told = []
    for _ in range(2):
        text = io.StringIO()
        story = run_demo(Wish(tmp_path / "box", 200, 3), DemoJob, Console(file=text, width=100))
        told.append(text.getvalue())
    assert "Nothing changed" not in told[0]
    assert "Nothing changed" in told[1]
    assert story.target.users > 0
    assert story.score.precision > 0.9
