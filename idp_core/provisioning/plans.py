"""Stored plans, their items and their approvals. The caller owns the transaction.

Items are documents (JSON) whose form is the planner's own. They are the only rows of a plan that
hold values; `scrub_items` removes those of one person.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from idp_core.db import bulk
from idp_core.provisioning.journal import unsettled_plans
from idp_core.provisioning.model import OPEN, Approval, PlanRecord, PlanStatus
from idp_core.provisioning.tables import approval, plan, plan_item

_ITEM = ("plan_id", "number", "gid", "document")


def save_plan(
    conn: sa.Connection, record: PlanRecord, items: Iterable[tuple[int, str, Mapping[str, Any]]]
) -> PlanRecord:
    """Store a plan with its items (number, global id, document) and return what is stored.

    An open plan with the same hash for the same target is the same plan: it keeps its id and its
    approval. Any other open plan of the target is superseded.
    """
    same = _open_twin(conn, record)
    _supersede(conn, record, keep=same.id if same else None)
    if same is not None:
        approved = read_approval(conn, same.id) is not None
        status = PlanStatus.APPROVED if approved else record.status
        merged = replace(record, id=same.id, status=status)
        conn.execute(sa.update(plan).where(plan.c.id == same.id).values(**_values(merged)))
        return merged
    conn.execute(sa.insert(plan).values(**_values(record)))
    rows = [
        (record.id, number, gid, json.dumps(document, ensure_ascii=False, separators=(",", ":")))
        for number, gid, document in items
    ]
    bulk.insert(conn, plan_item, _ITEM, rows)
    return record


def read_plan(conn: sa.Connection, plan_id: str) -> PlanRecord | None:
    """Return a plan by its id."""
    row = conn.execute(sa.select(plan).where(plan.c.id == plan_id)).mappings().one_or_none()
    return _record(row) if row else None


def find_plan(conn: sa.Connection, target: str, hash_: str) -> PlanRecord | None:
    """Return the target's latest plan whose hash begins with `hash_` (8 characters or more).

    None when there is none, or when the beginning fits several hashes.
    """
    query = (
        sa.select(plan)
        .where(plan.c.target == target, plan.c.hash.startswith(hash_, autoescape=True))
        .order_by(plan.c.made_at.desc(), plan.c.id.desc())
    )
    found = [_record(row) for row in conn.execute(query).mappings()]
    return found[0] if len({each.hash for each in found}) == 1 else None


def plans_like(conn: sa.Connection, hash_: str) -> Sequence[PlanRecord]:
    """Return the latest plan of each target and hash that begins with `hash_`, latest first."""
    query = (
        sa.select(plan)
        .where(plan.c.hash.startswith(hash_, autoescape=True))
        .order_by(plan.c.made_at.desc(), plan.c.id.desc())
    )
    latest: dict[tuple[str, str, str], PlanRecord] = {}
    for row in conn.execute(query).mappings():
        found = _record(row)
        latest.setdefault((found.target, found.object, found.hash), found)
    return list(latest.values())


def list_plans(
    conn: sa.Connection,
    *,
    target: str | None = None,
    statuses: Collection[PlanStatus] | None = None,
    limit: int = 50,
) -> Sequence[PlanRecord]:
    """Return the heads of plans, latest first."""
    query = sa.select(plan).order_by(plan.c.made_at.desc(), plan.c.id.desc()).limit(limit)
    if target is not None:
        query = query.where(plan.c.target == target)
    if statuses is not None:
        query = query.where(plan.c.status.in_(statuses))
    return [_record(row) for row in conn.execute(query).mappings()]


def latest_plan(
    conn: sa.Connection,
    target: str,
    object_: str,
    statuses: Collection[PlanStatus] = tuple(PlanStatus),
) -> PlanRecord | None:
    """Return the latest plan of a target in one of these statuses."""
    query = (
        sa.select(plan)
        .where(plan.c.target == target, plan.c.object == object_, plan.c.status.in_(statuses))
        .order_by(plan.c.made_at.desc(), plan.c.id.desc())
        .limit(1)
    )
    row = conn.execute(query).mappings().one_or_none()
    return _record(row) if row else None


def set_status(
    conn: sa.Connection, plan_id: str, status: PlanStatus, ended_at: datetime | None = None
) -> None:
    """Move a plan on in its life."""
    values = {"status": status.value, "ended_at": ended_at}
    conn.execute(sa.update(plan).where(plan.c.id == plan_id).values(**values))


def refuse_plan(
    conn: sa.Connection, record: PlanRecord, who: str, why: str, now: datetime | None = None
) -> None:
    """Say that a plan shall not be applied, and whose word that is."""
    ended = {"ended_at": now or datetime.now(UTC), "ended_by": who, "ended_why": why}
    values = {"status": PlanStatus.REFUSED.value, **ended}
    conn.execute(sa.update(plan).where(plan.c.id == record.id).values(**values))


def approve_plan(
    conn: sa.Connection, record: PlanRecord, who: str, why: str, now: datetime | None = None
) -> Approval:
    """Allow a waiting plan to be applied as it stands; approving twice keeps the first."""
    given = Approval(record.id, record.hash, who, why, now or datetime.now(UTC))
    found = read_approval(conn, record.id)
    if found is not None:
        return found
    row = {name: getattr(given, name) for name in ("plan_id", "hash", "who", "why", "at")}
    conn.execute(sa.insert(approval).values(**row))
    set_status(conn, record.id, PlanStatus.APPROVED)
    return given


def read_approval(conn: sa.Connection, plan_id: str) -> Approval | None:
    """Return who allowed this plan, None when nobody did."""
    row = conn.execute(sa.select(approval).where(approval.c.plan_id == plan_id)).one_or_none()
    return Approval(row.plan_id, row.hash, row.who, row.why, row.at) if row else None


def read_items(
    conn: sa.Connection, plan_id: str, numbers: Collection[int] | None = None
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield a plan's items (number, document) in order."""
    query = sa.select(plan_item.c.number, plan_item.c.document)
    query = query.where(plan_item.c.plan_id == plan_id).order_by(plan_item.c.number)
    if numbers is not None:
        query = query.where(bulk.among(conn, plan_item.c.number, numbers))
    yield from conn.execute(query, execution_options={"yield_per": 5_000})


