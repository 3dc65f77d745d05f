"""Runs: how each stands, all that is known of one, and the word that one pauses or ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from idp_core.db.engine import reading, writing
from idp_core.ledger import store as ledger
from idp_core.provisioning import plans
from idp_core.provisioning.model import PlanRecord
from pipelines import acts
from pipelines.bus import Bus
from pipelines.errors import JobError

INTERRUPTED = "interrupted"
"""How a run stands that says it is running and whose process is gone: the next run says why."""
_HALTED = {ledger.HaltKind.PAUSE: "paused", ledger.HaltKind.CANCEL: "ending"}
"""How a run stands that a person halted; it finishes first what is under way."""
_ACTS = {ledger.HaltKind.PAUSE: "run.paused", ledger.HaltKind.CANCEL: "run.cancelled"}


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run and how it stands: its status, ``paused``, ``ending`` or `INTERRUPTED`."""

    run: ledger.Run
    state: str


@dataclass(frozen=True, slots=True)
class RunStory:
    """All that is known of a run.

    `letters` counts by source and stage the dead letters that it was the last to see. `plans` are
    those it made or applied, as they stand now.
    """

    line: RunLine
    steps: Sequence[ledger.Step]
    letters: Mapping[tuple[str, str], int]
    quality: Sequence[ledger.QualityResult]
    plans: Sequence[PlanRecord]


def list_runs(
    bus: Bus, *, job: str | None = None, status: ledger.RunStatus | None = None, limit: int = 20
) -> Sequence[RunLine]:
    """Return runs, the latest first."""
    with reading(bus.engine) as conn:
        found = ledger.list_runs(conn, job=job, status=status, limit=limit)
        return [_line(bus, conn, each) for each in found]


def find_run(bus: Bus, id_: str) -> ledger.Run:
    """Return the run with this id, or the only one whose id ends so. Raises JobError."""
    with reading(bus.engine) as conn:
        found = ledger.runs_like(conn, id_) if id_ else ()
    if len(found) == 1:
        return found[0]
    many = f"{len(found)} runs have an id that ends" if found else "no run's id ends"
    raise JobError(f"{many} in {id_!r}; isthmus runs names them")


def read_run(bus: Bus, id_: str) -> RunStory:
    """Return all that is known of a run. Raises JobError when none, or several, are meant."""
    run = find_run(bus, id_)
    with reading(bus.engine) as conn:
        steps = ledger.read_steps(conn, run.id)
        return RunStory(
            line=_line(bus, conn, run),
            steps=steps,
            letters=ledger.count_letters(conn, run.id),
            quality=ledger.read_quality(conn, run.id),
            plans=_plans(conn, steps),
        )


def _line(bus: Bus, conn: sa.Connection, run: ledger.Run) -> RunLine:
    if run.status is not ledger.RunStatus.RUNNING:
        return RunLine(run, run.status.value)
    holder = ledger.read_lock(conn, bus.project.project)
    goes_on = holder is not None and holder.run == run.id
    if goes_on and holder is not None and ledger.alive(holder, datetime.now(UTC)):
        halt = ledger.read_halt(conn, run.id)
        return RunLine(run, _HALTED[halt.kind] if halt else run.status.value)
    return RunLine(run, INTERRUPTED)


def halt_run(
    bus: Bus, id_: str | None, kind: ledger.HaltKind, who: str, why: str | None = None
) -> ledger.Run:
    """Let a run pause or end once it has finished what is under way; without an id the one that
    goes on. Raises JobError when none, or another, is meant, or when it does not go on.
    """
    run = _going(bus, id_)
    with writing(bus.engine) as conn:
        ledger.put_halt(conn, ledger.Halt(run.id, kind, who, why, datetime.now(UTC)))
        acts.note(bus, conn, _ACTS[kind], acts.operator(who), run=run.id)
    return run


def resume_run(bus: Bus, id_: str | None, who: str) -> ledger.Run:
    """Let a paused run go on. Raises JobError as `halt_run` does, and when it is not paused."""
    run = _going(bus, id_)
    with writing(bus.engine) as conn:
        if ledger.read_halt(conn, run.id) is None:
            raise JobError(f"run {run.id} is not paused: it goes on")
        ledger.lift_halt(conn, run.id)
        acts.note(bus, conn, "run.resumed", acts.operator(who), run=run.id)
    return run


def _going(bus: Bus, id_: str | None) -> ledger.Run:
    """Return a run whose process lives."""
    if id_ is None:
        with reading(bus.engine) as conn:
            found = ledger.list_runs(conn, status=ledger.RunStatus.RUNNING, limit=1)
        if not found:
            raise JobError("no run goes on; isthmus runs lists those that ended")
    run = found[0] if id_ is None else find_run(bus, id_)
    with reading(bus.engine) as conn:
        state = _line(bus, conn, run).state
    if state in ("running", *_HALTED.values()):
        return run
    raise JobError(f"run {run.id} does not go on: it is {state}; isthmus sync begins another")


def _plans(conn: sa.Connection, steps: Sequence[ledger.Step]) -> Sequence[PlanRecord]:
    """Return the plans that steps name; a step keeps the beginning of its plan's hash."""
    found: dict[str, PlanRecord] = {}
    for step in steps:
        if hash_ := step.counts.get("plan"):
            alike = plans.plans_like(conn, str(hash_))
            found |= {each.id: each for each in alike if each.target == step.source}
    return list(found.values())
