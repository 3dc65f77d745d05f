"""The expectations with SQL of our own, by their Great Expectations names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipelines.quality import columns, rows, several, tables
from pipelines.quality.arguments import check
from pipelines.quality.errors import UnsupportedError
from pipelines.quality.measure import Check
from pipelines.quality.model import Expectation
from pipelines.quality.table import Table

Builder = Callable[[Expectation, Table], Check]


@dataclass(frozen=True, slots=True)
class Kind:
    """One supported type: how to compile it and the arguments it takes."""

    build: Builder
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def doc(self) -> str:
        """What it expects, in one sentence."""
        return (self.build.__doc__ or "").strip().split("\n")[0]

    @property
    def takes(self) -> tuple[str, ...]:
        """Every argument, required ones first."""
        return self.required + self.optional


_WHERE = ("row_condition", "condition_parser")
_MAP = ("mostly", *_WHERE)
_MANY = ("ignore_row_if", *_MAP)
_BOUNDS = ("min_value", "max_value", "strict_min", "strict_max")
_COLUMN = ("column",)
_PAIR = ("column_A", "column_B")
_LIST = ("column_list",)
_EVERYWHERE = ("result_format", "catch_exceptions", "batch_id")

_ROWS = {
    "values_to_not_be_null": Kind(rows.not_null, _COLUMN, _MAP),
    "values_to_be_null": Kind(rows.null, _COLUMN, _MAP),
    "values_to_be_unique": Kind(rows.unique, _COLUMN, _MAP),
    "values_to_be_in_set": Kind(rows.in_set, (*_COLUMN, "value_set"), _MAP),
    "values_to_not_be_in_set": Kind(rows.not_in_set, (*_COLUMN, "value_set"), _MAP),
    "values_to_be_between": Kind(rows.between, _COLUMN, (*_BOUNDS, *_MAP)),
    "value_lengths_to_be_between": Kind(rows.lengths_between, _COLUMN, (*_BOUNDS, *_MAP)),
    "value_lengths_to_equal": Kind(rows.lengths_equal, (*_COLUMN, "value"), _MAP),
    "values_to_match_regex": Kind(rows.regex, _COLUMN, ("regex", *_MAP)),
    "values_to_not_match_regex": Kind(rows.not_regex, (*_COLUMN, "regex"), _MAP),
    "values_to_match_regex_list": Kind(
        rows.regex_list, (*_COLUMN, "regex_list"), ("match_on", *_MAP)
    ),
    "values_to_not_match_regex_list": Kind(rows.not_regex_list, (*_COLUMN, "regex_list"), _MAP),
    "pair_values_a_to_be_greater_than_b": Kind(
        several.a_greater_than_b, _PAIR, ("or_equal", *_MANY)
    ),
    "pair_values_to_be_equal": Kind(several.a_equals_b, _PAIR, _MANY),
    "pair_values_to_be_in_set": Kind(several.pair_in_set, (*_PAIR, "value_pairs_set"), _MANY),
}
_COLUMNS = {
    "mean_to_be_between": Kind(columns.mean, _COLUMN, (*_BOUNDS, *_WHERE)),
    "median_to_be_between": Kind(columns.median, _COLUMN, (*_BOUNDS, *_WHERE)),
    "min_to_be_between": Kind(columns.smallest, _COLUMN, (*_BOUNDS, *_WHERE)),
    "max_to_be_between": Kind(columns.largest, _COLUMN, (*_BOUNDS, *_WHERE)),
    "sum_to_be_between": Kind(columns.total, _COLUMN, (*_BOUNDS, *_WHERE)),
    "stdev_to_be_between": Kind(columns.deviation, _COLUMN, (*_BOUNDS, *_WHERE)),
    "unique_value_count_to_be_between": Kind(columns.unique_count, _COLUMN, (*_BOUNDS, *_WHERE)),
    "proportion_of_unique_values_to_be_between": Kind(
        columns.unique_share, _COLUMN, (*_BOUNDS, *_WHERE)
    ),
    "proportion_of_non_null_values_to_be_between": Kind(
        columns.present_share, _COLUMN, (*_BOUNDS, *_WHERE)
    ),
    "distinct_values_to_be_in_set": Kind(columns.distinct_in_set, (*_COLUMN, "value_set"), _WHERE),
    "distinct_values_to_contain_set": Kind(
        columns.distinct_contain_set, (*_COLUMN, "value_set"), _WHERE
    ),
    "distinct_values_to_equal_set": Kind(
        columns.distinct_equal_set, (*_COLUMN, "value_set"), _WHERE
    ),
    "most_common_value_to_be_in_set": Kind(
        columns.most_common_in_set, (*_COLUMN, "value_set"), ("ties_okay", *_WHERE)
    ),
    "quantile_values_to_be_between": Kind(
        columns.quantiles, (*_COLUMN, "quantile_ranges"), ("allow_relative_error", *_WHERE)
    ),
    "to_exist": Kind(tables.column_exists, _COLUMN, ("column_index",)),
}
_OTHERS = {
    "expect_compound_columns_to_be_unique": Kind(several.compound_unique, _LIST, _MANY),
    "expect_select_column_values_to_be_unique_within_record": Kind(
        several.unique_within_record, _LIST, _MANY
    ),
    "expect_multicolumn_values_to_be_equal": Kind(several.equal_within_record, _LIST, _MANY),
    "expect_multicolumn_sum_to_equal": Kind(several.sum_equals, (*_LIST, "sum_total"), _MANY),
    "expect_table_row_count_to_be_between": Kind(tables.row_count_between, (), (*_BOUNDS, *_WHERE)),
    "expect_table_row_count_to_equal": Kind(tables.row_count_equal, ("value",), _WHERE),
    "expect_table_column_count_to_be_between": Kind(
        tables.column_count_between, (), ("min_value", "max_value")
    ),
    "expect_table_column_count_to_equal": Kind(tables.column_count_equal, ("value",)),
    "expect_table_columns_to_match_set": Kind(
        tables.columns_match_set, (), ("column_set", "exact_match")
    ),
    "expect_table_columns_to_match_ordered_list": Kind(
        tables.columns_match_list, (), ("column_list",)
    ),
}

KINDS: Mapping[str, Kind] = {
    **{f"expect_column_{name}": kind for name, kind in (_ROWS | _COLUMNS).items()},
    **_OTHERS,
}
"""Every expectation compiled to SQL; all others go to Great Expectations' own engine."""


def check_arguments(expectation: Expectation) -> None:
    """Refuse an argument that is missing, unknown or of a wrong shape, for a supported type.

    Raises SuiteError. Other types are looked at by Great Expectations itself.
    """
    kind = KINDS.get(expectation.type)
    if kind is None:
        return
    check(expectation, kind.required, (*kind.takes, *_EVERYWHERE))


def compile_expectation(expectation: Expectation, table: Table) -> Check:
    """Compile one expectation.

    Raises UnsupportedError when the real engine must judge it, SuiteError when nobody can.
    """
    kind = KINDS.get(expectation.type)
    if kind is None:
        raise UnsupportedError(expectation.type)
    check_arguments(expectation)
    return kind.build(expectation, table)


def compiles(expectation: Expectation, table: Table) -> bool:
    """Whether SQL of ours judges an expectation; False when the real engine must.

    Raises SuiteError when nobody can judge it as it is written.
    """
    try:
        compile_expectation(expectation, table)
    except UnsupportedError:
        for name in expectation.columns:
            table.type(name, expectation)
        return False
    return True
