"""Dagster: a project as assets, their quality as asset checks, a schedule, a failure path.

    source/<name>  ─▶  profiles  ─▶  target/<name>

Each asset calls `pipelines.jobs.sync` for its part. One process runs them in order: the project's
lock lets only one run at a time write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import structlog

from idp_core.db.engine import reading
from idp_core.ledger import store as ledger
from pipelines.bus import open_bus
from pipelines.errors import JobError, StoppedError
from pipelines.jobs import RunReport, sync
from pipelines.project import Project, load_project

TRIGGER = "dagster"
CHECK = "quality"
JOB = "isthmus_sync"

log = structlog.get_logger()


def definitions(folder: Path) -> dg.Definitions:
    """Return the definitions of the project in this folder. Raises ProjectError."""
    project = load_project(folder)
    sources = [_source(project, name) for name in project.sources]
    profiles = _profiles(project)
    targets = [_target(project, name) for name in project.targets]
    job = dg.define_asset_job(JOB, selection=dg.AssetSelection.all())
    schedule = dg.ScheduleDefinition(
        name="isthmus_schedule", job=job, cron_schedule=project.schedule
    )
    return dg.Definitions(
        assets=[*sources, profiles, *targets],
        jobs=[job],
        schedules=[schedule],
        sensors=[_failures()],
        executor=dg.in_process_executor,
    )


def _key(kind: str, name: str) -> dg.AssetKey:
    return dg.AssetKey([kind, name.replace("-", "_")])


def _source(project: Project, name: str) -> dg.AssetsDefinition:
    key = _key("source", name)

    @dg.asset(
        key=key,
        group_name="sources",
        description=f"The records of {name}, mapped and checked.",
        check_specs=[dg.AssetCheckSpec(CHECK, asset=key, description="The source's suite.")],
    )
    def source() -> Iterator[Any]:
        with open_bus(project) as bus:
            report = sync(bus, sources=[name], unify=False, targets=[], trigger=TRIGGER)
            with reading(bus.engine) as conn:
                found = ledger.read_quality(conn, report.run)
        yield _check(key, found, stopped=bool(report.problems))
        _raise_problems(report)
        taken = report.taken[name]
        counts = {
            "rows": report.read[name],
            "inserted": taken.inserted,
            "changed": taken.changed,
            "deleted": taken.deleted,
            "dead_letters": taken.dead,
        }
        yield dg.MaterializeResult(metadata=_metadata(report, counts))

    return source


def _check(
    key: dg.AssetKey, found: Sequence[ledger.QualityResult], *, stopped: bool
) -> dg.AssetCheckResult:
    """Return what the suites said: red when they stopped the source, yellow when they warn."""
    return dg.AssetCheckResult(
        check_name=CHECK,
        asset_key=key,
        passed=not stopped and all(each.success for each in found),
        severity=dg.AssetCheckSeverity.ERROR if stopped else dg.AssetCheckSeverity.WARN,
        metadata={"expectations": dg.MetadataValue.md("\n".join(_verdicts(found)))},
    )


def _verdicts(found: Sequence[ledger.QualityResult]) -> Iterator[str]:
    """Yield a table of the expectations, those that are not met first."""
    yield "| met | expectation | of | unexpected rows |"
    yield "| --- | --- | --- | --: |"
    results = [result for each in found for result in each.result["results"]]
    for result in sorted(results, key=lambda each: bool(each["success"])):
        config = result["expectation_config"]
        columns = [v for k, v in config["kwargs"].items() if k.startswith("column")]
        yield (
            f"| {'yes' if result['success'] else '**no**'} | {config['type']} "
            f"| {', '.join(str(column) for column in columns)} "
            f"| {result['result'].get('unexpected_count', '')} |"
        )


def _profiles(project: Project) -> dg.AssetsDefinition:
    @dg.asset(
        key="profiles",
        group_name="profiles",
        deps=[_key("source", name) for name in project.sources],
        description="Who is one person, and each person's golden profile.",
    )
    def profiles() -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads it
        with open_bus(project) as bus:
            report = sync(bus, sources=[], targets=[], trigger=TRIGGER)
        _raise_problems(report)
        return dg.MaterializeResult(metadata=_metadata(report, report.golden))

    return profiles


def _target(project: Project, name: str) -> dg.AssetsDefinition:
    @dg.asset(
        key=_key("target", name),
        group_name="targets",
        deps=["profiles"],
        description=f"The accounts of {name}, planned, guarded and applied.",
    )
    def target() -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads it
        with open_bus(project) as bus:
            report = sync(bus, sources=[], unify=False, targets=[name], trigger=TRIGGER)
        _raise_problems(report)
        return dg.MaterializeResult(
            metadata=_metadata(report, report.targets[name].prepared.plan.counts)
        )

    return target


def _raise_problems(report: RunReport) -> None:
    """Fail the step with the line for a person; a safety stop is not tried again."""
    if report.problems:
        first: JobError = report.problems[0]
        raise dg.Failure(
            description=str(first),
            metadata={"isthmus_run": report.run},
            allow_retries=not isinstance(first, StoppedError),
        )


def _metadata(report: RunReport, counts: Mapping[str, int]) -> dict[str, Any]:
    return {"isthmus_run": report.run, **{name: int(count) for name, count in counts.items()}}


def _failures() -> dg.SensorDefinition:
    @dg.run_failure_sensor(name="isthmus_run_failed", default_status=dg.DefaultSensorStatus.RUNNING)
    def run_failed(context: dg.RunFailureSensorContext) -> Iterator[dg.SkipReason]:
        log.error("run.failed", run=context.dagster_run.run_id, job=context.dagster_run.job_name)
        yield dg.SkipReason(f"told of run {context.dagster_run.run_id}")

    return run_failed