def scrub_items(conn: sa.Connection, gids: Collection[str]) -> None:
    """Remove every planned value of these people, for an erasure."""
    if gids:
        conn.execute(sa.delete(plan_item).where(bulk.among(conn, plan_item.c.gid, gids)))


def prune_plans(conn: sa.Connection, target: str, keep: int) -> None:
    """Remove the items of all but the latest `keep` closed plans; heads and journal stay.

    Items whose outcome is still to be asked for stay with their plan.
    """
    closed = [status for status in PlanStatus if status not in OPEN]
    old = (
        sa.select(plan.c.id)
        .where(
            plan.c.target == target, plan.c.status.in_(closed), plan.c.id.not_in(unsettled_plans())
        )
        .order_by(plan.c.made_at.desc(), plan.c.id.desc())
    )
    ids: Sequence[str] = conn.scalars(old).all()[keep:]
    if ids:
        conn.execute(sa.delete(plan_item).where(bulk.among(conn, plan_item.c.plan_id, ids)))


def _open_twin(conn: sa.Connection, record: PlanRecord) -> PlanRecord | None:
    query = sa.select(plan).where(
        plan.c.target == record.target,
        plan.c.object == record.object,
        plan.c.hash == record.hash,
        plan.c.status.in_(OPEN),
    )
    row = conn.execute(query.order_by(plan.c.made_at.desc()).limit(1)).mappings().one_or_none()
    return _record(row) if row else None


def _supersede(conn: sa.Connection, record: PlanRecord, keep: str | None) -> None:
    conn.execute(
        sa.update(plan)
        .where(
            plan.c.target == record.target,
            plan.c.object == record.object,
            plan.c.status.in_(OPEN),
            plan.c.id != (keep or ""),
        )
        .values(status=PlanStatus.SUPERSEDED.value, ended_at=record.made_at)
    )


def _values(record: PlanRecord) -> dict[str, Any]:
    names = [column.name for column in plan.columns]
    values = {name: getattr(record, name) for name in names}
    values |= {"counts": dict(record.counts), "findings": list(record.findings)}
    values["notes"] = list(record.notes)
    return values | {"status": record.status.value}


def _record(row: sa.RowMapping) -> PlanRecord:
    typed = {"status": PlanStatus(row["status"]), "findings": tuple(row["findings"])}
    return PlanRecord(**dict(row) | typed | {"notes": tuple(row["notes"] or ())})
