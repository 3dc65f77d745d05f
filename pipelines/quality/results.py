"""Results as Great Expectations writes them: kept as JSON per run, readable as its objects.

The JSON is `ExpectationSuiteValidationResult.to_json_dict()`'s. What it would hold of customers'
values is empty: `partial_unexpected_list` and `partial_unexpected_counts`, and the observed value
of a smallest, largest, middle or most common one. `partial_unexpected_index_list` names `_row`
numbers instead.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pipelines.quality.engine import quietly
from pipelines.quality.gate import GateResult
from pipelines.quality.model import Severity, Verdict

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult

Report = dict[str, Any]


def make_report(result: GateResult, *, source: str, run: str, at: datetime) -> Report:
    """Return the result in Great Expectations' JSON. `at` is when the run began, in UTC."""
    found = [
        _entry(verdict, examples, source)
        for verdict, examples in zip(result.verdicts, result.examples, strict=True)
    ]
    met = sum(1 for verdict in result.verdicts if verdict.success)
    return {
        "success": met == len(found),
        "results": found,
        "suite_name": result.suite.name,
        "suite_parameters": {},
        "statistics": {
            "evaluated_expectations": len(found),
            "successful_expectations": met,
            "unsuccessful_expectations": len(found) - met,
            "success_percent": met / len(found) * 100 if found else None,
        },
        "meta": _meta(result, source, run, at),
        "id": None,
    }


def _meta(result: GateResult, source: str, run: str, at: datetime) -> dict[str, Any]:
    return {
        "great_expectations_version": version("great_expectations"),
        "run_id": {"run_name": run, "run_time": at.isoformat()},
        "validation_time": at.isoformat(),
        "active_batch_definition": {
            "datasource_name": "isthmus",
            "data_connector_name": "mapped",
            "data_asset_name": source,
            "batch_identifiers": {"run": run},
        },
        "isthmus": {
            "rows": result.rows,
            "good": result.good,
            "bad": result.bad,
            "stopped": result.stopped,
            "problems": [
                {"field": p.field, "step": p.step, "severity": p.severity, "rows": p.rows}
                for p in result.problems
            ],
        },
    }


def _entry(verdict: Verdict, examples: Sequence[int], source: str) -> dict[str, Any]:
    config = verdict.expectation.to_json()
    config["kwargs"] = config["kwargs"] | {"batch_id": source}
    result = dict(verdict.result)
    if "element_count" in result:
        result |= {
            "partial_unexpected_list": [],
            "partial_unexpected_counts": [],
            "unexpected_index_column_names": ["_row"],
            "partial_unexpected_index_list": [{"_row": row} for row in examples],
        }
    message = f"{verdict.error} (its message is left out: it may hold values)"
    return {
        "success": verdict.success,
        "expectation_config": config,
        "result": result,
        "meta": {"engine": "isthmus" if verdict.compiled else "great_expectations"},
        "exception_info": {
            "raised_exception": verdict.error is not None,
            "exception_traceback": None,
            "exception_message": message if verdict.error else None,
        },
    }


def worst(report: Mapping[str, Any]) -> Severity | None:
    """Return the gravest severity among the expectations that are not met; None when all are."""
    missed = {r["expectation_config"]["severity"] for r in report["results"] if not r["success"]}
    return next((severity for severity in Severity if severity.value in missed), None)


def load(report: Mapping[str, Any]) -> ExpectationSuiteValidationResult:
    """Return a report as Great Expectations' own object. Imports the library."""
    with quietly():
        from great_expectations.core.expectation_validation_result import (
            expectationSuiteValidationResultSchema,
        )

        loaded = json.loads(json.dumps(report))
        return expectationSuiteValidationResultSchema.load(loaded)
