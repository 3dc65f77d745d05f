"""What is sent to Spark is what DuckDB is asked, in Spark's words."""

from __future__ import annotations

import sys

import pyarrow as pa
import pytest

from pipelines.errors import ProjectError
from pipelines.resolve import sparking
from pipelines.resolve.likeness import WORDS, condition
from pipelines.resolve.modelfile import default
from pipelines.resolve.settings import rule, settings
from pipelines.resolve.trained import Trained


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("close", "(JARO_WINKLER(`a_l`, `a_r`) >= 0.93)"),
        ("slip", "(DAMERAU_LEVENSHTEIN(`a_l`, `a_r`) <= 1)"),
        ("nickname", "ARRAYS_OVERLAP(`a_roots_l`, `a_roots_r`)"),
        ("local_part", "SPLIT_PART(`a_l`, '@', 1) = SPLIT_PART(`a_r`, '@', 1)"),
    ],
)
def test_a_likeness_is_said_in_the_words_of_spark(word: str, said: str) -> None:
    assert sparking.spark_sql(condition(word, ["a"])) == said


@pytest.mark.parametrize("word", sorted(WORDS))
def test_no_word_keeps_what_only_duckdb_knows(word: str) -> None:
    text = sparking.spark_sql(condition(word, ["a"]))
    for foreign in ('"', "&&", "::", "JAROWINKLER", "list_", "LIST_", "lambda"):
        assert foreign not in text


def test_every_condition_and_key_of_the_settings_is_translated_and_the_given_ones_stay() -> None:
    model = default()
    key = rule("family_name:3 + birth_date:year")
    said = settings(model, list(model.columns), [key], None, 0.01)
    made = sparking.spark_settings(said)
    (made_key,) = made["blocking_rules_to_generate_predictions"]
    assert made_key["sql_dialect"] == "spark"
    assert "`" in made_key["blocking_rule"]
    levels = [level for each in made["comparisons"] for level in each["comparison_levels"]]
    assert not any('"' in level["sql_condition"] for level in levels)
    assert said["blocking_rules_to_generate_predictions"][0]["blocking_rule"] == key


def test_a_missing_package_is_told_with_the_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    table = pa.table({"unique_id": pa.array([0, 1], pa.int64())})
    nothing = pa.table({"column": [], "value": [], "share": []})
    trained = Trained("d", 2, 0.1, 0.0, {}, nothing, ("",), ())
    with pytest.raises(ProjectError, match=r"pip install 'isthmus\[spark\]'"):
        sparking.score(table, default(), trained, master="local[1]")
