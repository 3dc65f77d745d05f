"""Answers: nothing is cut, nothing but the answer is on standard output."""

from __future__ import annotations

import io
import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.cli import output

ID = "0198d2d4-1c1e-7a66-8b9a-0123456789ab"


def rows(n=9):
    return output.table([f"c{i}" for i in range(n)], [[ID] * n])


def test_a_wide_table_keeps_its_ids_where_there_is_no_terminal(capsys):
    output.give({}, rows(), as_json=False)
    assert capsys.readouterr().out.count(ID) == 9


@pytest.mark.parametrize("width", [20, 80])
def test_a_wide_table_keeps_its_ids_on_a_narrow_terminal(monkeypatch, capsys, width):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(width))
    output.give({}, rows(), as_json=False)
    assert capsys.readouterr().out.count(ID) == 9


def test_prose_takes_several_lines_before_a_terminal_is_left(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    output.give({}, output.table(["id", "why"], [[ID, "word " * 30]], folds=["why"]), as_json=False)
    lines = re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out).splitlines()
    assert any(ID in line for line in lines)
    assert max(map(len, lines)) <= 60


def test_a_bracket_in_a_value_is_no_markup(capsys):
    output.give({}, "emails[0] [red]x[/red]", output.table(["a"], [["[b]"]]), as_json=False)
    said = capsys.readouterr().out
    assert "emails[0] [red]x[/red]" in said
    assert "[b]" in said


def test_numbers_have_separators_and_nothing_is_an_empty_cell(capsys):
    output.give({}, output.table(["n", "x"], [[1234567, None]], numbers=["n"]), as_json=False)
    said = capsys.readouterr().out
    assert "1,234,567" in said
    assert "None" not in said


def test_json_has_words_for_what_ours_holds(capsys):
    when = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    output.give({"at": when, "file": Path("a/b"), "names": {"b", "a"}}, as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "at": "2026-01-02T03:04:00+00:00",
        "file": str(Path("a/b")),
        "names": ["a", "b"],
    }


def test_json_can_be_written_in_any_encoding(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    output.give({"name": "Zoë"}, as_json=True)
    assert json.loads(raw.getvalue()) == {"name": "Zoë"}


def test_messages_go_to_standard_error_uncut(capsys):
    output.tell("x" * 300)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "x" * 300 + os.linesep
