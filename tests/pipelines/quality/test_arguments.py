from __future__ import annotations

from contextlib import suppress

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.quality.compiler import KINDS, compiles
from pipelines.quality.errors import SuiteError
from pipelines.quality.evaluate import evaluate
from pipelines.quality.table import checked_view
from tests.often import often
from tests.pipelines.quality.mapped import expect, mapped

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 10**20)
    | st.floats()
    | st.sampled_from(["given_name", "birth_date", "email", "_key", "2020-01-01", "", "(", "never"])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "column", "name", "operator", "parameter", "quantiles"])
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


NAMES = st.sampled_from(["given_name", "birth_date", "email", "_key", "emails", "created_at", "no"])
LIKELY = {
    "column": NAMES,
    "column_A": NAMES,
    "column_B": NAMES,
    "column_list": st.lists(NAMES, max_size=3),
    "value_set": st.lists(SCALARS, max_size=3),
    "value_pairs_set": st.lists(st.lists(SCALARS, max_size=3), max_size=3),
    "regex": st.sampled_from(["^a", "(", "(?=a)", r"\d", ""]),
    "mostly": st.floats(-0.1, 1.1),
    "min_value": st.integers() | st.sampled_from(["2020-01-01", "x"]),
    "max_value": st.integers() | st.floats(),
    "row_condition": st.fixed_dictionaries(
        {
            "type": st.sampled_from(["comparison", "nullity", "and", "or", "not"]),
            "column": NAMES | st.fixed_dictionaries({"name": NAMES}),
        },
        optional={"operator": st.sampled_from(["==", "IN", "<", "~"]), "parameter": JSON},
    )
    | st.sampled_from(['col("given_name") == "x"', 'col("given_name").notnull()', "x > 1"]),
    "condition_parser": st.just("great_expectations"),
    "quantile_ranges": st.fixed_dictionaries(
        {"quantiles": st.lists(st.floats(0, 1), max_size=2)},
        optional={"value_ranges": st.lists(st.lists(SCALARS, max_size=3), max_size=2)},
    ),
}


@pytest.fixture(scope="module")
def table():
    with duckdb.connect() as con:
        yield checked_view(con, mapped(con, {"given_name": "x"}), "_checked")


def arguments(names):
    return {name: LIKELY[name] | JSON if name in LIKELY else JSON for name in names}


@pytest.mark.parametrize("type_", sorted(KINDS))
def test_arguments_of_any_shape_are_taken_or_refused_with_a_line(table, type_):
    kind = KINDS[type_]
    required, optional = arguments(kind.required), arguments(kind.optional)

    @settings(max_examples=often(40), deadline=None)
    @given(kwargs=st.fixed_dictionaries(required, optional=optional))
    def law(kwargs):
        expectation = expect(type_.removeprefix("expect_"), **kwargs)
        with suppress(SuiteError):
            if compiles(expectation, table):
                evaluate(table, [expectation])

    law()


@pytest.mark.parametrize(
    ("kwargs", "line"),
    [
        ({"value_set": ["a"]}, "needs 'column'"),
        ({"column": 5, "value_set": ["a"]}, "column must be the name of a column"),
        ({"column": "given_name", "value_set": "a"}, "value_set must be a list of texts, numbers"),
        ({"column": "given_name", "value_set": [], "mostly": 95}, "a number from 0 to 1"),
        ({"column": "given_name", "value_set": [], "mosty": 1}, "did you mean 'mostly'?"),
    ],
)
def test_an_argument_of_a_wrong_shape_is_told_with_what_it_must_be(table, kwargs, line):
    with pytest.raises(SuiteError) as told:
        compiles(expect("column_values_to_be_in_set", **kwargs), table)
    assert line in str(told.value)
