"""The report of a run, to hand on: what came in, what changed, what was written, what to do next.

It holds names, counts, hashes and reasons, never a customer's value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from idp_core.audit.log import OperationCount, count_operations
from idp_core.db.engine import reading
from idp_core.ledger import store as ledger
from idp_core.provisioning import plans
from idp_core.provisioning.model import PlanRecord, PlanStatus
from idp_core.provisioning.quarantine import Quarantine, list_quarantines
from pipelines.bus import Bus
from pipelines.provision.storing import advice
from pipelines.runs import RunStory, read_run

FORM = "isthmus/run-report/1"
"""The name of the JSON document's form; it changes when a member goes or means something else."""


def report_of(bus: Bus, id_: str) -> Mapping[str, Any]:
    """Return the report of a run as a JSON document. Raises JobError when none is meant."""
    story = read_run(bus, id_)
    run = story.line.run
    targets = {each.target for each in story.plans}
    with reading(bus.engine) as conn:
        letters = ledger.list_letters(conn, run=run.id, status=None)
        counted = count_operations(conn, run.id)
        halted = [q for name, q in list_quarantines(conn).items() if name in targets]
        told = [_plan(conn, each) for each in story.plans]
    return {
        "form": FORM,
        "project": bus.project.project,
        "run": {
            "id": run.id,
            "job": run.job,
            "trigger": run.trigger,
            "ordered_by": sorted({each.actor for each in counted}),
            "status": story.line.state,
            "started_at": _text(run.started_at),
            "ended_at": _text(run.ended_at),
            "seconds": _seconds(run.started_at, run.ended_at),
            "error": run.error,
        },
        "counts": dict(run.counts),
        "steps": [_step(each) for each in story.steps],
        "quality": [
            {
                "source": each.source,
                "suite": each.suite,
                "passed": each.success,
                "not_met": sum(not one["success"] for one in each.result.get("results", ())),
            }
            for each in story.quality
        ],
        "dead_letters": _letters(letters),
        "plans": told,
        "operations": [
            {
                "target": each.target,
                "object": each.object,
                "action": each.action,
                "outcome": each.outcome,
                "operations": each.operations,
            }
            for each in counted
        ],
        "quarantine": [_quarantine(each) for each in halted],
        "next": list(_next(story, letters, counted, halted)),
    }


def _step(step: ledger.Step) -> Mapping[str, Any]:
    return {
        "step": step.step,
        "of": step.source,
        "status": step.status.value,
        "attempts": step.attempts,
        "seconds": _seconds(step.started_at, step.ended_at),
        "counts": dict(step.counts),
        "error": step.error,
    }


def _letters(letters: Sequence[ledger.DeadLetter]) -> Sequence[Mapping[str, Any]]:
    """Return how many letters there are of each reason; one with several reasons counts in each."""
    count: Counter[tuple[str, str, str, str]] = Counter()
    for letter in letters:
        for one in letter.reasons:
            field, reason = str(one.get("field", "")), str(one.get("reason", ""))
            count[letter.source, letter.stage, field, reason] += 1
    return [
        {"source": source, "stage": stage, "field": field, "reason": reason, "letters": number}
        for (source, stage, field, reason), number in count.most_common()
    ]


def _plan(conn: sa.Connection, record: PlanRecord) -> Mapping[str, Any]:
    approval = plans.read_approval(conn, record.id)
    return {
        "hash": record.hash,
        "target": record.target,
        "object": record.object,
        "status": record.status.value,
        "counts": dict(record.counts),
        "mapping": record.push_digest,
        "findings": list(record.findings),
        "notes": list(record.notes),
        "approved_by": approval.who if approval else None,
        "approved_why": approval.why if approval else None,
        "approved_at": _text(approval.at) if approval else None,
    }


def _quarantine(each: Quarantine) -> Mapping[str, Any]:
    since = _text(each.since)
    return {"target": each.target, "since": since, "reason": each.reason, "tries": each.tries}


def _next(
    story: RunStory,
    letters: Sequence[ledger.DeadLetter],
    counted: Sequence[OperationCount],
    halted: Sequence[Quarantine],
) -> Iterator[str]:
    """Yield what a person should do, the most pressing first; nothing when all went well."""
    id_ = story.line.run.id[-12:]
    for each in halted:
        yield f"{each.target} is in quarantine: mend the cause ({each.reason}), then isthmus sync"
    for plan in story.plans:
        if plan.status is PlanStatus.WAITING:
            yield f"{plan.target} waits: {advice(plan)}"
    failed = [each for each in story.steps if each.error]
    for step in failed:
        name = f"{step.step} {step.source}".strip()
        yield f"{name} failed: {step.error}"
    if not failed and story.line.run.error:
        yield story.line.run.error
    if story.line.state == "interrupted":
        yield "the run was interrupted: isthmus sync goes on from there"
    open_ = sum(each.status == "open" for each in letters)
    if open_:
        yield f"{open_:,} dead letters are open: isthmus deadletters list --run {id_}"
    lost = sum(each.operations for each in counted if each.outcome == "uncertain")
    if lost:
        yield f"{lost:,} answers of targets were lost: the next run asks what became of them"


def _seconds(started: datetime | None, ended: datetime | None) -> float | None:
    return round((ended - started).total_seconds(), 3) if started and ended else None


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
