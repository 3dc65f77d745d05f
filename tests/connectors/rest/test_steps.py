"""Pages by offset and number over lists that move while they are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import TransientError
from connectors.rest.pagination import NumberedPages, OffsetPages
from connectors.rest.steps import Steps

ROWS = st.integers(1, 40).map(lambda count: [{"id": n} for n in range(count)])
MOVES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 39), st.booleans()), max_size=8)
SIZES = st.integers(1, 6)


def walked(paging, rows, size, moves=(), *, total=True, floor=False):
    """What is seen of a list when after some pages rows go, or move to the end."""
    steps, seen, pages = Steps(paging), [], 0
    left = list(rows)
    at: int | None = paging.first
    while at is not None:
        assert pages < 40 + 10 * len(rows), "it does not end"
        start = (at - paging.first) * (1 if isinstance(paging, OffsetPages) else size)
        start -= start % size if floor else 0
        page = left[start : start + size]
        known, at = steps.take(page, len(left) if total else None)
        seen += [row for n, row in enumerate(page) if n not in known]
        for after, which, moves_only in moves:
            if after == pages and which in [row["id"] for row in left]:
                left = [row for row in left if row["id"] != which]
                left += [{"id": which, "changed": pages}] if moves_only else []
        pages += 1
    return [row["id"] for row in seen], {row["id"] for row in left}, pages


@given(ROWS, st.integers(2, 6), MOVES)
def test_by_offset_no_row_that_stays_is_missed(rows, size, moves):
    seen, left, _ = walked(OffsetPages(type="offset", overlap=True), rows, size, moves, total=False)
    assert left <= set(seen)


@given(ROWS, SIZES, MOVES)
def test_with_a_total_no_row_that_stays_is_missed_where_rows_only_go(rows, size, moves):
    going = [(after, which, False) for after, which, _ in moves]
    for paging in (NumberedPages(type="page"), OffsetPages(type="offset")):
        seen, left, _ = walked(paging, rows, size, going)
        assert left <= set(seen)


@given(ROWS, SIZES, st.booleans(), st.sampled_from(["empty", "short"]))
def test_a_list_that_stands_still_is_read_once_and_in_order(rows, size, floor, end):
    both = {"size": size, "end": end}
    for paging in (
        NumberedPages(type="page", **both),
        OffsetPages(type="offset", overlap=True, **both),
    ):
        seen, _, pages = walked(paging, rows, size, floor=floor and end == "short")
        assert seen == [row["id"] for row in rows]
        if isinstance(paging, NumberedPages):
            assert pages <= len(rows) // size + 2


def test_a_list_that_never_stands_still_ends_with_what_to_do():
    steps = Steps(OffsetPages(type="offset", overlap=True))
    with pytest.raises(TransientError, match="walk: position"):
        all(steps.take([{"id": n}, {"id": n + 1}], None) for n in range(0, 9_999, 2))
