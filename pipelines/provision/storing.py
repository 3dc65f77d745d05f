"""Plans on their way into the database, and what is said of those that are there."""

from __future__ import annotations

import sqlalchemy as sa
import uuid_utils

from idp_core.provisioning import plans
from idp_core.provisioning.model import OPEN, PlanRecord, PlanStatus
from pipelines.provision.documents import item_document, read_item
from pipelines.provision.errors import StalePlanError
from pipelines.provision.guards import Verdict
from pipelines.provision.plan import Plan, item_digest


def open_plan(conn: sa.Connection, target: str, hash_: str) -> PlanRecord:
    """Return the open plan of a target whose hash begins so. Raises StalePlanError."""
    record = plans.find_plan(conn, target, hash_)
    if record is None:
        raise StalePlanError(
            f"{target}: no plan, or more than one, has a hash like {hash_}; see isthmus plan list"
        )
    if record.status not in OPEN:
        raise StalePlanError(
            f"{target}: plan {record.hash[:12]} is {record.status}; {again(target)}"
        )
    return record


def again(target: str) -> str:
    """Return how to make a new plan."""
    return f"make a new one: isthmus plan {target}"


def store_plan(conn: sa.Connection, plan: Plan, verdict: Verdict) -> PlanRecord:
    """Store a plan with its items; the rest of one that was begun keeps its approval."""
    begun = _begun(conn, plan)
    approval = plans.read_approval(conn, begun.id) if begun else None
    safe = verdict.safe or begun is not None
    record = head(plan, verdict, PlanStatus.PLANNED if safe else PlanStatus.WAITING)
    items = ((item.number, item.gid, item_document(item)) for item in plan.items)
    stored = plans.save_plan(conn, record, items)
    if begun is not None and approval is not None and stored.id != begun.id:
        why = f"the rest of plan {begun.hash[:12]}: {approval.why}"
        plans.approve_plan(conn, stored, approval.who, why)
    return stored


def head(plan: Plan, verdict: Verdict, status: PlanStatus) -> PlanRecord:
    """Return the head of a plan under a new id."""
    return PlanRecord(
        id=str(uuid_utils.uuid7()),
        hash=plan.hash,
        target=plan.target,
        object=plan.object,
        push_digest=plan.push_digest,
        status=status,
        people=plan.people,
        counts=plan.counts,
        made_at=plan.made_at,
        findings=tuple(finding.message for finding in verdict.findings),
        notes=plan.notes,
    )


def _begun(conn: sa.Connection, plan: Plan) -> PlanRecord | None:
    """Return the plan that was begun and of which this one is but the rest, if there is one."""
    begun = plans.latest_plan(conn, plan.target, plan.object, [PlanStatus.APPLYING])
    if begun is None:
        return None
    allowed = {item_digest(read_item(doc)) for _, doc in plans.read_items(conn, begun.id)}
    return begun if allowed.issuperset(plan.item_digests) else None


def unsafe(record: PlanRecord) -> str:
    """Return why the guards hold a plan, and what to do about it."""
    return f"{'; '.join(record.findings)}. Nothing was written. {advice(record)}"


def advice(record: PlanRecord) -> str:
    """Return what to do about a plan that the guards hold."""
    return (
        f'If this is right: isthmus apply {record.target} --hash {record.hash[:12]} --approve "why"'
        "; if not, look at the sources"
    )
