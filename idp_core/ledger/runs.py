"""Runs and their steps: what was begun, what came of it. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
import uuid_utils

from idp_core.ledger.tables import quality_result, run, run_step


class RunStatus(StrEnum):
    """How a run stands; `STOPPED` is a run that guards, a person or a crash ended."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"


class StepStatus(StrEnum):
    """How a step of a run stands."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a job. `counts` holds numbers by name, `error` one line without values."""

    id: str
    job: str
    trigger: str
    status: RunStatus
    started_at: datetime
    ended_at: datetime | None = None
    counts: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a run, of one source if it is done per source (otherwise ``""``)."""

    run: str
    step: str
    source: str
    status: StepStatus
    attempts: int
    started_at: datetime | None = None
    ended_at: datetime | None = None
    counts: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class QualityResult:
    """What a suite said of a source in one run, as Great Expectations writes it."""

    run: str
    source: str
    suite: str
    success: bool
    result: Mapping[str, Any] = field(repr=False)


def start_run(
    conn: sa.Connection, job: str, trigger: str = "manual", *, now: datetime | None = None
) -> Run:
    """Begin a run; its id is a UUIDv7, so later runs sort after earlier ones."""
    moment = now or datetime.now(UTC)
    begun = Run(str(uuid_utils.uuid7()), job, trigger, RunStatus.RUNNING, moment)
    values = {"id": begun.id, "job": job, "trigger": trigger, "status": begun.status.value}
    conn.execute(sa.insert(run).values(**values, started_at=moment, counts={}))
    return begun


def end_run(
    conn: sa.Connection,
    run_id: str,
    status: RunStatus,
    *,
    counts: Mapping[str, Any] | None = None,
    error: str | None = None,
    now: datetime | None = None,
) -> None:
    """Note how a run ended."""
    values: dict[str, Any] = {"status": status.value, "ended_at": now or datetime.now(UTC)}
    values |= {"error": error} | ({"counts": dict(counts)} if counts is not None else {})
    conn.execute(sa.update(run).where(run.c.id == run_id).values(**values))


def stop_others(
    conn: sa.Connection, run_id: str, error: str, *, now: datetime | None = None
) -> int:
    """Note every run but this one that has not ended as stopped, its step as failed; count them."""
    going = (run.c.id != run_id) & (run.c.status == RunStatus.RUNNING.value)
    ended = {"ended_at": now or datetime.now(UTC), "error": error}
    open_step = (run_step.c.status == StepStatus.RUNNING.value) & run_step.c.run.in_(
        sa.select(run.c.id).where(going)
    )
    failed = {"status": StepStatus.FAILED.value, **ended}
    conn.execute(sa.update(run_step).where(open_step).values(**failed))
    stopped = {"status": RunStatus.STOPPED.value, **ended}
    return conn.execute(sa.update(run).where(going).values(**stopped)).rowcount


def read_run(conn: sa.Connection, run_id: str) -> Run | None:
    """Return a run by its id."""
    row = conn.execute(sa.select(run).where(run.c.id == run_id)).mappings().one_or_none()
    return _run(row) if row else None


def list_runs(
    conn: sa.Connection, *, job: str | None = None, status: RunStatus | None = None, limit: int = 50
) -> Sequence[Run]:
    """Return runs, latest first."""
    query = sa.select(run).order_by(run.c.started_at.desc(), run.c.id.desc()).limit(limit)
    if job is not None:
        query = query.where(run.c.job == job)
    if status is not None:
        query = query.where(run.c.status == status.value)
    return [_run(row) for row in conn.execute(query).mappings()]


def start_step(
    conn: sa.Connection, run_id: str, step: str, source: str = "", *, now: datetime | None = None
) -> bool:
    """Begin a step, again if it was begun before; False when it is done and need not be."""
    table = run_step.c
    same = (table.run == run_id) & (table.step == step) & (table.source == source)
    found = conn.execute(sa.select(table.status, table.attempts).where(same)).one_or_none()
    if found is not None and found.status == StepStatus.DONE:
        return False
    values = {"status": StepStatus.RUNNING.value, "started_at": now or datetime.now(UTC)}
    if found is None:
        key = {"run": run_id, "step": step, "source": source}
        conn.execute(sa.insert(run_step).values(**key, **values, attempts=1, counts={}))
    else:
        more = {"attempts": found.attempts + 1, "ended_at": None, "error": None}
        conn.execute(sa.update(run_step).where(same).values(**values, **more))
    return True


def end_step(
    conn: sa.Connection,
    run_id: str,
    step: str,
    source: str = "",
    *,
    counts: Mapping[str, Any] | None = None,
    error: str | None = None,
    now: datetime | None = None,
) -> None:
    """Note that a step is done, or that it failed with an error (one line without values)."""
    table = run_step.c
    values = {
        "status": (StepStatus.DONE if error is None else StepStatus.FAILED).value,
        "ended_at": now or datetime.now(UTC),
        "counts": dict(counts or {}),
        "error": error,
    }
    same = (table.run == run_id) & (table.step == step) & (table.source == source)
    conn.execute(sa.update(run_step).where(same).values(**values))


def tell_step(
    conn: sa.Connection, run_id: str, step: str, source: str, counts: Mapping[str, Any]
) -> None:
    """Note how far a step is that goes on."""
    table = run_step.c
    same = (table.run == run_id) & (table.step == step) & (table.source == source)
    going = same & (table.status == StepStatus.RUNNING.value)
    conn.execute(sa.update(run_step).where(going).values(counts=dict(counts)))


def read_steps(conn: sa.Connection, run_id: str) -> Sequence[Step]:
    """Return a run's steps in the order of their beginning."""
    table = run_step.c
    query = sa.select(run_step).where(table.run == run_id)
    query = query.order_by(table.started_at, table.step, table.source)
    return [
        Step(**dict(row) | {"status": StepStatus(row["status"])})
        for row in conn.execute(query).mappings()
    ]


