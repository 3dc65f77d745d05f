"""The printed ending: all that was promised is in it, and it fits."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from pipelines.sandbox import report
from pipelines.sandbox.measure import Score
from pipelines.sandbox.story import (
    FlawStory,
    NightStory,
    PlanStory,
    ProfileStory,
    SourceStory,
    Story,
    TargetStory,
    ValueStory,
)

STORY = Story(
    title="10,000 records of 4,436 people in four systems",
    sources=(
        SourceStory("shop", "PostgreSQL 18", 3594, 3538, 56, {"email: not an e-mail address": 30}),
        SourceStory("newsletter", "CSV file", 2180, 2150, 30, {"one column too many": 17}),
    ),
    flaws=FlawStory(130, {"map": 100, "check": 29}, {"shop: born in the future": 1}, 0),
    score=Score(9870, 4600, 4430, 9000, 9500, 8990, 8, 7),
    events={"profile.created": 4600},
    plan=PlanStory("portal", {"create": 4500, "update": 0}, applied=4500),
    target=TargetStory("scim2-server", 4500, 4500, {"userName": "0198", "active": True}),
    profile=ProfileStory(
        "0198-gid",
        ("shop 10001", "crm C-0000001"),
        (ValueStory("family_name", "Walker", "shop 10001", "most recently changed"),),
    ),
    steps=(("start", 2.0), ("sync", 30.5)),
    next=(("make demo-change", "edit records at the sources"),),
)


def _printed(story: Story, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    report.show(story, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    "promised",
    [
        "3,594",  # what was read
        "not an e-mail address",  # quarantined and why
        "100 were refused by a step of the mapping, 29 by an expectation of the suite;",
        "missed: 1 shop: born in the future.",
        "4,600",  # people found
        "0.9989",  # precision
        "0.9463",  # recall
        "create",  # the plan
        "4,500 users",  # read back
        "most recently changed",  # the reason for a value
        "make demo-change",  # what to look at next
        "32.5 s in all",
    ],
)
def test_the_ending_tells_what_was_promised(promised):
    assert promised in " ".join(_printed(STORY).split())


def test_the_ending_fits_a_hundred_columns_and_a_narrow_terminal():
    assert max(map(len, _printed(STORY).splitlines())) <= 100
    assert max(map(len, _printed(STORY, width=200).splitlines())) <= 100
    assert max(map(len, _printed(STORY, width=60).splitlines())) <= 60


def test_a_command_to_copy_is_never_broken_into_lines():
    command = ".venv/bin/isthmus --project sandbox/project profile why " + "x" * 36
    text = _printed(replace(STORY, next=((command, "why"),)), width=60)
    assert f"    {command}\n" in text


def test_a_run_without_news_says_that_nothing_changed():
    sources = tuple(replace(source, changed=0) for source in STORY.sources)
    quiet = replace(STORY, sources=sources, events={}, plan=PlanStory("portal", {"conflict": 6}))
    assert "Nothing changed" in _printed(quiet)
    assert "Nothing changed" not in _printed(STORY)


def test_a_plan_that_waits_says_for_whom():
    waiting = replace(STORY, plan=PlanStory("portal", {"create": 9}, waiting="deletes 100 %"))
    assert "Waiting for a person: deletes 100 %" in _printed(waiting)


def test_a_night_is_told_first():
    night = (NightStory("moved", "a new home", 10, "crm C-1", "portal updated"),)
    text = _printed(replace(STORY, night=night))
    assert text.index("What happened overnight") < text.index("What was read")


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ({"value": "a@b.example", "type": "home", "primary": True}, "a@b.example, home"),
        (True, "yes"),
        (None, ""),
        (3, "3"),
    ],
)
def test_a_value_of_any_kind_is_one_line(value, line):
    assert report.scalar(value) == line


def test_markup_in_a_value_is_shown_and_not_obeyed():
    value = ValueStory("emails[home]", "[red]x", "shop[a]", "be[b]cause")
    text = _printed(replace(STORY, profile=ProfileStory("g", (), (value,))))
    assert all(part in text for part in ("emails[home]", "[red]x", "shop[a]", "be[b]cause"))
