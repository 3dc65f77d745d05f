"""Answers: nothing is cut, nothing but the answer is on standard output."""

from __future__ import annotations

import io
import json
import os
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from rich.text import Text

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


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("name", ["Zoë", "Łódź", "half \udc80 a pair"])
def test_json_can_be_written_in_any_encoding(monkeypatch, encoding, name):
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding=encoding))
    output.give({"name": name}, as_json=True)
    assert json.loads(raw.getvalue().decode(encoding)) == {"name": name}


def test_a_number_that_is_none_is_null_in_json(capsys):
    output.give([float("nan"), float("inf"), 1.5, Decimal("1.50"), (1, {2: None})], as_json=True)
    assert json.loads(capsys.readouterr().out) == [None, None, 1.5, "1.50", [1, {"2": None}]]


def test_no_value_can_steer_a_terminal(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    name = "Ann\x1b[2J\x9b31m\u202eeeL\x00"
    output.give({}, name, output.table(["a"], [[name]]), Text(name, style="red"), as_json=False)
    output.tell(name, "red")
    said = capsys.readouterr()
    for text in (said.out, said.err):
        assert "\x1b[2J" not in text
        assert not {"\x9b", "\u202e", "\x00"} & set(text)
        assert "Ann\\x1b[2J\\x9b31m\\u202eeeL\\x00" in text


def test_messages_go_to_standard_error_uncut(capsys):
    output.tell("x" * 300)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "x" * 300 + os.linesep
