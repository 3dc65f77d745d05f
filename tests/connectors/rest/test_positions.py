from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from connectors.contract import Cursor, Query
from connectors.errors import (
    MisconfiguredError,
)
from tests.connectors.rest.conftest import asked
from tests.connectors.rest.things import BY_AT, ROWS, listing, part, rows


@pytest.mark.parametrize("gone", ["k9", "k4"])
def test_what_an_api_lists_as_deleted_becomes_tombstones_before_the_position(
    system, described, gone
):
    """Of k4, which was read before it was deleted, only the tombstone comes."""
    deleted, again = [{"ref": "k1", "when": "2026-01-03T01:00:00Z"}], list[bool]()

    def answer(request):
        if request.path == ("deleted",):
            return [each for each in deleted if each["when"] >= request.params["since"]]
        start = int(request.params["offset"])
        if start == 6 and again:  # somebody deletes a record while pages are read
            deleted.append({"ref": gone, "when": "2026-01-03T02:00:00Z"})
        return part(ROWS, start, 3)

    more = """
path: t
pagination: {type: offset}
position: {format: iso}
deletions: {path: deleted, key: ref, moment: when, cursor: {since: "{after}"}, set: {gone: true}}"""
    source = described(listing(system(answer).url, more))
    assert all("gone" not in row for row in rows(source.read(Query("things", **BY_AT))))
    again.append(True)
    after = Cursor("2026-01-01T12:00:00+00:00", "k0")
    pages = list(source.read(Query("things", **BY_AT, after=after)))
    assert rows(pages) == [
        {"id": "k1", "at": "2026-01-03T01:00:00Z", "gone": True},
        {"id": gone, "at": "2026-01-03T02:00:00Z", "gone": True},
        *[row for row in ROWS[3:] if row["id"] != gone],
    ]
    assert [page.cursor is None for page in pages] == ["gone" in page.rows[0] for page in pages]


FORMATS = [
    ("iso", "2026-01-02T03:04:05.5+02:00", "2026-01-02T01:04:05.500000Z"),
    ("epoch", 1767315845, 1767315845),
    ("epoch_ms", "1767315845500", 1767315845500),
    ("ms_date", "/Date(1767315845500+0200)/", "/Date(1767315845500)/"),
    ("'%d.%m.%Y %H:%M'", "02.01.2026 01:04", "02.01.2026 01:04"),
    ("date", "2026-01-02", "2026-01-02"),
]


@pytest.mark.parametrize(("form", "written", "sent"), FORMATS)
def test_moments_are_compared_as_moments_and_asked_for_as_they_are_written(
    system, described, form, written, sent
):
    server = system(lambda _: [{"id": "a", "at": written}, {"id": "b", "at": written}])
    more = f"path: t\nposition: {{format: {form}}}\ncursor: {{since: '{{after}}'}}"
    source = described(listing(server.url, more))
    (page,) = source.read(Query("things", **BY_AT))
    assert page.cursor.value.startswith("2026-01-02T0")
    with capture_logs() as logs:
        again = source.read(Query("things", **BY_AT, after=Cursor(page.cursor.value, "a")))
        assert rows(again) == [{"id": "b", "at": written}]
    assert asked(server)[-1].params["since"] == str(sent)
    assert logs == []


def test_a_filter_that_leaves_out_its_own_moment_is_asked_from_before(system, described):
    at = "2026-01-02T00:00:00+00:00"
    held = [{"id": "a", "at": at}, {"id": "b", "at": at}]
    server = system(lambda request: [r for r in held if r["at"] > request.params["since"]])
    more = "path: t\nposition: {format: iso, exclusive: true}\ncursor: {since: '{after}'}"
    source = described(listing(server.url, more))
    assert rows(source.read(Query("things", **BY_AT, after=Cursor(at, "a")))) == held[1:]


