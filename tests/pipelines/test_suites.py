"""What a user writes in ``quality/<source>.json``, from the file to what is stored."""

from __future__ import annotations

import json
from datetime import date

import pytest
from typer.testing import CliRunner

from idp_core.db.engine import reading
from idp_core.ledger import store as ledger
from idp_core.profiles import store
from pipelines import suites
from pipelines.bus import open_bus, open_workspace
from pipelines.cli.main import app
from pipelines.errors import ProjectError, StoppedError
from pipelines.jobs import sync
from pipelines.project import load_project
from pipelines.quality.errors import SuiteError
from pipelines.quality.suite import read_suite

MAPPING = """\
mapping: shop
from: {connector: files, object: customers, as: c}
key: c.id
fields:
  email:        {from: c.mail, steps: [trim, blank_to_null, lower, email]}
  given_name:   {from: c.first, steps: [trim, blank_to_null]}
  family_name:  {from: c.last, steps: [trim, blank_to_null]}
  loyalty_tier: {from: c.tier, steps: [trim, blank_to_null]}
"""
PROJECT = """\
project: first
sources:
  shop:
    connector: {type: files, path: customers.csv}
"""
HEAD = "id,mail,first,last,tier"
TODAY = date(2026, 1, 31)


def not_null(column, severity, **kwargs):
    return {
        "type": "expect_column_values_to_not_be_null",
        "kwargs": {"column": column, **kwargs},
        "severity": severity,
    }


