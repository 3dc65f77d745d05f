"""Rows come in order, however many runs had to wait on the disk."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.ldap.order import ordered

ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(0, 5), st.text(max_size=3), st.dictionaries(st.text(), st.text())
    ),
    max_size=40,
)


@given(ROWS, st.integers(1, 7))
def test_all_rows_come_by_cursor_and_key_and_those_without_come_first(rows, run):
    rows = [(cursor, key, dict(row)) for cursor, key, row in rows]
    found = list(ordered(iter(rows), run))
    places = [(cursor is not None, cursor or 0, key) for cursor, key, _ in found]
    assert places == sorted(places)
    assert sorted(map(repr, found)) == sorted(map(repr, rows))
