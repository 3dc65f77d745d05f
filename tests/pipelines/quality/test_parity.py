"""Each compiled expectation gives what Great Expectations' pandas engine gives."""

from __future__ import annotations

import math
from datetime import datetime

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipelines.quality import engine
from pipelines.quality.compiler import KINDS, compile_expectation
from pipelines.quality.evaluate import evaluate
from pipelines.quality.model import Expectation
from pipelines.quality.table import Table
from tests.often import often

WORDS = st.sampled_from(["a", "A", "ab", "abc", "b1", "é", "a\nb", "", " ", "12", "2020", "日本"])
NUMBERS = st.integers(-3, 6)
MOMENTS = st.sampled_from([datetime(2020, 1, day) for day in (1, 2, 3)])  # noqa: DTZ001 (columns without a zone)
ROW = st.fixed_dictionaries(
    {
        "s": st.none() | WORDS,
        "t": st.none() | WORDS,
        "n": st.none() | NUMBERS,
        "m": st.none() | NUMBERS,
        "k": NUMBERS,
        "d": st.none() | MOMENTS,
        "e": st.none() | MOMENTS,
    }
)
# A column with a value in it keeps its type in pandas, so the first row is always the same.
FIRST = {
    "s": "a",
    "t": "b",
    "n": 1,
    "m": 2,
    "k": 3,
    "d": datetime(2020, 1, 1),  # noqa: DTZ001
    "e": datetime(2020, 1, 2),  # noqa: DTZ001
}
ROWS = st.lists(ROW, max_size=8).map(lambda rows: [FIRST, *rows])
TYPES = {
    "_row": pa.int64(),
    "s": pa.string(),
    "t": pa.string(),
    "n": pa.int64(),
    "m": pa.int64(),
    "k": pa.int64(),
    "d": pa.timestamp("us"),
    "e": pa.timestamp("us"),
}
NAMES = [name for name in TYPES if name != "_row"]

MOSTLY = st.sampled_from([{}, {"mostly": 0.5}, {"mostly": 0.9}])
WHERE = st.sampled_from(
    [
        {},
        {},
        {"row_condition": {"type": "nullity", "column": {"name": "m"}, "is_null": False}},
        {"row_condition": {"type": "nullity", "column": {"name": "m"}, "is_null": True}},
        *(
            {
                "row_condition": {
                    "type": "comparison",
                    "column": {"name": "t"},
                    "operator": operator,
                    "parameter": "b1",
                }
            }
            for operator in ("==", "!=")
        ),
        *(
            {
                "row_condition": {
                    "type": "comparison",
                    "column": {"name": "m"},
                    "operator": operator,
                    "parameter": value,
                }
            }
            for operator, value in ((">", 1), ("<=", 2), ("IN", [1, 2]), ("NOT_IN", [1, 2]))
        ),
        {
            "row_condition": {
                "type": "or",
                "conditions": [
                    {"type": "nullity", "column": {"name": "t"}, "is_null": True},
                    {
                        "type": "and",
                        "conditions": [
                            {
                                "type": "comparison",
                                "column": {"name": "k"},
                                "operator": ">=",
                                "parameter": 0,
                            },
                            {
                                "type": "comparison",
                                "column": {"name": "k"},
                                "operator": "<",
                                "parameter": 4,
                            },
                        ],
                    },
                ],
            }
        },
        {"row_condition": 'col("k") > 1', "condition_parser": "great_expectations"},
        {"row_condition": 'col("t").notnull()', "condition_parser": "great_expectations"},
    ]
)
STRICT = st.sampled_from(
    [{}, {"strict_min": True}, {"strict_max": True}, {"strict_min": True, "strict_max": True}]
)
LIMITS = st.sampled_from(
    [{"min_value": 0}, {"max_value": 3}, {"min_value": -1, "max_value": 2}, {"min_value": 1}]
)
SHARES = st.sampled_from([{"min_value": 0.5}, {"max_value": 0.7}, {"min_value": 0, "max_value": 1}])
ANY = st.sampled_from(["s", "n", "k", "d"])
NUMERIC = st.sampled_from(["n", "k"])
PATTERN = st.sampled_from(["^a", "b$", r"\d", r"^\w+$", "a.b", "^$", "(?i)^A", "[éà]", r"\s"])
WORD_SET = st.sampled_from([["a", "b1"], ["ab"], [], ["a", None], ["é", "日本", ""]])
NUMBER_SET = st.sampled_from([[1, 2, 3], [0], [], [-3, 6]])


def make(**parts):
    """Draw each part; a part named `_x` is a dict of more arguments."""
    strategies = {
        name: part if isinstance(part, st.SearchStrategy) else st.just(part)
        for name, part in parts.items()
    }

    def merged(drawn):
        plain = {name: value for name, value in drawn.items() if not name.startswith("_")}
        for name, value in drawn.items():
            if name.startswith("_"):
                plain |= value
        return plain

    return st.fixed_dictionaries(strategies).map(merged)