TIERS = {
    "type": "expect_column_values_to_be_in_set",
    "kwargs": {"column": "loyalty_tier", "value_set": ["gold", "silver"], "mostly": 0.5},
    "severity": "critical",
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mappings").mkdir()
    (tmp_path / "quality").mkdir()
    (tmp_path / "isthmus.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "mappings" / "shop.yaml").write_text(MAPPING, encoding="utf-8")
    return tmp_path


def rows(folder, *lines):
    (folder / "customers.csv").write_text("\n".join([HEAD, *lines, ""]), encoding="utf-8")


def write(folder, *expectations, **more):
    suite = {"name": "shop", "expectations": list(expectations), **more}
    (folder / "quality" / "shop.json").write_text(json.dumps(suite, indent=1), encoding="utf-8")


def run(folder):
    """Run the job; return its report, the keys that were stored and the open dead letters."""
    with open_bus(load_project(folder)) as bus:
        report = sync(bus)
        with reading(bus.engine) as conn:
            keys = {each.ref.key for each in store.read_source_profiles(conn)}
            letters = ledger.list_letters(conn)
    return report, keys, letters


def kept(folder, run_id):
    with open_bus(load_project(folder)) as bus, reading(bus.engine) as conn:
        return ledger.read_quality(conn, run_id)


def test_rows_that_fail_a_critical_expectation_within_its_mostly_are_kept_aside(folder):
    write(folder, TIERS)
    rows(folder, "1,a@x.org,Ann,Lee,gold", "2,b@x.org,Bo,Lee,silver", "3,c@x.org,Cy,Lee,tin")
    report, keys, letters = run(folder)
    assert (report.problems, keys) == ((), {"1", "2"})
    (letter,) = letters
    assert (letter.key, letter.stage) == ("3", "check")
    assert letter.reasons == [
        {
            "field": "loyalty_tier",
            "step": "expect_column_values_to_be_in_set",
            "reason": "not one of gold, silver",
        }
    ]
    assert letter.row["tier"] == "tin"


def test_a_critical_expectation_below_its_mostly_stops_the_source_before_anything_is_stored(folder):
    write(folder, TIERS)
    rows(folder, "1,a@x.org,Ann,Lee,gold", "2,b@x.org,Bo,Lee,tin", "3,c@x.org,Cy,Lee,tin")
    report, keys, letters = run(folder)
    (problem,) = report.problems
    assert isinstance(problem, StoppedError)
    assert str(problem) == (
        "shop: expect_column_values_to_be_in_set(loyalty_tier) fails for 2 of 3 rows (66.7%); "
        f"mostly 0.5 allows 50%; see {folder / 'quality' / 'shop.json'}:4 expectations[0]. "
        "Nothing of it was stored; the rows stay landed"
    )
    assert (keys, letters) == (set(), [])
    assert [(each.source, each.success) for each in kept(folder, report.run)] == [("shop", False)]


@pytest.mark.parametrize(
    ("expectations", "code", "line"),
    [
        ([not_null("given_name", "warning")], 0, "shop: warning: expect_column_values_to_not_be"),
        ([TIERS], 3, "shop: expect_column_values_to_be_in_set(loyalty_tier) fails for 1 of 1 rows"),
        ([TIERS, TIERS], 2, "expectations[1]: says the same as"),
    ],
)
def test_the_command_line_ends_by_what_a_suite_said(folder, monkeypatch, expectations, code, line):
    monkeypatch.setenv("ISTHMUS_LOG_LEVEL", "error")
    write(folder, *expectations)
    rows(folder, "1,a@x.org,,Lee,tin")
    result = CliRunner().invoke(app, ["--project", str(folder), "sync"])
    assert result.exit_code == code
    (told,) = result.stderr.splitlines()
    assert line in told
    assert "tin" not in told


def test_rows_that_landed_before_a_stop_are_taken_when_the_suite_is_mended(folder):
    write(folder, TIERS)
    rows(folder, "1,a@x.org,Ann,Lee,tin", "2,b@x.org,Bo,Lee,tin")
    assert run(folder)[0].problems
    write(folder)
    report, keys, letters = run(folder)
    assert (report.problems, keys, letters) == ((), {"1", "2"}, [])


@pytest.mark.parametrize(
    ("severity", "warned", "success"), [("warning", 1, False), ("info", 0, True)]
)
def test_rows_that_fail_what_is_not_critical_are_stored_and_counted(
    folder, severity, warned, success
):
    write(folder, not_null("given_name", severity, mostly=0.9))
    rows(folder, "1,a@x.org,,Lee,gold", "2,b@x.org,Bo,Lee,")
    report, keys, letters = run(folder)
    assert (report.problems, keys, letters) == ((), {"1", "2"}, [])
    assert len(report.taken["shop"].warnings) == warned
    (found,) = kept(folder, report.run)
    (counted,) = [
        each["result"]["unexpected_count"]
        for each in found.result["results"]
        if each["expectation_config"]["kwargs"].get("column") == "given_name"
    ]
    assert counted == 1
    assert found.success is success


def test_what_the_suites_said_is_kept_for_every_run(folder):
    write(folder, not_null("given_name", "warning"))
    rows(folder, "1,a@x.org,,Lee,gold")
    first, *_ = run(folder)
    rows(folder, "1,a@x.org,Ann,Lee,gold")
    second, *_ = run(folder)
    assert [each.success for each in kept(folder, first.run)] == [False]
    assert [each.success for each in kept(folder, second.run)] == [True]


def test_a_mended_row_leaves_the_dead_letters(folder):
    write(folder, TIERS)
    rows(folder, "1,a@x.org,Ann,Lee,gold", "2,b@x.org,Bo,Lee,tin")
    assert [letter.key for letter in run(folder)[2]] == ["2"]
    rows(folder, "1,a@x.org,Ann,Lee,gold", "2,b@x.org,Bo,Lee,silver")
    _, keys, letters = run(folder)
    assert (keys, letters) == ({"1", "2"}, [])


def test_a_users_file_adds_to_the_generated_suite_and_replaces_what_it_names(folder):
    same = not_null("_key", "critical", mostly=0.5)
    write(
        folder,
        same,
        TIERS,
        meta={"isthmus": {"without": ["expect_column_values_to_match_regex(email)"]}},
    )
    files = open_workspace(load_project(folder))
    suite = suites.suite_of(files, "shop", files.mapping("shop"), today=TODAY)
    rules = [one.rule for one in suite.expectations]
    assert len(rules) == len(set(rules))
    assert "expect_column_values_to_be_unique(_key)" in rules
    assert "expect_column_values_to_be_in_set(loyalty_tier)" in rules
    assert "expect_column_values_to_match_regex(email)" not in rules
    (key,) = [
        o for o in suite.expectations if o.rule == "expect_column_values_to_not_be_null(_key)"
    ]
    assert key.mostly == 0.5


def test_the_whole_suite_can_be_written_as_a_file_and_read_again(folder):
    write(folder, TIERS)
    files = open_workspace(load_project(folder))
    suite = suites.suite_of(files, "shop", files.mapping("shop"), today=TODAY)
    again = read_suite(suites.suite_json(suite), "shop.json")
    assert again.to_json() == suite.to_json()


def test_a_suite_is_read_by_great_expectations_itself(folder, gx):
    write(folder, TIERS)
    files = open_workspace(load_project(folder))
    suite = suites.suite_of(files, "shop", files.mapping("shop"), today=TODAY)
    theirs = gx.ExpectationSuite(**json.loads(suites.suite_json(suite)))
    assert [e.expectation_type for e in theirs.expectations] == [e.type for e in suite.expectations]
    assert [e.severity for e in theirs.expectations] == [e.severity for e in suite.expectations]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{", ":1:2: not JSON"),
        ("[]", ": must be an object"),
        ("{}", 'needs "expectations", a list'),
        ('{"expectations": [{"type": "expect_nothing"}]}', ":1 expectations[0]: unknown expectat"),
        (
            json.dumps({"expectations": [not_null("emial", "critical")]}),
            "the mapping gives no 'emial'; did you mean 'email'?",
        ),
        (
            json.dumps({"expectations": [not_null("email", "urgent")]}),
            "unknown severity 'urgent'",
        ),
        (
            json.dumps({"expectations": [not_null("email", "info", mostly=95)]}),
            "mostly must be a number from 0 to 1",
        ),
        (
            json.dumps({"expectations": [], "meta": {"isthmus": {"without": ["nope"]}}}),
            "meta.isthmus.without: no generated rule 'nope'",
        ),
        (
            json.dumps({"expectations": [], "meta": {"isthmus": {"without": 5}}}),
            "meta.isthmus.without must be a list of rules",
        ),
        (
            json.dumps({"expectations": [not_null(["email"], "info")]}),
            "column must be the name of a column",
        ),
    ],
)
def test_a_suite_that_cannot_be_used_is_told_before_a_row_is_read(folder, text, line):
    (folder / "quality" / "shop.json").write_text(text, encoding="utf-8")
    rows(folder, "1,a@x.org,Ann,Lee,gold")
    report, keys, _ = run(folder)
    (problem,) = report.problems
    assert isinstance(problem, SuiteError)
    assert isinstance(problem, ProjectError)
    assert problem.exit_code == 2
    assert "quality/shop.json" in str(problem)
    assert line in str(problem)
    assert (dict(report.read), keys) == ({}, set())


def test_a_suite_that_is_named_must_be_there(folder):
    named = PROJECT + "    quality: quality/gone.json\n"
    (folder / "isthmus.yaml").write_text(named, encoding="utf-8")
    files = open_workspace(load_project(folder))
    with pytest.raises(SuiteError, match=r"gone\.json: no such file; sources\.shop\.quality"):
        suites.suite_of(files, "shop", files.mapping("shop"), today=TODAY)


def test_an_expectation_beyond_our_sql_is_told_apart_without_asking_for_the_engine(folder):
    odd = {
        "type": "expect_column_values_to_match_strftime_format",
        "kwargs": {"column": "given_name", "strftime_format": "%Y"},
    }
    write(folder, TIERS, odd)
    files = open_workspace(load_project(folder))
    document = files.mapping("shop")
    suite = suites.suite_of(files, "shop", document, today=TODAY)
    assert list(suites.prove(document, suite, today=TODAY))[-2:] == [True, False]


def test_a_column_unknown_to_the_mapping_is_told_for_the_real_engine_too(folder):
    odd = {
        "type": "expect_column_values_to_match_strftime_format",
        "kwargs": {"column": "given", "strftime_format": "%Y"},
    }
    write(folder, odd)
    files = open_workspace(load_project(folder))
    with pytest.raises(SuiteError, match="the mapping gives no 'given'"):
        suites.suite_of(files, "shop", files.mapping("shop"), today=TODAY)


def test_docs_hold_the_pages_of_the_runs_asked_for(folder, gx):
    write(folder, TIERS)
    rows(folder, "1,a@x.org,Ann,Lee,gold")
    runs = [run(folder)[0].run, run(folder)[0].run]
    with open_bus(load_project(folder)) as bus:
        index = suites.write_docs(bus, runs)
    assert index == folder / "data" / "quality-docs" / "index.html"
    assert all(each in index.read_text(encoding="utf-8") for each in runs)
