"""Suites and their results as tables and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from idp_core.ledger.store import QualityResult
from pipelines.cli.output import table
from pipelines.quality.model import Expectation, Suite


@dataclass(frozen=True, slots=True)
class Shown:
    """An expectation and what was said of it last; `met` is None when nothing was."""

    expectation: Expectation
    met: bool | None
    rows: int | None
    failing: int | None


@dataclass(frozen=True, slots=True)
class Verdicts:
    """A suite as it is now, and the run whose results stand beside it."""

    suite: str
    run: str | None
    expectations: Sequence[Shown]


def results_table(found: Sequence[QualityResult]) -> RenderableType:
    """Return one line a source and run."""
    columns = ("run", "source", "rows", "passed", "quarantined", "expectations met", "")
    return table(
        columns,
        (
            (
                each.run, each.source, _said(each, "rows"), _said(each, "good"), _said(each, "bad"),
                _met(each), Text("stopped", style="red") if _said(each, "stopped") else "",
            )
            for each in found
        ),
        numbers=("rows", "passed", "quarantined"),
    )  # fmt: skip


def results_document(found: Sequence[QualityResult]) -> list[dict[str, Any]]:
    """Return the results as JSON, without each expectation's."""
    return [
        {
            "run": each.run,
            "source": each.source,
            "success": each.success,
            "rows": _said(each, "rows"),
            "good": _said(each, "good"),
            "bad": _said(each, "bad"),
            "stopped": _said(each, "stopped"),
            "statistics": each.result["statistics"],
        }
        for each in found
    ]


def verdicts(suite: Suite, last: QualityResult | None) -> Verdicts:
    """Put the last results beside the suite as it is now: by type and columns."""
    said = (
        {_name(each["expectation_config"]): each for each in last.result["results"]} if last else {}
    )
    shown = []
    for expectation in suite.expectations:
        verdict = said.get(_name(expectation.to_json()))
        result = verdict["result"] if verdict else {}
        shown.append(
            Shown(
                expectation,
                bool(verdict["success"]) if verdict else None,
                result.get("element_count"),
                result.get("unexpected_count"),
            )
        )
    return Verdicts(suite.name, last.run if last else None, shown)


def verdicts_table(found: Verdicts) -> Iterator[RenderableType]:
    """Yield the expectations, with where each comes from."""
    columns = ("met", "severity", "expectation", "of", "rows", "failing", "from")
    yield table(
        columns,
        (
            (
                _word(each.met), each.expectation.severity.value,
                each.expectation.type.removeprefix("expect_"), _arguments(each.expectation),
                each.rows, each.failing, each.expectation.place,
            )
            for each in found.expectations
        ),
        numbers=("rows", "failing"),
        folds=("of", "from"),
        title=f"{found.suite}, judged in run {found.run}" if found.run else found.suite,
    )  # fmt: skip


def verdicts_document(found: Verdicts) -> dict[str, Any]:
    """Return the expectations as JSON, each as Great Expectations writes it."""
    return {
        "suite": found.suite,
        "run": found.run,
        "expectations": [
            {
                **each.expectation.to_json(),
                "place": each.expectation.place,
                "met": each.met,
                "rows": each.rows,
                "failing": each.failing,
            }
            for each in found.expectations
        ],
    }


def _name(config: dict[str, Any]) -> tuple[str, str]:
    columns = {k: v for k, v in config["kwargs"].items() if k.startswith("column")}
    return config["type"], repr(sorted(columns.items(), key=str))


def _said(each: QualityResult, name: str) -> Any:
    return each.result["meta"]["isthmus"][name]


def _met(each: QualityResult) -> str:
    counts = each.result["statistics"]
    return f"{counts['successful_expectations']} of {counts['evaluated_expectations']}"


def _word(met: bool | None) -> Text:
    if met is None:
        return Text("")
    return Text("yes") if met else Text("no", style="bold red")


def _arguments(expectation: Expectation) -> str:
    told = []
    for name, value in expectation.kwargs.items():
        text = f"{len(value)} values" if isinstance(value, list) and len(value) > 3 else str(value)
        told.append(text if name.startswith("column") else f"{name} {text}")
    return ", ".join(told)
