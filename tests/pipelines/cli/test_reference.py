"""The reference page has every command with its options.

``python -m tests.pipelines.cli.test_reference`` makes its tables anew.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from pipelines.cli.main import app
from pipelines.cli.reference import MARK, commands, with_commands
from pipelines.errors import BusyError, ProjectError, RemoteError, StoppedError

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "reference" / "command-line.md"
OTHERS = (
    "connectors/simulators/",
    "connectors/singer/",
    "idp_core/web/files.py",
    "pipelines/authoring/earlier.py",
    "pipelines/cli/sandbox.py",
    "pipelines/doctor/installation.py",
    "pipelines/sandbox/",
)
"""What names options of other programs, which it starts."""


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


def advised() -> Iterator[tuple[str, str]]:
    """Where an option is named in a text of ours, and the option."""
    for package in ("connectors", "idp_core", "mappings", "pipelines"):
        for path in sorted((ROOT / package).rglob("*.py")):
            place = path.relative_to(ROOT).as_posix()
            if not place.startswith(OTHERS):
                for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                    if isinstance(node, ast.Constant) and isinstance(node.value, str):
                        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", node.value):
                            yield f"{place}:{node.lineno}", option


def test_no_text_advises_an_option_that_no_command_has():
    known = {
        option
        for command in commands(app).values()
        for param in command.params
        for option in (*param.opts, *param.secondary_opts)
    }
    found = list(advised())
    assert ("pipelines/cli/plans.py", "--look") in {
        (place.partition(":")[0], option) for place, option in found
    }
    assert [each for each in found if each[1] not in known | {"--help"}] == []


if __name__ == "__main__":
    PAGE.write_text(with_commands(PAGE.read_text("utf-8"), app), encoding="utf-8")
