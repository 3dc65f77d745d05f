"""The three calls that the command line and orchestrators make: prepare, approve, execute."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import sqlalchemy as sa

from connectors.errors import ConnectorError
from idp_core.audit.operations import ADOPTED
from idp_core.db.engine import reading, writing
from idp_core.provisioning import accounts, plans, quarantine, refusals
from idp_core.provisioning.model import Approval, ManagedAccount, PlanRecord, PlanStatus
from pipelines.collector import passing_by
from pipelines.errors import RemoteError
from pipelines.provision.apply import Setting, Work
from pipelines.provision.breaker import kind
from pipelines.provision.documents import read_item
from pipelines.provision.errors import QuarantinedError, StalePlanError, UnsafePlanError
from pipelines.provision.guards import judge
from pipelines.provision.job import Job, Prepared, Report
from pipelines.provision.look import look
from pipelines.provision.matching import Seen
from pipelines.provision.order import Order, note
from pipelines.provision.passing import pass_by, remember
from pipelines.provision.plan import Plan, PlanItem, item_digest
from pipelines.provision.planner import Inputs, Passed, make_plan
from pipelines.provision.recover import recover
from pipelines.provision.references import NO_REFERENCES, find_references
from pipelines.provision.storing import advice, again, open_plan, store_plan, unsafe
from pipelines.provision.withholding import withhold_refused

__all__ = [
    "Job",
    "Prepared",
    "Report",
    "advice",
    "approve",
    "execute",
    "execute_hash",
    "open_plan",
    "prepare",
    "prepare_hash",
    "refuse",
    "unsafe",
]

_CHUNK = 5_000
_PLANS_KEPT = 20
_READY = frozenset({PlanStatus.PLANNED, PlanStatus.WAITING, PlanStatus.APPROVED})


def prepare(job: Job, now: datetime | None = None) -> Prepared:
    """Settle what was in flight, plan, judge and store; nothing is written to the target.

    Raises RemoteError when the target cannot be asked.
    """
    now = now or datetime.now(UTC)
    try:
        recovered = recover(job.engine, job.name, job.target, job.push, job.order)
        job, held, passed = pass_by(job)
        seen = look(job, held, passed.count)
    except ConnectorError as error:
        raise RemoteError(f"{job.name}: {error}") from error
    inputs = inputs_of(job, held, seen, recovered.unsure, passed)
    inputs = replace(inputs, unwanted=partial(remember, job))
    plan = make_plan(job.name, job.push, inputs, now=now, correct_drift=job.correct_drift)
    withheld = withhold_refused(job, plan, now)
    plan = withheld.plan
    with writing(job.engine) as conn:
        refusals.forget_refusals(conn, job.name, job.push.object, withheld.over)
        last = plans.latest_plan(conn, job.name, job.push.object, [PlanStatus.APPLIED])
        verdict = judge(plan, job.limits, last.people if last else None)
        record = store_plan(conn, plan, verdict)
    return Prepared(plan, record, verdict, recovered, withheld.tried)


def inputs_of(
    job: Job,
    held: Mapping[str, ManagedAccount],
    seen: Seen | None,
    unsure: Collection[str],
    passed: Passed,
) -> Inputs:
    """Return what a plan of this job is made from."""
    references = find_references(job.push, job.people(), held) if job.push.references else None
    return Inputs(
        job.people(),
        held,
        seen,
        job.redirects,
        job.erased,
        unsure,
        references or NO_REFERENCES,
        passed,
        job.said,
        job.unique,
    )


def approve(
    engine: sa.Engine, target: str, hash_: str, who: str, why: str, *, order: Order | None = None
) -> Approval:
    """Allow a plan that the guards stopped; `hash_` may be its first 8 characters or more.

    Raises StalePlanError when no open plan of the target has this hash.
    """
    with writing(engine) as conn:
        record = open_plan(conn, target, hash_)
        approval = plans.approve_plan(conn, record, who, why)
        note(conn, order, "plan.approved", record, who)
        return approval


def refuse(
    engine: sa.Engine, target: str, hash_: str, who: str, why: str, *, order: Order | None = None
) -> None:
    """Say that a plan shall not be applied; the next one is made from the inputs as they are then.

    Raises StalePlanError when no open plan of the target has this hash.
    """
    with writing(engine) as conn:
        record = open_plan(conn, target, hash_)
        plans.refuse_plan(conn, record, who, why)
        note(conn, order, "plan.refused", record, who)


def execute(
    job: Job,
    prepared: Prepared,
    *,
    harmless_only: bool = False,
    only: Collection[str] | None = None,
) -> Report:
    """Apply a plan that was just prepared.

    With `harmless_only`, what the guards hold back is left out; prepare again for the plan of it.
    With `only`, so is what is not about these global ids, and what the guards hold back of theirs.
    Raises UnsafePlanError when the guards hold it and nobody approved it, StalePlanError when it
    was executed before or is no longer open, QuarantinedError when the target fails too often,
    RemoteError when a person must act; what was done is kept.
    """
    with writing(job.engine) as conn:
        record = plans.read_plan(conn, prepared.record.id)
        status = record.status if record else PlanStatus.SUPERSEDED
        if status not in _READY:
            hash_ = prepared.record.hash[:12]
            raise StalePlanError(f"{job.name}: plan {hash_} is {status}; {again(job.name)}")
        waiting = status is PlanStatus.WAITING
        if waiting and not harmless_only and only is None:
            raise UnsafePlanError(unsafe(prepared.record))
        partly = waiting or only is not None
        # Parts of a plan must not count as its beginning: that would let held ones pass.
        begun = PlanStatus.SUPERSEDED if partly else PlanStatus.APPLYING
        plans.set_status(conn, prepared.record.id, begun)

    def allows(item: PlanItem) -> bool:
        held = waiting and not prepared.verdict.allows(item)
        return not held and (only is None or item.gid in only)

    return _write(job, prepared, allows if partly else None)


def execute_hash(job: Job, hash_: str, *, harmless_only: bool = False) -> Report:
    """Apply a stored plan by its hash. Raises what `prepare_hash` and `execute` do."""
    return execute(job, prepare_hash(job, hash_), harmless_only=harmless_only)


def prepare_hash(job: Job, hash_: str) -> Prepared:
    """Make a stored plan anew from today's inputs, and return it if it is still the same.

    Or, when applying had begun and was interrupted, if it is the rest of it. Raises StalePlanError
    otherwise.
    """
    with reading(job.engine) as conn:
        stored = open_plan(conn, job.name, hash_)
    prepared = prepare(job, now=stored.made_at)
    with reading(job.engine) as conn:
        items = plans.read_items(conn, stored.id)
        said = {item_digest(read_item(document)) for _, document in items}
    begun = stored.status is PlanStatus.APPLYING and said.issuperset(prepared.plan.item_digests)
    if prepared.plan.hash != stored.hash and not begun:
        new = prepared.plan.hash[:12]
        now = f"done now is plan {new}: look at it (isthmus plan show {new}) and apply that"
        raise StalePlanError(
            f"{job.name}: the inputs moved since plan {stored.hash[:12]} was made; what would be "
            f"{'done now is nothing' if prepared.plan.empty else now}"
        )
    return prepared


def _write(job: Job, prepared: Prepared, allows: Callable[[PlanItem], bool] | None) -> Report:
    started = time.monotonic()
    plan, record = prepared.plan, prepared.record
    chosen = [item for item in plan.effective if allows is None or allows(item)]
    quiet = [item for item in chosen if item.action is None]
    _bookkeeping(job, plan, record, quiet)
    work = _work(job, prepared, [item for item in chosen if item.action])
    held = len(plan.effective) - len(chosen)
    if not held and not work.unsettled:
        with writing(job.engine) as conn:
            plans.set_status(conn, record.id, PlanStatus.APPLIED, datetime.now(UTC))
            plans.prune_plans(conn, job.name, _PLANS_KEPT)
    return Report(
        plan_id=record.id,
        hash=record.hash,
        target=job.name,
        done=dict(Counter(work.writer.done)),
        taken_over=len(quiet),
        held=held,
        unsettled=len(work.unsettled),
        seconds=time.monotonic() - started,
        letters=tuple(work.writer.letters),
        trouble=work.trouble,
    )


def _work(job: Job, prepared: Prepared, writes: Sequence[PlanItem]) -> Work:
    """Write to the target; one in quarantine gets a few changes first, and leaves it by them."""
    with reading(job.engine) as conn:
        before = quarantine.read_quarantine(conn, job.name)
    setting = Setting(
        job.engine,
        job.target,
        job.push,
        job.keep,
        job.progress,
        job.patience,
        job.control,
        probing=before is not None,
        order=job.order,
        digest=prepared.plan.digests.get,
    )
    work = Work(setting, prepared.record, writes)
    try:
        with passing_by():
            work.run()
    except QuarantinedError as error:
        with writing(job.engine) as conn:
            quarantine.put_quarantine(conn, job.name, error.reason)
        raise
    except ConnectorError as error:
        raise RemoteError(f"{job.name}: {error}") from error
    # Not when it refused too much: then the changes are hardly what is wrong.
    with writing(job.engine) as conn:
        refusals.put_refusals(conn, work.refusals)
        _forgive(conn, job, [why for gid, why in prepared.tried.items() if gid in work.passed])
    if before is not None and work.writer.done:
        with writing(job.engine) as conn:
            quarantine.end_quarantine(conn, job.name)
    return work


def _forgive(conn: sa.Connection, job: Job, reasons: Collection[str]) -> None:
    """Forget what was refused for reasons that are gone: a write refused for them has passed."""
    if reasons:
        gone = {kind(reason) for reason in reasons}
        refused = refusals.read_refusals(conn, job.name, job.push.object)
        over = [gid for gid, each in refused.items() if kind(each.reason) in gone]
        refusals.forget_refusals(conn, job.name, job.push.object, over)


def _bookkeeping(job: Job, plan: Plan, record: PlanRecord, quiet: Sequence[PlanItem]) -> None:
    """Store what moves on without a write: accounts taken over, digests, conflicts."""
    taken: list[ManagedAccount] = [*plan.settled, *(item.account for item in quiet)]
    for start in range(0, len(taken), _CHUNK):
        with writing(job.engine) as conn:
            accounts.save_accounts(conn, taken[start : start + _CHUNK])
    moved = [item.moved_from for item in quiet if item.moved_from]
    with writing(job.engine) as conn:
        accounts.forget_accounts(conn, plan.target, plan.object, moved)
        if job.order is not None:
            now = datetime.now(UTC)
            job.order.write(conn, ADOPTED, record, [(item, "done", now, None) for item in quiet])
