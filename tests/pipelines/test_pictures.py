"""Pictures of a person and of a pair: they are drawn, hold no values, and ask no other host."""

from __future__ import annotations

import re
import sys
from xml.etree import ElementTree as ET

import pytest

from idp_core.profiles.model import SourceRef
from idp_core.profiles.scoring import Reason
from pipelines import pictures
from pipelines.errors import JobError
from pipelines.persongraph import PersonGraph
from pipelines.resolve.explain import Explanation
from pipelines.resolving import PairTold
from tests.pipelines.cli.conftest import document, project, run
from tests.pipelines.test_persongraph import ROWS

__all__ = ["project", "run"]

REASONS = (Reason("email: same", 21.0), Reason("given name: different", -6.0))
SAID = Explanation(5.0, REASONS, None, steward=False)


def texts(svg: str) -> set[str]:
    return {(each.text or "").strip() for each in ET.fromstring(svg).iter()}


@pytest.fixture
def people(project, run):
    (project / "customers.csv").write_text(ROWS, encoding="utf-8")
    assert run("sync", "--project", project).exit_code == 0
    return project


def test_a_person_is_drawn_with_the_doubts_about_them_and_without_values(people, run, tmp_path):
    (found,) = document(run("profile", "find", "shop:4", "--project", people, "--json"))
    file = tmp_path / "person.svg"
    words = ("profile", "graph", found["gid"], "--picture", file, "--project", people)
    assert run(*words).exit_code == 0
    svg = file.read_text("utf-8")
    assert {found["gid"], "shop:4", "shop:5", "in doubt"} <= texts(svg)
    assert "Quatermain" not in svg
    assert "quatermain" not in svg


def test_a_pair_is_drawn_step_by_step(people, run, tmp_path):
    file = tmp_path / "pair.svg"
    words = ("resolve", "explain", "shop:1", "shop:3", "--picture", file, "--project", people)
    assert run(*words).exit_code == 0
    found = texts(file.read_text("utf-8"))
    assert {"shop:1 and shop:3", "needed to join", "together"} <= found
    assert any(text.startswith("phone") for text in found)


def test_the_bars_of_a_waterfall_begin_where_the_one_before_ended_and_end_at_the_sum():
    drawn = pictures.waterfall(PairTold(SAID), "a and b")
    bars = drawn["vconcat"][0]["data"]["values"]
    assert [(bar["from"], bar["to"]) for bar in bars] == [(0, -10), (-10, 11), (11, 5), (0, 5)]
    assert [bar["what"] for bar in bars] == [
        "speaks against",
        "speaks for",
        "speaks against",
        "together",
    ]


def test_a_page_asks_no_other_host(tmp_path):
    file = tmp_path / "pair.html"
    pictures.draw(pictures.waterfall(PairTold(SAID), "a and b"), file)
    page = file.read_text("utf-8")
    assert "needed to join" in page
    assert re.findall(r"<(?:script|link)[^>]*(?:src|href)=", page) == []
    assert "cdn." not in page


def test_a_picture_of_points_is_a_png(tmp_path):
    file = tmp_path / "pair.PNG"
    alone = PersonGraph("g", "g", [SourceRef("shop", "1")], {}, [], [])
    pictures.draw(pictures.person(alone), file)
    assert file.read_bytes().startswith(b"\x89PNG")


def test_another_form_is_refused_before_anything_is_asked(people, run, tmp_path):
    words = ("profile", "graph", "g", "--picture", tmp_path / "a.gif", "--project", people)
    refused = run(*words)
    assert (refused.exit_code, "a picture ends in .svg, .html, .png" in refused.stderr) == (1, True)


def test_a_place_that_cannot_be_written_and_a_missing_package_are_told(tmp_path, monkeypatch):
    drawn = pictures.waterfall(PairTold(SAID), "a and b")
    with pytest.raises(JobError, match=r"none.a\.svg: cannot be written: No such file"):
        pictures.draw(drawn, tmp_path / "none" / "a.svg")
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(JobError, match=r"pip install 'isthmus\[pictures\]'"):
        pictures.draw(drawn, tmp_path / "a.svg")
