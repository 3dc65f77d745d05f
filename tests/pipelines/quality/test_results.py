from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest

from pipelines.quality.docs import build_docs
from pipelines.quality.gate import check
from pipelines.quality.results import load, make_report
from tests.pipelines.quality.mapped import email, expect, mapped, problem, suite

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
SECRET = "Xavierine"


def named(type_, **kwargs):
    return expect(type_, "info", column="given_name", **kwargs)


@pytest.fixture
def report(con):
    rows = [
        {"given_name": SECRET, "emails": [email(f"{SECRET}@x.org")], "birth_date": "1981-02-03"},
        {"given_name": SECRET, "_problems": [problem(severity="blank")]},
        {},
    ]
    expectations = (
        expect("column_values_to_be_in_set", column="given_name", value_set=["Ann"], mostly=0),
        expect("column_values_to_match_regex", "warning", column="email", regex="^a"),
        expect("column_max_to_be_between", column="birth_date", max_value="2000-01-01"),
        named("column_most_common_value_to_be_in_set", value_set=["A"]),
        named("column_values_to_match_strftime_format", strftime_format="%Y"),
        named("column_distinct_values_to_contain_set", value_set=["A"]),
        expect("column_unique_value_count_to_be_between", column="given_name", max_value=3),
    )
    result = check(con, mapped(con, *rows), suite(*expectations), good="good", bad="bad")
    return make_report(result, source="crm", run="run-1", at=AT)


def test_a_report_is_great_expectations_own_json(gx, report):
    found = load(report)
    assert type(found).__name__ == "ExpectationSuiteValidationResult"
    assert found.to_json_dict() == json.loads(json.dumps(report))
    assert found.get_max_severity_failure() is not None
    assert found.statistics["evaluated_expectations"] == 7


def test_a_report_names_rows_and_no_values(report):
    assert SECRET not in json.dumps(report)
    assert "1981" not in json.dumps(report)
    first = report["results"][0]["result"]
    assert first["partial_unexpected_list"] == []
    assert first["partial_unexpected_index_list"] == [{"_row": 0}, {"_row": 1}]
    assert report["meta"]["isthmus"] == {
        "rows": 3,
        "good": 1,
        "bad": 2,
        "stopped": None,
        "problems": [{"field": "email", "step": "email", "severity": "blank", "rows": 1}],
    }


def test_data_docs_are_pages_with_an_index(gx, report, tmp_path):
    index = build_docs([report], tmp_path / "docs")
    assert "crm" in index.read_text(encoding="utf-8")
    (page,) = (tmp_path / "docs" / "validations").rglob("*.html")
    text = page.read_text(encoding="utf-8")
    assert "given_name" in text
    assert SECRET not in text


def later_run(report, run):
    later = json.loads(json.dumps(report))
    later["meta"]["run_id"]["run_name"] = run
    return later


def test_pages_of_earlier_runs_stay_and_are_told_apart_by_the_index(gx, report, tmp_path):
    first = build_docs([report], tmp_path)
    (page,) = (tmp_path / "validations").rglob("*.html")
    index = build_docs([later_run(report, "run-2")], tmp_path).read_text(encoding="utf-8")
    assert first.exists()
    assert page.exists()
    # the table of the index is drawn by a script from this data
    rows = re.findall(r"'run_name': '([^']*)'.*?'_table_row_link_path': '([^']*)'", index)
    assert sorted(name for name, _ in rows) == ["run-1", "run-2"]
    for name, address in rows:
        assert f"/{name}/" in address
        assert (tmp_path / unquote(address)).exists()
    assert (tmp_path / "expectations" / "crm.html").exists()


def test_a_plain_list_names_every_page_without_scripts(gx, report, tmp_path):
    build_docs([report, later_run(report, "<run> & 2")], tmp_path)
    text = (tmp_path / "runs.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;run&gt; &amp; 2" in text
    addresses = re.findall('href="([^"]+)"', text)
    assert len(addresses) == 2
    assert all((tmp_path / unquote(address)).exists() for address in addresses)


def test_the_same_run_again_takes_the_place_of_its_page(gx, report, tmp_path):
    build_docs([report], tmp_path)
    build_docs([report], tmp_path)
    assert len(list((tmp_path / "validations").rglob("*.html"))) == 1


def test_docs_of_no_run_are_an_index_of_nothing(gx, tmp_path):
    assert build_docs([], tmp_path / "docs").exists()


def test_nothing_is_sent_anywhere(gx, con, report, tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a connection was opened")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    expectation = named("column_values_to_match_strftime_format", strftime_format="%Y")
    check(con, mapped(con, {"given_name": "x"}), suite(expectation), good="good", bad="bad")
    load(report)
    build_docs([report], tmp_path)


OFFLINE = """
import socket, sys, threading
def refuse(*args, **kwargs):
    raise SystemExit("a connection was opened")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
from pipelines.quality.engine import open_context, quietly
with quietly() as gx:
    open_context(gx)
print(threading.active_count())
"""


def test_importing_the_real_engine_opens_no_connection_and_warns_of_nothing():
    found = subprocess.run(
        [sys.executable, "-W", "error", "-c", OFFLINE], capture_output=True, text=True, check=False
    )
    assert (found.stderr, found.stdout.strip(), found.returncode) == ("", "1", 0)


def test_a_gate_of_compiled_expectations_never_imports_the_library():
    code = (
        "import sys, pipelines.quality.gate, pipelines.quality.suite, pipelines.quality.results, "
        "pipelines.quality.docs; pipelines.quality.suite._of_the_library(); "
        "print(any(name in sys.modules for name in ('great_expectations', 'pandas')))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
