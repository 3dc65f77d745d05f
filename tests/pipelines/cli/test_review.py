"""``isthmus review`` over a project of two namesakes."""

from __future__ import annotations

import pytest

from tests.pipelines.cli.conftest import document

ROWS = """\
id,mail,first,last,phone
1,,Zebulon,Quatermain,
2,z@quatermain.example,Zebulon,Quatermain,
"""


@pytest.fixture
def review(project, run):
    (project / "customers.csv").write_text(ROWS, encoding="utf-8")
    synced = run("sync", "--project", project)
    assert "1 more pairs wait for a person: isthmus review list" in synced.stderr
    return lambda *words: run("review", *words, "--project", project)


def test_a_case_is_listed_shown_assigned_and_decided(review, run, project):
    (listed,) = document(review("list", "--json"))
    assert (listed["case"], listed["kind"], listed["left"]) == (1, "held", "shop:1")
    assert "quatermain" not in review("list").stdout.lower()
    shown = review("show", "1").stdout
    assert "given_name =" in shown
    assert "names alone never join" in shown
    assert review("assign", "1", "--to", "Bo").exit_code == 0
    assert [each["case"] for each in document(review("list", "--assignee", "Bo", "--json"))] == [1]
    said = review("decide", "same", "1", "--why", "called", "--who", "Ada", "--json")
    assert document(said) == {"cases": [1], "pairs": 1, "problems": [], "verdict": "same"}
    run("sync", "--project", project)
    seen = document(review("show", "1", "--json"))
    assert seen["records"]["left"]["gid"] == seen["records"]["right"]["gid"]
    assert [(act["action"], act["who"]) for act in seen["actions"]][1:] == [("same", "Ada")]


def test_bulk_tells_what_it_would_do_and_does_it_only_with_yes(review):
    assert "1 cases would be different" in review("bulk", "different", "--why", "two").stdout
    assert len(document(review("list", "--json"))) == 1
    done = document(review("bulk", "different", "--why", "two", "--yes", "--json"))
    assert done["cases"] == [1]
    assert review("list").stdout.strip() == "nothing waits for a person"
    back = document(
        review("bulk", "open", "--status", "different", "--why", "no", "--yes", "--json")
    )
    assert back["cases"] == [1]
    assert len(document(review("list", "--json"))) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "7"), "no case has the number 7"),
        (("decide", "same", "7", "--why", "x"), "no case has the number 7"),
        (("decide", "same", "1", "--why", " "), "say why"),
        (("decide", "maybe", "1", "--why", "x"), "'maybe' is not one of"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(review, words, said):
    result = review(*words)
    assert result.exit_code in (1, 2)
    assert said in " ".join(result.stderr.replace("│", " ").split())
