"""Readers of others in environments of their own: a tap made with the Singer SDK, a dlt source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.contract import Query
from connectors.registry import build
from tests.real.packages import python_environment

pytestmark = pytest.mark.real

TAP = """
from singer_sdk import Stream, Tap
from singer_sdk import typing as th

class People(Stream):
    name = "people"
    primary_keys = ("id",)
    replication_key = "changed"
    is_sorted = True
    schema = th.PropertiesList(
        th.Property("id", th.StringType), th.Property("changed", th.IntegerType)
    ).to_dict()

    def get_records(self, context):
        start = self.get_starting_replication_key_value(context) or 0
        for number in range(1, 2501):
            if number >= start:
                yield {"id": f"k{number}", "changed": number}

class TapPeople(Tap):
    name = "tap-people"
    config_jsonschema = th.PropertiesList(th.Property("token", th.StringType)).to_dict()

    def discover_streams(self):
        return [People(self)]

TapPeople.cli()
"""
SOURCE = """
import dlt

@dlt.source
def crm(token, size=2):
    @dlt.resource
    def people():
        assert token == "right"
        for start in range(0, 5, size):
            yield [{"id": f"k{n}", "name": "Zoë"} for n in range(start, min(start + size, 5))]

    @dlt.transformer(data_from=people)
    def names(rows):
        for row in rows:
            yield {"id": row["id"], "length": len(row["name"])}

    return people, names
"""
GROWING = """
import datetime, json, pathlib
import dlt

ROWS = pathlib.Path(__file__).with_name("rows.json")
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)

@dlt.source
def crm():
    @dlt.resource(primary_key="id")
    def people(changed=dlt.sources.incremental("changed", initial_value=START)):
        state = dlt.current.resource_state()
        state["calls"] = state.get("calls", 0) + 1
        assert changed.last_value.tzinfo
        for row in json.loads(ROWS.read_text()):
            moment = datetime.datetime.fromisoformat(row["changed"])
            yield {**row, "changed": moment, "calls": state["calls"]}

    return people
"""


def rows(pages):
    return [dict(row) for page in pages for row in page.rows]


def test_a_tap_made_with_the_singer_sdk_goes_on_where_it_was(tmp_path, monkeypatch):
    programs = python_environment("singer-sdk", "singer-sdk==0.54.0")
    monkeypatch.setenv("TOKEN", "right")
    (tmp_path / "tap.py").write_text(TAP)
    settings = {
        "command": [str(programs / "python"), str(tmp_path / "tap.py")],
        "secrets": {"token": "env:TOKEN"},
    }
    source = build("singer", settings, tmp_path)
    assert [found.key for found in source.discover()] == [("id",)]
    pages = list(source.changes(Query("people", page_size=1000)))
    assert len(rows(pages)) == 2500
    last = pages[-1].cursor
    assert last is not None
    assert [row["id"] for row in rows(source.changes(Query("people", after=last)))] == ["k2500"]


def test_a_dlt_source_is_read_with_its_transformers(tmp_path, monkeypatch):
    programs = python_environment("dlt", "dlt==1.31.0")
    monkeypatch.setenv("TOKEN", "right")
    (tmp_path / "crm_source.py").write_text(SOURCE)
    settings = {
        "python": str(programs / "python"),
        "source": "crm_source:crm",
        "folder": ".",
        "secrets": {"token": "env:TOKEN"},
    }
    source = build("dlt", settings, Path(tmp_path))
    assert [found.name for found in source.discover()] == ["names", "people"]
    assert [row["id"] for row in rows(source.read(Query("people")))] == [f"k{n}" for n in range(5)]
    assert rows(source.read(Query("names")))[0] == {"id": "k0", "length": 3}


def test_a_dlt_source_goes_on_from_its_own_state(tmp_path):
    programs = python_environment("dlt", "dlt==1.31.0")
    (tmp_path / "crm_source.py").write_text(GROWING)
    settings = {
        "python": str(programs / "python"), "source": "crm_source:crm", "folder": ".",
    }  # fmt: skip

    def read(after=None, *changed):
        told = [{"id": key, "changed": f"2026-02-{day:02}T00:00:00+00:00"} for key, day in changed]
        (tmp_path / "rows.json").write_text(json.dumps(told))
        pages = list(build("dlt", settings, tmp_path).changes(Query("people", after=after)))
        assert all(page.cursor is None for page in pages[:-1])
        found = rows(pages)
        return [row["id"] for row in found], pages[-1].cursor, found[0]["calls"] if found else None

    keys, first, calls = read(None, ("a", 1), ("b", 2), ("c", 2))
    assert (keys, calls) == (["a", "b", "c"], 1)
    keys, second, _ = read(first, ("a", 1), ("b", 2), ("c", 2))
    assert keys == []
    keys, third, calls = read(second, ("b", 2), ("c", 2), ("d", 2), ("a", 3))
    assert (keys, calls) == (["d", "a"], 3)
    again, _, _ = read(second, ("b", 2), ("c", 2), ("d", 2), ("a", 3))
    assert again == keys
    assert read(third, ("a", 3))[0] == []
