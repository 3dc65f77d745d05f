"""The plan that would be made, without storing or settling anything: for an edited push mapping."""

from __future__ import annotations

from datetime import UTC, datetime

from connectors.contract import Action
from connectors.errors import ConnectorError
from idp_core.db.engine import reading
from idp_core.provisioning import journal, plans
from idp_core.provisioning.model import PlanStatus
from pipelines.errors import RemoteError
from pipelines.provision.guards import judge
from pipelines.provision.job import Job, Prepared
from pipelines.provision.look import look
from pipelines.provision.passing import pass_by
from pipelines.provision.planner import make_plan
from pipelines.provision.recover import Recovered
from pipelines.provision.run import inputs_of
from pipelines.provision.storing import head
from pipelines.provision.withholding import withhold_refused


def rehearse(job: Job) -> Prepared:
    """Plan for one target without storing, settling or writing anything. Raises RemoteError."""
    now = datetime.now(UTC)
    with reading(job.engine) as conn:
        open_ = journal.unsettled(conn, job.name, job.push.object)
        last = plans.latest_plan(conn, job.name, job.push.object, [PlanStatus.APPLIED])
    job, held, passed = pass_by(job)
    try:
        seen = look(job, held, passed.count)
    except ConnectorError as error:
        raise RemoteError(f"{job.name}: {error}") from error
    unsure = {entry.gid for entry in open_ if entry.action == Action.CREATE.value}
    inputs = inputs_of(job, held, seen, unsure, passed)
    plan = make_plan(job.name, job.push, inputs, now=now, correct_drift=job.correct_drift)
    plan = withhold_refused(job, plan, now).plan
    verdict = judge(plan, job.limits, last.people if last else None)
    status = PlanStatus.PLANNED if verdict.safe else PlanStatus.WAITING
    return Prepared(plan, head(plan, verdict, status), verdict, Recovered())