def last_steps(conn: sa.Connection) -> Mapping[tuple[str, str], Step]:
    """Return the last attempt of each step, of each source that it is done for."""
    table = run_step.c
    newest = (table.started_at.desc(), table.run.desc())
    order = sa.func.row_number().over(partition_by=(table.step, table.source), order_by=newest)
    latest = sa.select(table.run, table.step, table.source, order.label("place")).subquery()
    same = sa.and_(
        table.run == latest.c.run, table.step == latest.c.step, table.source == latest.c.source
    )
    query = sa.select(run_step).join(latest, same).where(latest.c.place == 1)
    found = [
        Step(**dict(row) | {"status": StepStatus(row["status"])})
        for row in conn.execute(query).mappings()
    ]
    return {(step.step, step.source): step for step in found}


def save_quality(conn: sa.Connection, given: QualityResult, *, now: datetime | None = None) -> None:
    """Keep, or replace, what a suite said of a source in a run."""
    table = quality_result.c
    same = (table.run == given.run) & (table.source == given.source) & (table.suite == given.suite)
    conn.execute(sa.delete(quality_result).where(same))
    conn.execute(
        sa.insert(quality_result).values(
            run=given.run,
            source=given.source,
            suite=given.suite,
            success=given.success,
            result=dict(given.result),
            saved_at=now or datetime.now(UTC),
        )
    )


def read_quality(conn: sa.Connection, run_id: str) -> Sequence[QualityResult]:
    """Return what the suites said in a run, by source and suite."""
    table = quality_result.c
    query = sa.select(quality_result).where(table.run == run_id)
    return _quality(conn, query.order_by(table.source, table.suite))


def list_quality(
    conn: sa.Connection, *, source: str | None = None, limit: int | None = None
) -> Sequence[QualityResult]:
    """Return what the suites said in all runs, the latest first."""
    table = quality_result.c
    query = sa.select(quality_result).order_by(table.saved_at.desc(), table.source, table.suite)
    if source is not None:
        query = query.where(table.source == source)
    return _quality(conn, query.limit(limit))


def runs_like(conn: sa.Connection, end: str) -> Sequence[Run]:
    """Return the runs whose id ends so, or is it."""
    query = sa.select(run).where(run.c.id.endswith(end, autoescape=True)).order_by(run.c.id)
    return [_run(row) for row in conn.execute(query).mappings()]


def _quality(conn: sa.Connection, query: sa.Select[tuple[Any, ...]]) -> Sequence[QualityResult]:
    rows = conn.execute(query)
    return [QualityResult(r.run, r.source, r.suite, r.success, r.result) for r in rows]


def _run(row: sa.RowMapping) -> Run:
    return Run(**dict(row) | {"status": RunStatus(row["status"])})