def column(name, **more):
    return make(column=name, _where=WHERE, **more)


def mapped(name, **more):
    return column(name, _mostly=MOSTLY, **more)


def either(*choices):
    return st.one_of(*choices)


IGNORE_PAIR = st.sampled_from(
    [{}, {"ignore_row_if": "either_value_is_missing"}, {"ignore_row_if": "neither"}]
)
IGNORE_LIST = st.sampled_from(
    [{}, {"ignore_row_if": "any_value_is_missing"}, {"ignore_row_if": "never"}]
)
PAIR = st.sampled_from(
    [
        {"column_A": "n", "column_B": "m"},
        {"column_A": "s", "column_B": "t"},
        {"column_A": "d", "column_B": "e"},
    ]
)


def pair(**more):
    return make(_pair=PAIR, _ignore=IGNORE_PAIR, _mostly=MOSTLY, _where=WHERE, **more)


def several(lists, **more):
    return make(
        column_list=st.sampled_from(lists),
        _ignore=IGNORE_LIST,
        _mostly=MOSTLY,
        _where=WHERE,
        **more,
    )


SETS = either(
    column("s", value_set=WORD_SET.filter(bool)), column("n", value_set=NUMBER_SET.filter(bool))
)
MAPPED_SETS = either(mapped("s", value_set=WORD_SET), mapped("n", value_set=NUMBER_SET))
DATES = {"min_value": "2020-01-02T00:00:00", "max_value": "2020-01-03T00:00:00"}
QUANTILES = st.sampled_from(
    [
        {"quantiles": [0.5], "value_ranges": [[0, 2]]},
        {"quantiles": [0.0, 0.25, 0.9, 1], "value_ranges": [[-3, 0], [None, 1], [1, None], [2, 9]]},
    ]
)
ARGUMENTS = {
    "expect_column_values_to_not_be_null": mapped(ANY),
    "expect_column_values_to_be_null": mapped(ANY),
    "expect_column_values_to_be_unique": mapped(ANY),
    "expect_column_values_to_be_in_set": MAPPED_SETS,
    "expect_column_values_to_not_be_in_set": MAPPED_SETS,
    "expect_column_values_to_be_between": either(
        mapped(NUMERIC, _limits=LIMITS, _strict=STRICT),
        mapped("d", _limits=st.just(DATES), _strict=STRICT),
    ),
    "expect_column_value_lengths_to_be_between": mapped("s", _limits=LIMITS, _strict=STRICT),
    "expect_column_value_lengths_to_equal": mapped("s", value=st.integers(0, 3)),
    "expect_column_values_to_match_regex": mapped("s", regex=PATTERN),
    "expect_column_values_to_not_match_regex": mapped("s", regex=PATTERN),
    "expect_column_values_to_match_regex_list": mapped(
        "s",
        regex_list=st.lists(PATTERN, min_size=1, max_size=3),
        _on=st.sampled_from([{}, {"match_on": "all"}]),
    ),
    "expect_column_values_to_not_match_regex_list": mapped(
        "s", regex_list=st.lists(PATTERN, min_size=1, max_size=3)
    ),
    "expect_column_pair_values_a_to_be_greater_than_b": pair(
        _equal=st.sampled_from([{}, {"or_equal": True}])
    ),
    "expect_column_pair_values_to_be_equal": pair(),
    "expect_column_pair_values_to_be_in_set": make(  # the peer errs where no row is left
        column_A="s",
        column_B="t",
        _mostly=MOSTLY,
        _ignore=IGNORE_PAIR,
        value_pairs_set=st.sampled_from([[["a", "b"], ["ab", None]], [[None, None]], []]),
    ),
    "expect_compound_columns_to_be_unique": several([["n", "m"], ["s", "k"], ["s", "n", "d"]]),
    "expect_select_column_values_to_be_unique_within_record": several(
        [["n", "m", "k"], ["s", "t"]]
    ),
    "expect_multicolumn_values_to_be_equal": several([["n", "m", "k"], ["s", "t"], ["d", "e"]]),
    "expect_multicolumn_sum_to_equal": several([["n", "m"], ["n", "k"]], sum_total=NUMBERS),
    "expect_column_mean_to_be_between": column(NUMERIC, _limits=LIMITS, _strict=STRICT),
    "expect_column_median_to_be_between": column(NUMERIC, _limits=LIMITS, _strict=STRICT),
    "expect_column_sum_to_be_between": column(NUMERIC, _limits=LIMITS, _strict=STRICT),
    "expect_column_stdev_to_be_between": column(NUMERIC, _limits=LIMITS),
    "expect_column_min_to_be_between": either(
        column(NUMERIC, _limits=LIMITS, _strict=STRICT), column("d", _limits=st.just(DATES))
    ),
    "expect_column_max_to_be_between": either(
        column(NUMERIC, _limits=LIMITS, _strict=STRICT), column("d", _limits=st.just(DATES))
    ),
    "expect_column_unique_value_count_to_be_between": column(ANY, _limits=LIMITS, _strict=STRICT),
    "expect_column_proportion_of_unique_values_to_be_between": column(ANY, _limits=SHARES),
    "expect_column_proportion_of_non_null_values_to_be_between": column(ANY, _limits=SHARES),
    "expect_column_distinct_values_to_be_in_set": SETS,
    "expect_column_distinct_values_to_contain_set": SETS,
    "expect_column_distinct_values_to_equal_set": SETS,
    "expect_column_most_common_value_to_be_in_set": column(
        "k", value_set=NUMBER_SET, _ties=st.sampled_from([{}, {"ties_okay": True}])
    ),
    "expect_column_quantile_values_to_be_between": column(
        NUMERIC,
        quantile_ranges=QUANTILES,
        _how=st.sampled_from(
            [{}, *({"allow_relative_error": how} for how in ("linear", "lower", "higher"))]
        ),
    ),
    "expect_column_to_exist": either(
        make(column=st.sampled_from(["s", "nope"])),
        make(column="t", column_index=st.sampled_from([1, 3, 99])),
    ),
    "expect_table_row_count_to_be_between": make(_limits=LIMITS, _where=WHERE),
    "expect_table_row_count_to_equal": make(value=st.integers(1, 4), _where=WHERE),
    "expect_table_column_count_to_equal": make(value=st.integers(6, 8)),
    "expect_table_column_count_to_be_between": make(
        _limits=st.sampled_from([{"min_value": 7}, {"max_value": 6}])
    ),
    "expect_table_columns_to_match_set": make(
        column_set=st.sampled_from([NAMES, NAMES[:3], [*NAMES, "z"]]),
        _exact=st.sampled_from([{}, {"exact_match": False}]),
    ),
    "expect_table_columns_to_match_ordered_list": make(
        column_list=st.sampled_from([NAMES, NAMES[::-1], NAMES[:2]])
    ),
}


