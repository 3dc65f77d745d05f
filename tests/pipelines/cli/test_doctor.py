"""``isthmus doctor``."""

from __future__ import annotations

from tests.pipelines.cli.conftest import document


def test_a_healthy_project_is_told_line_by_line(run, project):
    result = run("doctor", "--project", project)
    assert result.exit_code == 0
    assert all(line.startswith("ok ") for line in result.stdout.splitlines())
    assert result.stderr.endswith("0 warn, 0 fail\n")


def test_what_fails_says_its_mend_and_ends_with_one(run, project):
    (project / "customers.csv").unlink()
    result = run("doctor", "--project", project)
    assert result.exit_code == 1
    assert "fail sources.shop: " in result.stdout
    (project / "isthmus.yaml").write_text("project: empty\n")
    result = run("doctor", "--project", project)
    assert result.exit_code == 0
    assert "\n      → name a source in isthmus.yaml\n" in result.stdout


def test_with_json_it_is_one_document(run, project, tmp_path):
    said = document(run("doctor", "--json", "--project", project))
    assert said["ok"]
    assert {each["grade"] for each in said["findings"]} == {"ok"}
    result = run("doctor", "--json", "--project", tmp_path / "no")
    assert result.exit_code == 1
    assert document(result)["findings"][-1]["about"] == "project"
