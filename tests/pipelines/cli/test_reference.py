"""The reference page has every command with its options.

``python -m tests.pipelines.cli.test_reference`` makes its tables anew.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.cli.main import app
from pipelines.cli.reference import MARK, commands, with_commands
from pipelines.errors import BusyError, ProjectError, RemoteError, StoppedError

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "command-line.md"


def test_every_command_stands_in_the_page_once_and_no_other():
    assert sorted(found[1] for found in MARK.finditer(PAGE.read_text("utf-8"))) == sorted(
        commands(app)
    ), f"put <!-- command: ... --> and <!-- end --> into {PAGE}"


def test_every_command_and_option_is_described_as_it_is():
    text = PAGE.read_text("utf-8")
    assert with_commands(text, app) == text, "run: python -m tests.pipelines.cli.test_reference"


def test_every_command_says_what_it_does_and_every_option_what_it_means():
    for words, command in commands(app).items():
        assert command.help, words
        for param in command.params:
            assert param.help, f"{words} {param.name}"


def test_every_exit_code_is_explained():
    text = PAGE.read_text("utf-8")
    for error in (ProjectError, StoppedError, RemoteError, BusyError):
        assert f"\n| {error.exit_code} | " in text


if __name__ == "__main__":
    PAGE.write_text(with_commands(PAGE.read_text("utf-8"), app), encoding="utf-8")