def test_a_moment_in_another_zone_than_declared_is_no_surprise(system, described):
    held = [{"id": "a", "at": "2026-07-01 12:00:00"}]
    server = system(lambda _: held)
    more = "path: t\nposition: {format: iso, zone: Europe/Madrid}"
    (page,) = described(listing(server.url, more)).read(Query("things", **BY_AT))
    assert page.cursor == Cursor("2026-07-01T10:00:00+00:00", "a")


def test_a_row_without_a_moment_where_one_is_declared_is_told_without_its_value(system, described):
    server = system(lambda _: [{"id": "a", "at": "secret"}])
    source = described(listing(server.url, "path: t\nposition: {format: iso}"))
    with pytest.raises(MisconfiguredError, match="'at' of a row is not written as iso") as caught:
        rows(source.read(Query("things", **BY_AT)))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_rows_by_cursor_alone_go_on_after_any_position(system, described, size):
    mixed = [ROWS[i] for i in (2, 0, 1, 5, 3, 4, 6)]
    server = system(lambda request: part(mixed, int(request.params["offset"]), 2))
    more = "path: t\nordered: cursor\npagination: {type: offset}"
    source = described(listing(server.url, more))
    pages = list(source.read(Query("things", **BY_AT, page_size=size)))
    assert sorted(rows(pages), key=lambda row: row["id"]) == ROWS
    assert all(len(page.rows) <= size for page in pages)
    assert pages[-1].cursor
    for number, page in enumerate(pages):
        if page.cursor:
            rest = rows(source.read(Query("things", **BY_AT, after=page.cursor)))
            assert rest == rows(pages[number + 1 :])


class Moving:
    """Rows by time of change; reading a page makes the first row of it move to the end."""

    def __init__(self, *, filters: bool) -> None:
        self.rows = [{"id": f"k{i}", "at": f"2026-01-01T00:00:{i // 2:02}Z"} for i in range(12)]
        self.filters = filters
        self.moves = 3

    def answer(self, request: Any) -> Any:
        start = int(request.params.get("offset", 0))
        since = request.params.get("since", "") if self.filters else ""
        found = part([row for row in self.rows if row["at"] >= since], start, 4)
        if found and self.moves:
            self.moves -= 1
            self.rows.remove(found[0])
            self.rows.append({**found[0], "at": f"2026-01-02T00:00:{9 - self.moves:02}Z"})
        return found


WALK = """
path: t
position: {format: iso}
pagination: {type: offset}
cursor: {since: "{after}"}
"""


def test_asking_again_from_the_last_row_misses_no_row_while_rows_move(system, described):
    by_pages, by_position = Moving(filters=True), Moving(filters=True)
    source = described(listing(system(by_pages.answer).url, WALK))
    assert len({row["id"] for row in rows(source.read(Query("things", **BY_AT)))}) < 12
    source = described(listing(system(by_position.answer).url, f"{WALK}walk: position"))
    read = rows(source.read(Query("things", **BY_AT)))
    assert {row["id"] for row in read} == {row["id"] for row in by_position.rows}
    assert {(row["id"], row["at"]) for row in by_position.rows} <= {
        (row["id"], row["at"]) for row in read
    }


def test_walking_ends_where_the_filter_is_ignored_and_says_so(system, described):
    still = Moving(filters=False)
    still.moves = 0
    source = described(listing(system(still.answer).url, f"{WALK}walk: position"))
    with capture_logs() as logs:
        assert rows(source.read(Query("things", **BY_AT))) == still.rows
    assert [each["event"] for each in logs] == ["rest.filter_ignored"]


def test_ties_longer_than_a_page_are_walked_through(system, described):
    ties = Moving(filters=True)
    ties.moves = 0
    ties.rows = [{"id": f"k{i:02}", "at": "2026-01-01T00:00:00Z"} for i in range(11)]
    source = described(listing(system(ties.answer).url, f"{WALK}walk: position"))
    assert rows(source.read(Query("things", **BY_AT))) == ties.rows
