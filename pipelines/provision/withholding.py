"""What a plan withholds, because the target refused just that before."""

from __future__ import annotations

from collections.abc import Collection

from idp_core.db.engine import reading
from idp_core.provisioning import refusals
from pipelines.provision.job import Job
from pipelines.provision.plan import Cause, Plan
from pipelines.provision.withheld import state_of, withhold


def withhold_refused(job: Job, plan: Plan) -> tuple[Plan, Collection[str]]:
    """Return the plan without writes that were refused for good, and whose refusals are over.

    The target is asked for its schema only when it refused something.
    """
    with reading(job.engine) as conn:
        refused = refusals.read_refusals(conn, job.name, job.push.object)
    if refused:
        plan = withhold(plan, refused, state_of(job.target, job.push), job.again)
    kept = {item.gid for item in plan.items if item.cause is Cause.WITHHELD}
    return plan, refused.keys() - kept
