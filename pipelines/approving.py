"""Other rules, approved before they are used: policy, model file and trained model, by one hash.

With ``policies.approval: required`` a run by rules other than the last run's stops before it
resolves, until somebody has looked at `isthmus resolve shadow` and approved the hash it prints.
A model that a run trains itself, because records grew many times, needs no word.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from idp_core.db.engine import reading, writing
from idp_core.profiles.approvals import Approval, put_approval, read_approval
from pipelines import acts
from pipelines.bus import Bus, fingerprint
from pipelines.errors import JobError, StoppedError
from pipelines.unify import rules_in_use, version_of


def number_of(bus: Bus) -> int:
    """Return the number of what the project's files say of who is one person."""
    stage = bus.stage
    return fingerprint(bus.identifiers, *([stage.model] if stage else []))


def hash_of(bus: Bus) -> str:
    """Return twelve hex digits that name policy, model file, weights and frequencies together."""
    said = f"{number_of(bus)}/{version_of(bus.stage)}"
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def awaits(bus: Bus) -> bool:
    """Whether the next run would stop: an approval is asked for, and there is none."""
    if bus.project.policies.approval != "required":
        return False
    with reading(bus.engine) as conn:
        used = rules_in_use(conn)
        known = read_approval(conn, hash_of(bus))
    return used is not None and used != (number_of(bus), version_of(bus.stage)) and known is None


def require(bus: Bus) -> None:
    """Raise StoppedError when the rules must be approved first."""
    if awaits(bus):
        raise StoppedError(
            f"the rules of who is one person are others than the last run's ({hash_of(bus)}), and "
            "nobody has approved them: isthmus resolve shadow, then isthmus resolve approve "
            f"{hash_of(bus)}"
        )


def approve(bus: Bus, hash_: str, who: str, why: str) -> Approval:
    """Let the rules of a hash be used by the next run.

    Approving twice keeps the first word. Raises JobError when the files and the model in use have
    another hash by now.
    """
    now = hash_of(bus)
    if hash_ != now:
        raise JobError(
            f"{hash_!r} is not the hash of the rules as they are now ({now}): look at them first, "
            "isthmus resolve shadow"
        )
    with writing(bus.engine) as conn:
        given = Approval(now, who, why, datetime.now(UTC))
        kept = put_approval(conn, given)
        if kept is given:
            acts.note(bus, conn, "rules.approved", acts.operator(who), rules=now)
        return kept
