"""The graph of a person: what holds the records together, and what is in doubt about them."""

from __future__ import annotations

import pytest

from tests.pipelines.cli.conftest import document, project, run

__all__ = ["project", "run"]

ROWS = """\
id,mail,first,last,phone
1,ann@mail.example,Ann,Lee,030 901820
2,ann@mail.example,Ann,Lee,
3,,Annie,Lee,030 901820
4,z@quatermain.example,Zebulon,Quatermain,
5,,Zebulon,Quatermain,
"""


@pytest.fixture
def graph(project, run):
    (project / "customers.csv").write_text(ROWS, encoding="utf-8")
    assert run("sync", "--project", project).exit_code == 0

    def graph(record: str, *more: str):
        (found,) = document(run("profile", "find", record, "--project", project, "--json"))
        return run("profile", "graph", found["gid"], "--project", project, *more)

    return graph


def test_records_hang_together_by_their_strongest_pairs_with_reasons_and_no_values(graph):
    text = graph("shop:1").stdout
    assert text.index("shop:1") < text.index("shop:2")
    assert "email: same +21" in " ".join(text.replace("│", " ").split())
    assert "lee" not in text.lower()
    found = document(graph("shop:1", "--json"))
    assert found["records"] == ["shop:1", "shop:2", "shop:3"]
    assert len(found["pairs"]) == 3
    tree = {(each["left"], each["right"]) for each in found["pairs"] if each["tree"]}
    assert tree == {("shop:1", "shop:2"), ("shop:1", "shop:3")}


def test_a_record_alone_is_a_tree_of_one_and_its_doubts_are_told(graph):
    found = document(graph("shop:4", "--json"))
    assert (found["records"], found["pairs"]) == (["shop:4"], [])
    assert [each["right"] for each in found["doubts"]] == ["shop:5"]
    assert "names alone never join" in graph("shop:4").stdout
