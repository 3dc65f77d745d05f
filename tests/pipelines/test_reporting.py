"""The report of a run: complete, without values, escaped, and with what to do next."""

from __future__ import annotations

import re
from datetime import datetime
from html.parser import HTMLParser

import pytest

from idp_core.db.engine import writing
from idp_core.provisioning.quarantine import put_quarantine
from pipelines.cli.reporthtml import page
from pipelines.reporting import FORM, report_of
from tests.pipelines.small import BAD, GOOD, Small


@pytest.fixture
def small(database_url, tmp_path):
    return Small(tmp_path / "small", database_url)


def reported(small, run):
    with small.bus() as bus:
        return report_of(bus, run)


def test_a_report_says_what_came_in_what_was_written_and_what_is_left(small):
    run = small.sync(GOOD, BAD, targets=["portal"]).run
    report = reported(small, run)
    assert report["form"] == FORM
    assert report["run"]["status"] == "succeeded"
    assert report["run"]["ordered_by"][0].startswith("manual:")
    (letter,) = report["dead_letters"]
    assert (letter["source"], letter["stage"], letter["letters"]) == ("crm", "map", 1)
    (written,) = report["operations"]
    assert (written["action"], written["outcome"], written["operations"]) == ("create", "done", 1)
    (plan,) = report["plans"]
    assert plan["status"] == "applied"
    letters = f"isthmus deadletters list --run {run[-12:]}"
    assert report["next"] == [f"1 dead letters are open: {letters}"]
    assert {"extract", "plan", "apply"} <= {each["step"] for each in report["steps"]}
    assert all(each["seconds"] is not None for each in report["steps"])


def test_a_run_that_left_nothing_to_do_says_so(small):
    text = page(reported(small, small.sync(GOOD, targets=["portal"]).run))
    assert "Nothing: all went well." in text


def test_a_target_in_quarantine_comes_first_in_what_to_do(small):
    run = small.sync(GOOD, BAD, targets=["portal"]).run
    with small.bus() as bus, writing(bus.engine) as conn:
        put_quarantine(conn, "portal", "500 <script>alert(1)</script>")
    report = reported(small, run)
    assert report["next"][0].startswith("portal is in quarantine")
    text = page(report)
    assert "&lt;script&gt;" in text
    assert "<script" not in text
    (halted,) = report["quarantine"]
    assert f"{datetime.fromisoformat(halted['since']):%Y-%m-%d %H:%M:%S} UTC" in text
    assert halted["since"] not in text, "times are told alike"


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.names, self.attributes = [], set(), set()

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_has_no_value_no_script_and_asks_no_other_host(small):
    text = page(reported(small, small.sync(GOOD, BAD, targets=["portal"]).run))
    assert not re.search("example|Lee|ann@", text)
    tags = _Tags()
    tags.feed(text)
    assert tags.open == []
    assert not tags.names & {"script", "link", "img", "iframe", "form", "object", "a"}
    assert not {name for name in tags.attributes if name.startswith("on")} | (
        tags.attributes & {"src", "href", "style"}
    )
    assert "default-src 'none'" in text
