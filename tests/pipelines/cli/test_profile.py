"""``isthmus profile`` and ``isthmus quality`` over a project whose records are of two people."""

from __future__ import annotations

import pytest

from tests.pipelines.cli.conftest import document

ROWS = """\
id,mail,first,last,phone
1, Ann@Mail.example ,Ann,Lee,030 901820
2,ann(at)mail,Bob,Lee,
3,ann@mail.example,Annie,Lee,030 901820
4,eve@mail.example,Eve,O'Hara,
"""


@pytest.fixture
def people(project, run):
    (project / "customers.csv").write_text(ROWS, encoding="utf-8")
    assert run("sync", "--project", project).exit_code == 0
    return project


@pytest.fixture
def gid(people, run):
    (found,) = document(run("profile", "find", "shop:1", "--project", people, "--json"))
    return found["gid"]


@pytest.mark.parametrize(
    "query",
    [
        "ann@mail.example",
        " ANN@mail.example",
        "+4930901820",
        "+49 30 90-18.20",
        "shop:3",
        "lee ann",
    ],
)
def test_a_person_is_found_by_anything_that_is_known_of_them(people, run, gid, query):
    result = run("profile", "find", query, "--project", people)
    assert result.exit_code == 0
    assert gid in result.stdout
    assert "shop:1, shop:3" in result.stdout


def test_nobody_is_an_answer_with_an_exit_code_of_its_own(people, run):
    result = run("profile", "find", "no", "such", "person", "--project", people)
    assert (result.exit_code, result.stdout.strip()) == (1, "nobody")
    assert document(run("profile", "find", "%", "--project", people, "--json")) == []


def test_a_global_id_that_merged_away_leads_to_the_one_that_stayed(people, run, gid):
    same = "ann@mail.example,Ann,Lee,030 901820"
    text = (people / "customers.csv").read_text().replace("eve@mail.example,Eve,O'Hara,", same)
    (eve,) = document(run("profile", "find", "eve@mail.example", "--project", people, "--json"))
    (people / "customers.csv").write_text(text, encoding="utf-8")
    assert run("sync", "--project", people).exit_code == 0
    result = run("profile", "show", eve["gid"], "--project", people)
    assert f"{eve['gid']} was merged into {gid}" in result.stdout
    assert "profile.merged" in run("profile", "history", eve["gid"], "--project", people).stdout


def test_a_profile_is_shown_with_its_records(people, run, gid):
    shown = document(run("profile", "show", gid, "--project", people, "--json"))
    assert shown["attributes"]["family_name"] == "Lee"
    assert [each["record"] for each in shown["records"]] == ["shop:1", "shop:3"]


def test_each_value_has_its_line_its_rule_and_who_says_otherwise(people, run, gid):
    told = document(run("profile", "why", gid, "--project", people, "--json"))
    (given,) = [each for each in told["values"] if each["attribute"] == "given_name"]
    assert given["line"].endswith("mappings/shop.yaml:6:3")
    (other,) = given["others"]
    assert {given["value"], other["value"]} == {"Ann", "Annie"}
    assert other["fate"] not in ("", "says the same")
    (pair,) = told["pairs"]
    assert pair["joins"]
    assert any(reason["text"].startswith("email") for reason in pair["reasons"])


def test_a_mapping_edited_since_is_not_taken_for_the_one_that_made_the_value(people, run, gid):
    file = people / "mappings" / "shop.yaml"
    file.write_text(file.read_text().replace("steps: [trim, nfc,", "steps: [nfc, trim,"))
    told = document(run("profile", "why", gid, "given_name", "--project", people, "--json"))
    assert told["values"][0]["line"] is None


def test_one_attribute_may_be_asked_by_its_short_name(people, run, gid):
    result = run("profile", "why", gid, "email", "--project", people)
    assert "ann@mail.example" in result.stdout
    assert "family_name" not in result.stdout


def test_an_attribute_and_a_person_that_are_not_there_are_told(people, run, gid):
    result = run("profile", "why", gid, "birth_date", "--project", people)
    assert result.exit_code == 1
    assert "has no 'birth_date'; it has" in result.stderr
    result = run("profile", "show", "01990000-0000-7000-8000-000000000000", "--project", people)
    assert result.exit_code == 1
    assert "no profile has the id" in result.stderr


def test_results_are_listed_and_stopped_sources_marked(people, run):
    (people / "customers.csv").write_text("id,mail,first,last,phone\n1,,A,B,\n1,,A,B,\n")
    assert run("sync", "--project", people).exit_code == 3
    listed = document(run("quality", "list", "--project", people, "--json"))
    assert [each["stopped"] is None for each in listed] == [False, True]
    assert (listed[1]["rows"], listed[1]["good"], listed[1]["bad"]) == (4, 3, 1)
    assert "stopped" in run("quality", "list", "--project", people).stdout


def test_a_suite_is_shown_with_its_last_results_and_as_a_file(people, run):
    shown = document(run("quality", "show", "shop", "--project", people, "--json"))
    unique = next(e for e in shown["expectations"] if e["type"].endswith("to_be_unique"))
    assert (unique["met"], unique["rows"], unique["failing"]) == (True, 4, 0)
    assert (
        "column_values_to_be_unique" in run("quality", "show", "shop", "--project", people).stdout
    )
    suite = document(run("quality", "show", "shop", "--suite", "--project", people))
    assert suite["name"] == "shop"


def test_a_source_that_is_not_there_has_no_results(people, run):
    result = run("quality", "list", "--source", "shp", "--project", people)
    assert result.exit_code == 2
    assert "no source 'shp'" in result.stderr


def test_data_docs_are_written_where_it_says(people, run):
    result = run("quality", "docs", "--project", people)
    assert result.exit_code == 0
    assert (people / "data" / "quality-docs" / "index.html").exists()
    assert "runs.html" in result.stderr


def test_a_value_is_set_by_hand_and_let_go(people, run, gid):
    words = ("profile", "set", gid, "nickname", "-", "--why", "asked", "--who", "Ada")
    result = run(*words, "--project", people, input="Annie-Lou\n")
    assert (result.exit_code, result.stdout.split()[1]) == (0, "nickname")
    told = document(run("profile", "why", gid, "nickname", "--project", people, "--json"))
    assert (told["values"][0]["value"], told["values"][0]["from"]) == ("Annie-Lou", "override")
    assert run("profile", "release", gid, "nickname", "--project", people).exit_code == 0
    again = run("profile", "release", gid, "nickname", "--project", people)
    assert (again.exit_code, "nobody set 'nickname'" in again.stderr) == (1, True)
