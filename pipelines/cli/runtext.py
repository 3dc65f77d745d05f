"""Runs as the command line shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from idp_core.ledger.store import QualityResult, Step, StepStatus
from pipelines.cli.output import short, table
from pipelines.provision.render import counted
from pipelines.runs import RunLine, RunStory

_STYLES = {"succeeded": "green", "failed": "red", "stopped": "yellow", "interrupted": "yellow"}
_STYLES |= {"paused": "yellow", "ending": "yellow"}


def lines(found: Sequence[RunLine]) -> RenderableType:
    """Return one line a run."""
    if not found:
        return Text("no run yet; isthmus sync makes one")
    columns = ("run", "job", "trigger", "status", "started (UTC)", "took", "counts", "error")
    rows = (
        (
            short(each.run.id),
            each.run.job,
            each.run.trigger,
            Text(each.state, style=_STYLES.get(each.state, "")),
            f"{each.run.started_at:%Y-%m-%d %H:%M:%S}",
            _took(each.run.started_at, each.run.ended_at),
            told(each.run.counts),
            _clipped((each.run.error or "").partition("\n")[0]),
        )
        for each in found
    )
    return table(columns, rows, folds=("counts", "error"))


def document(line: RunLine) -> dict[str, Any]:
    """Return a run as JSON."""
    run = line.run
    return {
        "id": run.id,
        "job": run.job,
        "trigger": run.trigger,
        "status": line.state,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "counts": dict(run.counts),
        "error": run.error,
    }


def story_parts(story: RunStory) -> Iterator[RenderableType]:
    """Yield a run: its head, its steps, then what needs a look."""
    run = story.line.run
    style = _STYLES.get(story.line.state, "")
    yield Text(f"run {run.id}: {run.job} ({run.trigger}), {story.line.state}", style=style)
    took = _took(run.started_at, run.ended_at) or "not ended"
    yield f"started {run.started_at:%Y-%m-%d %H:%M:%S} UTC, {took}"
    if run.error:
        yield Text(run.error, style="red")
    columns: tuple[str, ...] = ("step", "of", "status", "seconds", "counts", "error")
    yield table(columns, map(_step, story.steps), folds=("counts", "error"))
    if story.quality:
        columns = ("source", "verdict", "expectations", "not met")
        verdicts = map(_verdict, story.quality)
        yield Text("\nwhat the suites say", style="bold")
        yield table(columns, verdicts, folds=("not met",))
    if story.letters:
        letters = [(source, stage, n) for (source, stage), n in story.letters.items()]
        more = f"isthmus deadletters list --status all --run {short(run.id)}"
        yield Text(f"\ndead letters that it was the last to see ({more})", style="bold")
        yield table(("source", "stage", "letters"), letters, numbers=("letters",))
    if story.plans:
        plans = [(p.hash[:12], p.target, p.status.value, counted(p)) for p in story.plans]
        yield Text("\nplans", style="bold")
        yield table(("plan", "target", "status now", "what it does"), plans)


def story_document(story: RunStory) -> dict[str, Any]:
    """Return a run with its steps, verdicts, letters and plans as JSON."""
    return document(story.line) | {
        "steps": [
            {
                "step": each.step,
                "of": each.source,
                "status": each.status,
                "attempts": each.attempts,
                "started_at": each.started_at,
                "ended_at": each.ended_at,
                "counts": dict(each.counts),
                "error": each.error,
            }
            for each in story.steps
        ],
        "quality": [
            {
                "source": each.source,
                "suite": each.suite,
                "success": each.success,
                "statistics": each.result.get("statistics"),
            }
            for each in story.quality
        ],
        "dead_letters": [
            {"source": source, "stage": stage, "letters": count}
            for (source, stage), count in story.letters.items()
        ],
        "plans": [
            {"hash": p.hash, "target": p.target, "status": p.status, "counts": dict(p.counts)}
            for p in story.plans
        ],
    }


def told(counts: Mapping[str, Any]) -> str:
    """Return counts in a line, without those that are nothing: ``10,000 read, 12 dead``."""
    parts = []
    for name, value in counts.items():
        if isinstance(value, Mapping):
            inner = told(value)
            parts += [f"{name}: {inner}"] if inner else []
        elif value:
            number = f"{value:,}" if isinstance(value, int) else str(value)
            parts.append(f"{number} {name.replace('_', ' ')}")
    return ", ".join(parts)


def _step(step: Step) -> tuple[object, ...]:
    counts = {name: value for name, value in step.counts.items() if name != "plan"}
    head = (step.step, step.source, step.status.value, _seconds(step))
    if step.status is StepStatus.RUNNING and counts.keys() == {"done", "of"}:
        return (*head, f"{counts['done']:,} of {counts['of']:,}", step.error)
    return (*head, told(counts), step.error)


def _verdict(each: QualityResult) -> tuple[object, ...]:
    """Return a suite's verdict; what is not met is named by its rule, without values."""
    results = each.result.get("results", ())
    failed = [one for one in results if not one["success"]]
    met = f"{len(results) - len(failed)} of {len(results)} met"
    names = (_rule(one["expectation_config"]) for one in failed)
    return each.source, "passed" if each.success else "not passed", met, "; ".join(names)


def _rule(config: Mapping[str, Any]) -> str:
    kwargs = config.get("kwargs", {})
    columns = [v for k, v in kwargs.items() if k.startswith("column") and isinstance(v, str)]
    return f"{config['type']}({', '.join(columns)})"


def _clipped(line: str, width: int = 160) -> str:
    return line if len(line) <= width else f"{line[: width - 1]}…"


def _seconds(step: Step) -> str:
    if step.started_at is None or step.ended_at is None:
        return ""
    return f"{(step.ended_at - step.started_at).total_seconds():.1f}"


def _took(started: datetime, ended: datetime | None) -> str:
    if ended is None:
        return ""
    seconds = (ended - started).total_seconds()
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
