"""What a plan withholds, because the target refused just that before."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from idp_core.db.engine import reading
from idp_core.provisioning import quarantine, refusals
from pipelines.provision.job import Job
from pipelines.provision.plan import Cause, Plan
from pipelines.provision.withheld import due, state_of, withhold


@dataclass(frozen=True, slots=True)
class Withheld:
    """A plan without writes that were refused for good, and the global ids whose refusals are over.

    `tried` are those whose refused writes are in it to be tried again, with the reasons.
    """

    plan: Plan
    over: Collection[str] = ()
    tried: Mapping[str, str] = field(default_factory=dict)


def withhold_refused(job: Job, plan: Plan, now: datetime) -> Withheld:
    """Return the plan without what was refused; of that a little is tried again.

    The target is asked for its schema only when it refused something. One in quarantine is not
    tried: its first changes are to tell whether it takes any.
    """
    with reading(job.engine) as conn:
        refused = refusals.read_refusals(conn, job.name, job.push.object)
        if not refused:
            return Withheld(plan)
        held = quarantine.read_quarantine(conn, job.name) is not None
    state = state_of(job.target, job.push)
    strictly = withhold(plan, refused, state, job.again)
    kept = {item.gid for item in strictly.items if item.cause is Cause.WITHHELD}
    rested = {} if held else due({gid: refused[gid] for gid in kept}, now)
    plan = withhold(plan, refused, state, {*job.again, *rested}) if rested else strictly
    return Withheld(plan, refused.keys() - kept, rested)
