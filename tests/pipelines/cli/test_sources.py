"""``isthmus sources``."""

from __future__ import annotations

import pytest

from connectors import memory
from tests.pipelines.cli.conftest import document


def test_a_project_that_never_ran_is_listed(run, project):
    result = run("sources", "--project", project)
    assert result.exit_code == 0
    line = next(line for line in result.stdout.splitlines() if line.startswith(" shop"))
    assert line.split()[:4] == ["shop", "files", "full", f"{project}/mappings/shop.yaml"]
    assert "never" in line


def test_after_a_run_it_says_what_was_read_and_what_is_left_open(run, project):
    run("sync", "--project", project)
    (shop,) = document(run("sources", "--json", "--project", project))["sources"]
    assert (shop["object"], shop["mode"], shop["problem"]) == ("customers", "full", None)
    assert (shop["last"]["status"], shop["last"]["rows"]) == ("done", 2)
    assert (shop["records"], shop["letters"], shop["pending"]) == (1, 1, 0)


def test_what_failed_and_what_cannot_be_read_is_told_below(run, project):
    (project / "customers.csv").unlink()
    run("sync", "--project", project)
    mapping = project / "mappings" / "shop.yaml"
    mapping.write_text(mapping.read_text().replace("lower", "lowr"))
    result = run("sources", "--project", project)
    assert result.exit_code == 0
    assert "(failed)" in result.stdout
    assert "shop: the last run says: shop: " in result.stdout
    assert "unknown step 'lowr'" in result.stdout


def test_check_asks_each_system_and_fails_when_one_does(run, project):
    assert "ok: files " in run("sources", "--check", "--project", project).stdout
    (project / "customers.csv").unlink()
    result = run("sources", "--check", "--project", project)
    assert result.exit_code == 4
    assert "fails: " in result.stdout
    (shop,) = document(run("sources", "--check", "--json", "--project", project))["sources"]
    assert shop["answer"]["reached"] is False
    assert "no such file" in shop["answer"]["said"]


def test_show_gives_the_columns_in_the_systems_own_words(run, project):
    result = run("sources", "show", "shop", "--project", project)
    assert result.exit_code == 0
    *columns, about = result.stdout.splitlines()[3:]
    assert [line.split()[:2] for line in columns] == [
        [name, "text"] for name in ("id", "mail", "first", "last", "phone")
    ]
    assert about == 'format csv; encoding utf-8; delimiter ,; quote "'
    said = document(run("sources", "--project", project, "show", "shop", "--json"))
    assert said["used"] == "customers"
    assert said["objects"][0]["columns"][0] == {"name": "id", "type": "text", "nullable": False}


def test_show_names_the_other_objects_and_shows_them_when_asked(run, project):
    (project / "isthmus.yaml").write_text(
        "project: first\nsources:\n  shop: {connector: {type: files, path: '*.csv'}}\n"
    )
    (project / "other.csv").write_text("a,b\n")
    result = run("sources", "show", "shop", "--project", project)
    assert "other objects (--all shows them): other (2 columns)" in result.stdout
    assert " b " in run("sources", "show", "shop", "--all", "--project", project).stdout


def test_a_target_is_shown_with_what_it_holds(run, project):
    memory.store("cli-sources").accounts["User"] = {}
    (project / "isthmus.yaml").write_text(
        (project / "isthmus.yaml").read_text()
        + "targets:\n  portal: {connector: {type: memory, store: cli-sources}}\n"
    )
    (project / "mappings" / "portal.push.yaml").write_text(
        "push: portal\nto: {object: User}\nfields: {userName: p.email}\n"
    )
    assert run("sync", "--project", project).exit_code == 0
    (portal,) = document(run("sources", "--json", "--project", project))["targets"]
    assert portal["accounts"] == {"active": 1}
    assert portal["last"]["status"] == "done"
    said = document(run("sources", "show", "portal", "--json", "--project", project))
    assert said["used"] == "User"


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [("shp", 2, "no source or target 'shp'; did you mean 'shop'?"), ("shop", 4, "no such file")],
)
def test_what_cannot_be_shown_is_one_line(run, project, name, code, said):
    (project / "customers.csv").unlink()
    result = run("sources", "show", name, "--project", project)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr


def test_no_value_of_a_customer_is_shown(run, project):
    run("sync", "--project", project)
    for words in (["sources"], ["sources", "--json"], ["sources", "show", "shop"]):
        said = run(*words, "--project", project).output
        assert "ann" not in said.lower().replace(str(project).lower(), "")
        assert "901820" not in said
