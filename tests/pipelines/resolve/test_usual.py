"""What sure pairs show of how alike the records of one person are."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest

from pipelines.resolve import modelfile
from pipelines.resolve.edits import quick
from pipelines.resolve.usual import Usual, usual
from pipelines.resolve.weights import floored
from tests.pipelines.resolve.test_weights import said

MODEL = modelfile.default()
COLUMNS = ("given_name", "family_name", "birth_date", "email")


def told(other_mailbox: str) -> Usual:
    """Ask 40 people with two records each: namesakes by mailbox, one of two born on another day."""
    rows = []
    for number in range(40):
        born = f"19{50 + number}-03-04"
        first = f"alee{number}@x.ch"
        second = other_mailbox.format(number) if number % 4 == 0 else first
        rows += [("ann", "lee", born, first), ("ann", "lee", born, second)]
    table = {
        "unique_id": range(len(rows)),
        **dict(zip(COLUMNS, zip(*rows, strict=True), strict=True)),
    }
    with duckdb.connect() as con:
        quick(con, {"comparisons": []})
        con.register("given", pa.table({name: list(values) for name, values in table.items()}))
        con.execute("CREATE TABLE records AS FROM given")
        return usual(con, MODEL, COLUMNS)


def test_mailboxes_that_spell_a_name_are_not_taken_for_mistyped_ones() -> None:
    same, slip, *rest = told("alee{}@x.ch")["email"]
    assert (same, slip) == (1.0, 0.0)
    assert not any(rest)


def test_mailboxes_that_people_often_mistype_are_seen() -> None:
    same, slip, *_ = told("alle{}@x.ch")["email"]
    assert (same, slip) == (0.75, 0.25)


def test_what_few_sure_pairs_show_is_not_believed() -> None:
    with duckdb.connect() as con:
        quick(con, {"comparisons": []})
        con.execute(
            "CREATE TABLE records AS SELECT n AS unique_id, 'ann' AS given_name, 'lee' AS"
            " family_name, '1950-01-01' AS birth_date, 'a@x.ch' AS email FROM range(5) t(n)"
        )
        assert usual(con, MODEL, COLUMNS) == {}


@pytest.mark.parametrize(
    ("seen", "bits"),
    [({}, True), ({"email": [1, 0, 0, 0, 0]}, False), ({"email": [0.8, 0.2, 0, 0, 0]}, True)],
)
def test_a_mere_likeness_counts_where_sure_pairs_show_that_it_is_usual(
    seen: Usual, bits: bool
) -> None:
    learnt = said("email", (0.5, 1e-5), (0.4, 1e-3), (0.01, 1e-3), (0.01, 0.02), (0.05, 0.9))
    weights, _ = floored({"comparisons": [learnt]}, MODEL, 1e-5, seen)
    m, u = weights["email"][1]
    assert (m / u > 2) == bits