def table_of(con, rows):
    columns = {name: [row.get(name) for row in rows] for name in NAMES}
    columns = {"_row": list(range(len(rows))), **columns}
    data = pa.table({n: pa.array(v, TYPES[n]) for n, v in columns.items()})
    con.register("given", data)
    con.execute("CREATE OR REPLACE TEMP TABLE rows AS SELECT * FROM given")
    types = {str(name): str(type_) for name, type_, *_ in con.execute("DESCRIBE rows").fetchall()}
    return Table(con, "rows", types, NAMES)


def peer(gx, table, expectation):
    """Great Expectations' own answer for the same table, and the rows it finds failing."""
    frame = table.con.execute("SELECT * FROM rows").to_arrow_table().to_pandas()
    if expectation.type.startswith("expect_table") or expectation.type.endswith("to_exist"):
        frame = frame.drop(columns="_row")
    batch = engine.open_batch(gx, frame)
    found = engine._validate(gx, batch, expectation, "_row")
    assert engine._raised(found["exception_info"]) is None, found["exception_info"]
    return found


def agree(ours, theirs):
    """Whether two values of a result mean the same; a value that we withhold agrees."""
    if ours is None or theirs is None:
        return ours is None
    if isinstance(ours, float):
        return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9)
    return ours == theirs


def test_every_compiled_type_is_held_to_the_real_engine():
    assert set(ARGUMENTS) == set(KINDS)
    assert len(KINDS) >= 25


@pytest.mark.parametrize("type_", sorted(KINDS))
def test_a_compiled_expectation_agrees_with_the_real_engine(gx, type_):
    con = duckdb.connect()

    @settings(
        max_examples=often(40),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        phases=[Phase.generate],
    )
    @given(rows=ROWS, kwargs=ARGUMENTS[type_])
    def law(rows, kwargs):
        table = table_of(con, rows)
        expectation = Expectation(type_, kwargs, place="test")
        compile_expectation(expectation, table)  # never the engine itself
        judged = evaluate(table, [expectation])[0]
        with engine.quietly():
            theirs = peer(gx, table, expectation)
        assert judged.verdict.success is bool(theirs["success"])
        for name, value in judged.verdict.result.items():
            if name != "details" and not isinstance(value, dict):
                assert agree(value, theirs["result"].get(name)), name
        if "unexpected_index_list" in theirs["result"]:
            found = con.execute(f"SELECT _row FROM rows WHERE {judged.failing}").fetchall()
            wanted = [entry["_row"] for entry in theirs["result"]["unexpected_index_list"]]
            assert sorted(row for (row,) in found) == sorted(wanted)

    law()
    con.close()
