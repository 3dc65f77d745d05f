from __future__ import annotations

import json
import sys
from pathlib import Path

import psutil
import pytest

from connectors.contract import Cursor, Feed, Query
from connectors.errors import MisconfiguredError, TransientError
from connectors.kit import CANARY, RECORDS
from connectors.registry import build

TAP = Path(__file__).parent / "tap.py"
ROWS = [{"id": str(number), "name": f"Zoë {number}"} for number in range(8)]


@pytest.fixture
def singer(tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN", "right")

    def make(rows=ROWS, bad=None, **more):
        (tmp_path / "rows.json").write_text(json.dumps(rows))
        given = {
            "command": [sys.executable, str(TAP)],
            "config": {"rows": str(tmp_path / "rows.json"), "bad": bad, "login": {"user": "ann"}},
            "secrets": {"login.token": "env:TOKEN"},
            "silence_seconds": 30,
        }
        return build("singer", given | more, tmp_path)

    return make


def rows(pages):
    return [dict(row) for page in pages for row in page.rows]


def test_a_stream_is_read_and_goes_on_from_each_state(singer):
    source = singer()
    assert isinstance(source, Feed)
    (found,) = source.discover()
    assert (found.name, found.key) == ("people", ("id",))
    assert [(c.name, c.type) for c in found.columns] == [("id", "string"), ("name", "string")]
    pages = list(source.changes(Query("people")))
    assert rows(pages) == ROWS
    assert [page.cursor and page.cursor.value for page in pages] == [
        '{"seen":3}',
        '{"seen":6}',
        '{"seen":8}',
    ]
    for page, left in zip(pages, (5, 2, 0), strict=True):
        assert rows(source.changes(Query("people", after=page.cursor))) == ROWS[8 - left :]


def test_a_page_has_a_position_only_where_the_tap_gave_one(singer):
    pages = list(singer().changes(Query("people", page_size=2)))
    assert [(len(page.rows), page.cursor is not None) for page in pages if page.rows] == [
        (2, False),
        (1, True),
        (2, False),
        (1, True),
        (2, False),
    ]
    assert pages[-1].cursor == Cursor('{"seen":8}')


def test_what_a_library_prints_between_is_rejected_and_nothing_is_lost(singer):
    pages = list(singer(bad="talks").read(Query("people")))
    assert rows(pages) == ROWS
    assert [each.reason for page in pages for each in page.rejected] == ["is no Singer message"] * 2


@pytest.mark.parametrize(
    ("bad", "kind", "said"),
    [
        ("ends", MisconfiguredError, "ended with code 3; run it by hand"),
        ("cut", MisconfiguredError, "ended with code 1"),
        ("catalog", MisconfiguredError, "tells no catalogue of streams"),
    ],
)
def test_a_tap_that_fails_is_told_and_never_taken_for_an_end(singer, bad, kind, said):
    with pytest.raises(kind, match=said):
        list(singer(bad=bad).changes(Query("people")))


def test_a_tap_that_says_nothing_is_ended(singer):
    with pytest.raises(TransientError, match=r"said nothing for 0\.5 seconds"):
        singer(bad="silent", silence_seconds=0.5).check()


def test_a_read_that_is_given_up_ends_the_tap(singer):
    pages = singer(rows=ROWS * 50_000).changes(Query("people"))
    next(pages)
    assert psutil.Process().children()
    pages.close()
    assert not [p for p in psutil.Process().children() if str(TAP) in p.cmdline()]


def test_secrets_are_in_no_argument_and_in_no_file_that_stays(singer, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "kept"))
    (tmp_path / "kept").mkdir()
    list(singer().read(Query("people")))
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_command_that_is_not_there_and_a_state_that_is_none_are_told(singer):
    with pytest.raises(MisconfiguredError, match="cannot be started"):
        singer(command=["/no/such/tap"]).check()
    with pytest.raises(MisconfiguredError, match="no state of a tap"):
        list(singer().changes(Query("people", after=Cursor("{"))))


@pytest.mark.parametrize("size", [1, 3, 100])
def test_odd_records_come_back_as_they_were_in_pages_of_any_size(singer, size):
    records = [dict(row) for row in RECORDS]
    pages = list(singer(rows=records).read(Query("people", page_size=size)))
    assert all(len(page.rows) <= size for page in pages)
    assert rows(pages) == records
    wanted = singer(rows=records).read(Query("people", fields=("name",)))
    assert {tuple(row) for row in rows(wanted)} == {("name",)}
    with pytest.raises(MisconfiguredError, match="no stream 'peeple'; did you mean 'people'"):
        list(singer().read(Query("peeple")))


def test_what_a_tap_says_of_its_trouble_is_thrown_away(singer, monkeypatch, capfd):
    monkeypatch.setenv("TOKEN", CANARY)
    with pytest.raises(MisconfiguredError) as told:
        singer().check()
    assert CANARY not in str(told.value)
    assert CANARY not in "".join(capfd.readouterr())
