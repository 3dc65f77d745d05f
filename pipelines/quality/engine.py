"""Great Expectations' own engine (pandas), for the expectations that have no SQL of ours.

It takes seconds to import and reads the rows into memory, so it is imported when first needed.
Nothing is sent anywhere: analytics are off, and no context of the user's is opened.
"""

from __future__ import annotations

import json
import logging
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from pipelines.quality.errors import SuiteError
from pipelines.quality.literals import is_list, quoted
from pipelines.quality.model import Expectation, Verdict
from pipelines.quality.table import Table

ENGINE: Mapping[str, str] = {
    "expect_column_kl_divergence_to_be_less_than": "Values are spread as a given partition says.",
    "expect_column_type_to_be": "The column has a pandas type.",
    "expect_column_value_z_scores_to_be_less_than": "No value lies far from the mean.",
    "expect_column_values_to_be_dateutil_parseable": "Each value is a date that dateutil can read.",
    "expect_column_values_to_be_decreasing": "No value is greater than the one before it.",
    "expect_column_values_to_be_in_type_list": "The column has one of some pandas types.",
    "expect_column_values_to_be_increasing": "No value is smaller than the one before it.",
    "expect_column_values_to_be_json_parseable": "Each value is JSON text.",
    "expect_column_values_to_be_of_type": "The column has a pandas type.",
    "expect_column_values_to_match_json_schema": "Each value is JSON text that fits a schema.",
    "expect_column_values_to_match_strftime_format": "Each value is a time written in a format.",
    "expect_column_values_to_not_be_outliers": "No value is an outlier.",
}
"""What the real engine can judge beyond the compiled ones, each in one sentence."""

_COUNTS = (
    "element_count",
    "unexpected_count",
    "unexpected_percent",
    "missing_count",
    "missing_percent",
    "unexpected_percent_total",
    "unexpected_percent_nonmissing",
)
_LAST_LINE = re.compile(r"^(?:[\w.]*\.)?(\w+)(?::|$)")


@contextmanager
def quietly() -> Iterator[ModuleType]:
    """Give the imported library with its warnings, logs and analytics off."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logger = logging.getLogger("great_expectations")
    level = logger.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx

        logger.setLevel(logging.CRITICAL + 1)  # its messages may hold values
        try:
            yield gx
        finally:
            logger.setLevel(level)


def judge(table: Table, expectation: Expectation) -> tuple[Verdict, list[int] | None]:
    """Have the real engine judge one expectation.

    Returns the verdict, with counts but no values, and the `_row` numbers of the failing rows,
    None when the expectation is not about rows. Raises SuiteError when its arguments are wrong.
    """
    with quietly() as gx:
        frame = _frame(table, expectation)
        batch = open_batch(gx, frame)
        found = _validate(gx, batch, expectation, table.row)
    result, error = found["result"], _raised(found["exception_info"])
    counts = {name: result[name] for name in _COUNTS if name in result}
    verdict = Verdict(
        expectation,
        success=bool(found["success"]) and error is None,
        result=counts or {"observed_value": None},
        error=error,
        compiled=False,
    )
    if "unexpected_index_list" not in result:
        return verdict, None
    return verdict, [int(entry[table.row]) for entry in result["unexpected_index_list"]]


def _frame(table: Table, expectation: Expectation) -> Any:
    """Read the rows it is about and the columns that its arguments name."""
    for name in expectation.columns:
        table.type(name, expectation)
    words = json.dumps(dict(expectation.kwargs), default=str, ensure_ascii=False)
    names = [name for name, type_ in table.types.items() if name in words and not is_list(type_)]
    chosen = ", ".join(quoted(name) for name in dict.fromkeys([table.row, *names]))
    where = table.rows(expectation.columns)
    order = f"ORDER BY {quoted(table.row)}"
    found = table.con.execute(f"SELECT {chosen} FROM {table.name} WHERE {where} {order}")
    rows: Any = found.to_arrow_table()
    return rows.to_pandas()  # not DuckDB's .df(): the engine cannot handle pandas.NA


def open_context(gx: ModuleType, kept: Path | None = None) -> Any:
    """Open a context in memory: no analytics, no progress bars.

    Below `kept` suites and results are files, so that a later context finds them.
    """
    from great_expectations.data_context.types import base

    stores = base.InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    if kept is not None:
        for name in (stores.expectations_store_name, stores.validation_results_store_name):
            stores.stores[name]["store_backend"] = {
                "class_name": "TupleFilesystemStoreBackend",
                "base_directory": str(kept / name),
                "filepath_suffix": ".json",
            }
    config = base.DataContextConfig(
        store_backend_defaults=stores,
        analytics_enabled=False,
        progress_bars=base.ProgressBarsConfig(globally=False),
    )
    return gx.get_context(project_config=config, mode="ephemeral")


def open_batch(gx: ModuleType, frame: Any) -> Any:
    """Give a data frame to the real engine."""
    asset = open_context(gx).data_sources.add_pandas("isthmus").add_dataframe_asset("rows")
    return asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})


def _validate(gx: ModuleType, batch: Any, expectation: Expectation, row: str) -> dict[str, Any]:
    from great_expectations.compatibility.pydantic import ValidationError

    config = {"type": expectation.type, "kwargs": dict(expectation.kwargs)}
    try:
        suite = gx.ExpectationSuite(name="isthmus", expectations=[config])
    except ValidationError as error:
        wrong = "; ".join(f"{one['loc'][-1]}: {one['msg']}" for one in error.errors())
        raise SuiteError(f"{expectation.place}: {expectation.type}: {wrong}") from None
    except gx.exceptions.GreatExpectationsError as error:
        kind = type(error).__name__
        raise SuiteError(f"{expectation.place}: {expectation.type}: {kind}") from None
    wanted = {"result_format": "COMPLETE", "unexpected_index_column_names": [row]}
    found: dict[str, Any] = batch.validate(suite, result_format=wanted).results[0].to_json_dict()
    return found


def _raised(info: dict[str, Any]) -> str | None:
    """Return the name of the exception that was raised, without its message."""
    entries = [info] if "raised_exception" in info else list(info.values())
    for entry in entries:
        if isinstance(entry, dict) and entry.get("raised_exception"):
            lines = str(entry.get("exception_traceback") or "").strip().splitlines()
            named = [found[1] for line in lines if (found := _LAST_LINE.match(line))]
            return named[-1] if named else "Exception"
    return None
