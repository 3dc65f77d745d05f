"""``isthmus init``: what it makes works, as it says itself."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.registry import names
from pipelines.project import load_project
from tests.pipelines.cli.conftest import document


def test_what_it_tells_to_do_next_works_as_it_is_printed(tmp_path):
    isthmus = Path(sys.executable).parent
    home = tmp_path / "o'clock & co"
    home.mkdir()

    def shell(script):
        return subprocess.run(
            ["bash", "-e", "-c", f'export PATH="{isthmus}:$PATH"\n{script}'],
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
        )

    made = shell('isthmus init "it\'s mine"')
    assert made.returncode == 0, made.stderr
    _, steps = made.stdout.split("next:\n")
    done = shell(steps)
    assert done.returncode == 0, done.stderr
    assert "3 tests passed" in done.stdout
    assert "customers: 5 rows read, 3 new" in done.stdout


def test_it_makes_a_project_of_the_folders_name(run, tmp_path):
    said = document(run("init", tmp_path / "Böse Ecke", "--json"))
    assert load_project(tmp_path / "Böse Ecke").project == "bose-ecke"
    assert all(Path(file).is_file() for file in said["files"])
    assert (tmp_path / "Böse Ecke" / ".gitignore").read_text() == "data/\nsecrets/\n"
    assert run("init", tmp_path / "42").exit_code == 0
    assert load_project(tmp_path / "42").project == "project-42"


def test_the_folder_is_that_of_the_project_option_when_none_is_named(run, tmp_path):
    assert run("--project", tmp_path / "a", "init").exit_code == 0
    assert run("mapping", "check", "--project", tmp_path / "a").exit_code == 0


def test_it_overwrites_nothing(run, tmp_path):
    (tmp_path / "customers.csv").write_text("mine")
    result = run("init", tmp_path)
    assert result.exit_code == 2
    assert "customers.csv is there already; nothing was written" in result.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["customers.csv"]
    (tmp_path / "customers.csv").unlink()
    assert run("init", tmp_path).exit_code == 0
    assert run("init", tmp_path).exit_code == 2


def test_a_readme_and_a_gitignore_that_are_there_stay_as_they_are(run, tmp_path):
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / ".gitignore").write_text("mine")
    result = run("init", tmp_path)
    assert result.exit_code == 0
    assert ".gitignore: left as it is; let it name data/ and secrets/" in result.stdout
    assert (tmp_path / "README.md").read_text() == (tmp_path / ".gitignore").read_text() == "mine"


@pytest.mark.parametrize("kind", names())
def test_from_adds_a_source_of_the_type_that_is_right_once_it_is_filled_in(run, tmp_path, kind):
    assert run("init", tmp_path, "--from", kind).exit_code == 0
    file = tmp_path / "isthmus.yaml"
    assert f"my_{kind}" not in load_project(tmp_path).sources
    file.write_text(re.sub(r"^  # ", "  ", file.read_text(), flags=re.MULTILINE))
    assert load_project(tmp_path).sources[f"my_{kind}"].connector["type"] == kind


def test_an_unknown_type_is_told_before_anything_is_written(run, tmp_path):
    result = run("init", tmp_path / "x", "--from", "sqll")
    assert result.exit_code == 2
    assert "unknown connector type 'sqll'; did you mean 'sql'?" in result.stderr
    assert not (tmp_path / "x").exists()


def test_a_place_where_nothing_can_be_made_is_one_line(run, tmp_path):
    (tmp_path / "file").write_text("")
    result = run("init", tmp_path / "file" / "x")
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)


def test_schemas_are_written_anew_with_the_projects_own_attributes(run, tmp_path):
    run("init", tmp_path)
    (tmp_path / "own.yaml").write_text("attributes:\n  shoe_size: {type: integer, doc: EU.}\n")
    file = tmp_path / "isthmus.yaml"
    file.write_text(file.read_text() + "schema: own.yaml\n")
    result = run("init", tmp_path, "--schemas")
    assert result.exit_code == 0, result.stderr
    assert "shoe_size" in (tmp_path / ".isthmus/schema/mapping.json").read_text()
    assert "next:" not in result.stdout
