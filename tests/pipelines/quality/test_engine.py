from __future__ import annotations

import json

import pytest

from pipelines.quality import engine
from pipelines.quality.compiler import KINDS
from pipelines.quality.errors import SuiteError
from pipelines.quality.model import Expectation
from pipelines.quality.suite import _of_the_library, read_suite
from pipelines.quality.table import checked_view
from tests.pipelines.quality.mapped import mapped

EVEN = {"values": ["2020", "x"], "weights": [0.5, 0.5]}
ARGUMENTS = {
    "expect_column_kl_divergence_to_be_less_than": {"partition_object": EVEN, "threshold": 0.5},
    "expect_column_type_to_be": {"type_": "str"},
    "expect_column_value_z_scores_to_be_less_than": {"threshold": 3, "double_sided": True},
    "expect_column_values_to_be_dateutil_parseable": {},
    "expect_column_values_to_be_decreasing": {},
    "expect_column_values_to_be_in_type_list": {"type_list": ["str"]},
    "expect_column_values_to_be_increasing": {},
    "expect_column_values_to_be_json_parseable": {},
    "expect_column_values_to_be_of_type": {"type_": "str"},
    "expect_column_values_to_match_json_schema": {"json_schema": {"type": "integer"}},
    "expect_column_values_to_match_strftime_format": {"strftime_format": "%Y"},
    "expect_column_values_to_not_be_outliers": {"method": "std"},
}
NUMBERS = ("z_scores", "outliers", "creasing")


def test_each_expectation_has_one_engine_and_exists_in_the_library():
    assert set(ARGUMENTS) == set(engine.ENGINE)
    assert not KINDS.keys() & engine.ENGINE.keys()
    assert engine.ENGINE.keys() | KINDS.keys() <= _of_the_library()


@pytest.mark.parametrize("type_", sorted(engine.ENGINE))
def test_the_real_engine_judges_what_is_promised(con, gx, type_):
    relation = mapped(con, {"given_name": "2020"}, {"given_name": "2021"}, {})
    con.execute("ALTER TABLE mapped ADD COLUMN points BIGINT")
    con.execute("UPDATE mapped SET points = _row")
    column = "points" if any(word in type_ for word in NUMBERS) else "given_name"
    wanted = Expectation(type_, {"column": column, **ARGUMENTS[type_]}, place="test")
    verdict, _ = engine.judge(checked_view(con, relation, "_checked"), wanted)
    assert verdict.error is None


@pytest.mark.parametrize(
    ("type_", "line"),
    [
        ("expect_column_values_to_match_like_pattern", "cannot be judged here"),
        ("expect_multicolumn_values_to_be_unique", "cannot be judged here"),
        ("expect_column_values_to_be_nul", "did you mean 'expect_column_values_to_be_null'"),
    ],
)
def test_what_nobody_can_judge_is_refused_when_it_is_read(type_, line):
    with pytest.raises(SuiteError, match=line):
        read_suite(json.dumps({"expectations": [{"type": type_, "kwargs": {}}]}), "shop.json")
