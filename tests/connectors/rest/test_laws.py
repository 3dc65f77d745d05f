"""What holds for any rows and any moments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Cursor
from connectors.rest import moments, pointers, positions
from connectors.rest.objects import Position
from connectors.rest.order import Order
from connectors.rest.positions import Entry

ORDER = Order("at", "id", Position())
ties = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 99)), unique_by=lambda each: each[1])
sizes = st.integers(1, 7)


def entries(found: list[tuple[int, int]]) -> list[Entry]:
    rows: list[dict[str, Any]] = [{"at": at, "id": key} for at, key in found]
    return [Entry(ORDER.place(row), row) for row in rows]


def batches(found: list[Entry], size: int) -> list[list[Entry]]:
    return [found[start : start + size] for start in range(0, len(found), size)]


@given(found=ties, size=sizes, page=sizes, cut=st.sampled_from(["row", "moment"]))
def test_every_row_stands_on_one_side_of_every_position(found, size, page, cut):
    in_order = sorted(found) if cut == "row" else sorted(found, key=lambda each: each[0])
    whole = entries(in_order)
    make = positions.by_row if cut == "row" else positions.by_moment
    pages = list(make(iter(batches(whole, size)), ORDER, page))
    given_ = [entry for part, _ in pages for entry in part]
    assert sorted(given_, key=lambda e: e.place) == sorted(whole, key=lambda e: e.place)
    assert all(len(part) <= page for part, _ in pages)
    for number, (_, position) in enumerate(pages):
        if position:
            before = [entry for part, _ in pages[: number + 1] for entry in part]
            after = [entry for part, _ in pages[number + 1 :] for entry in part]
            assert not any(ORDER.is_after(entry.place, position) for entry in before)
            assert all(ORDER.is_after(entry.place, position) for entry in after)
    if whole:
        assert pages[-1][1] is not None


@given(found=ties, size=sizes, page=sizes)
def test_rows_in_any_order_have_their_highest_position_at_the_end(found, size, page):
    pages = list(positions.at_the_end(iter(batches(entries(found), size)), ORDER, page))
    assert [position for _, position in pages[:-1]] == [None] * (len(pages) - 1 if pages else 0)
    if found:
        assert pages[-1][1] == Cursor(*map(str, max(found)))


@pytest.mark.parametrize("form", ["iso", "epoch", "epoch_ms", "ms_date", "%Y%m%d%H%M%S%z"])
@given(
    moment=st.integers(10**15, 10**15 * 4).map(
        lambda micros: datetime(1971, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    ),
    zone=st.sampled_from(["UTC", "Asia/Kolkata", "America/St_Johns"]),
)
def test_a_moment_comes_back_as_it_was_written_cut_to_what_the_format_holds(form, moment, zone):
    told = moments.read(moments.write(moment, form, ZoneInfo(zone)), form, ZoneInfo("UTC"))
    assert told <= moment
    assert (moment - told).total_seconds() < 1
    assert told == moment or form != "iso"


names = st.text("abc", min_size=1, max_size=3)
trees = st.recursive(
    st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(names, inner, min_size=1, max_size=3),
)


@given(tree=st.dictionaries(names, trees, max_size=4))
def test_a_row_flattened_and_nested_is_the_row(tree):
    assert pointers.nested(pointers.flattened(tree)) == tree
    for name, value in pointers.flattened(tree).items():
        assert pointers.get(tree, name) == value
