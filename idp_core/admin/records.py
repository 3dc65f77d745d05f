"""Signing keys and the audit log by the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from idp_core.admin.model import Call, Nothing, Operation, Shape
from idp_core.admin.roles import AUDIT, PREFIX
from idp_core.audit import log as audit
from idp_core.keys import rotation


class Key(Shape):
    """A key that is published, and from when it signs."""

    kid: str
    algorithm: str
    created_at: datetime
    signs_from: datetime


class Keys(Shape):
    """The keys that are published."""

    items: tuple[Key, ...]


class Entry(Shape):
    """Something that happened."""

    position: int
    time: datetime
    kind: str
    outcome: str
    account: str | None
    actor: str
    data: dict[str, Any]


class Entries(Shape):
    """A part of the log, oldest first."""

    items: tuple[Entry, ...]
    next: int | None


class Since(Shape):
    """Which part of the log."""

    after: Annotated[int, Field(ge=0, le=2**62)] = 0
    """The `next` of the answer before; without it the log begins."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class Verdict(Shape):
    """Whether the chain holds; `broken_at` is the first entry that does not."""

    entries: int
    holds: bool
    broken_at: int | None


def list_keys(call: Call) -> Keys:
    """Return the keys that are published."""
    found = call.site.keys.ring().keys
    return Keys(
        items=tuple(
            Key(
                kid=each.kid, algorithm=each.algorithm, created_at=each.created_at,
                signs_from=each.signs_from,
            )
            for each in found
        )
    )  # fmt: skip


def rotate(call: Call) -> Keys:
    """Make the next keys; they are published for a day before they sign."""
    site = call.site
    rotation.rotate(call.conn, site.sealer, site.clock(), site.keys.every, force=True)
    return list_keys(call)


def list_audit(call: Call) -> Entries:
    """Return entries, oldest first."""
    found = list(audit.read(call.conn, call.query.after, call.query.limit + 1))
    kept = found[: call.query.limit]
    shown = [
        Entry(
            position=each.position, time=each.time, kind=each.kind, outcome=each.outcome,
            account=each.account, actor=each.actor, data=dict(each.data),
        )
        for each in kept
    ]  # fmt: skip
    return Entries(items=tuple(shown), next=kept[-1].position if len(found) > len(kept) else None)


def verify(call: Call) -> Verdict:
    """Check the whole chain."""
    found = audit.verify(call.conn, call.site.secrets.audit)
    return Verdict(entries=found.entries, holds=found.broken_at is None, broken_at=found.broken_at)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET", "/admin/keys", "listKeys", "List the keys that are published.",
        f"{PREFIX}keys.read", list_keys, Keys, writes=False,
    ),
    Operation(
        "POST", "/admin/keys/rotate", "rotateKeys", "Make the next keys now.",
        f"{PREFIX}keys.write", rotate, Keys,
    ),
    Operation(
        "GET", "/admin/audit", "listAudit", "Read the audit log, oldest first.",
        AUDIT, list_audit, Entries, query=Since, writes=False,
    ),
    Operation(
        "GET", "/admin/audit/verify", "verifyAudit", "Check the chain of the audit log.",
        AUDIT, verify, Verdict, query=Nothing, writes=False,
    ),
)  # fmt: skip
