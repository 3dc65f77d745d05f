"""The words of provisioning as frozen values. No I/O, no database.

account  what a target holds for one profile: our record of it, with what we last pushed
plan     a stored list of changes with a hash; `PlanRecord` is its head
pending  a change that is committed as intended before it is sent, until its outcome is known
entry    one line of the journal: what became of a change
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple


class AccountState(StrEnum):
    """What the target does with the account, as far as we know."""

    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    DELETED = "deleted"
    CONFLICT = "conflict"
    """Several accounts of the target match this profile; a person decides."""


LIVE = frozenset({AccountState.ACTIVE, AccountState.DEACTIVATED})
"""The states of accounts that the target still has."""


@dataclass(frozen=True, slots=True)
class ManagedAccount:
    """An account we manage (or managed), keyed by target, object type and global id.

    `pushed` holds path -> JSON value of what we last wrote; only those paths are ours.
    `profile_digest` and `push_digest` name the content it was made from: when both are unchanged
    there is nothing to plan. `left_at` is when the profile left the target's scope. `rewritten`
    holds path -> JSON value of what the target made of a value it was given.
    """

    target: str
    object: str
    gid: str
    key: str
    remote_id: str | None
    state: AccountState
    pushed: Mapping[str, Any] = field(default_factory=dict, repr=False)
    profile_digest: str = ""
    push_digest: str = ""
    left_at: datetime | None = None
    version: str | None = None
    rewritten: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def live(self) -> bool:
        """Whether the target still has it."""
        return self.state in LIVE

    @property
    def active_id(self) -> str | None:
        """What the target calls it, while it is active."""
        return self.remote_id if self.state is AccountState.ACTIVE else None


class Written(NamedTuple):
    """An account as a write left it: as it was planned, and what the target said to that.

    There is one for each write, and to make another account takes eight times as long.
    """

    account: ManagedAccount
    remote_id: str | None
    version: str | None
    rewritten: Mapping[str, Any]

    @classmethod
    def of(cls, account: ManagedAccount) -> Written:
        """Return an account that stands as it is to be stored."""
        return cls(account, account.remote_id, account.version, account.rewritten)

    def __repr__(self) -> str:
        """Show no values of a customer."""
        return f"Written({self.account!r})"


class PlanStatus(StrEnum):
    """The life of a plan."""

    PLANNED = "planned"
    WAITING = "waiting"
    """A guard was exceeded: a person approves the hash, or mends the source."""
    APPROVED = "approved"
    APPLYING = "applying"
    """Begun; after a crash the rest of it goes on under the same approval."""
    APPLIED = "applied"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    """A later plan for the same target took its place."""


OPEN = frozenset({PlanStatus.PLANNED, PlanStatus.WAITING, PlanStatus.APPROVED, PlanStatus.APPLYING})


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """The head of a stored plan. `people` counts the profiles it looked at.

    `ended_by` and `ended_why` are a person's word, where a person ended it. `notes` say what the
    target does not hold as it was given, in sentences.
    """

    id: str
    hash: str
    target: str
    object: str
    push_digest: str
    status: PlanStatus
    people: int
    counts: Mapping[str, int]
    made_at: datetime
    findings: Sequence[str] = ()
    """What the guards said, in sentences."""
    ended_at: datetime | None = None
    ended_by: str | None = None
    ended_why: str | None = None
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Approval:
    """Who allowed a plan that the guards had stopped, when, and why."""

    plan_id: str
    hash: str
    who: str
    why: str
    at: datetime


class EntryState(StrEnum):
    """What became of one write."""

    DONE = "done"
    UNCERTAIN = "uncertain"
    """Sent, the answer lost, and the target could not yet be asked."""
    FAILED = "failed"
    UNDONE = "undone"
    """The target was asked and does not have it: nothing happened."""


class Entry(NamedTuple):
    """One line of the journal; `number` is the item's number in its plan. It holds no values.

    There is one for each write, so it is a tuple: those are made in a fourth of the time.
    """

    plan_id: str
    number: int
    target: str
    object: str
    gid: str
    action: str
    key: str
    remote_id: str | None
    state: EntryState
    attempts: int
    error: str | None
    intended_at: datetime
    ended_at: datetime | None = None


class Pending(NamedTuple):
    """A write that may have been sent and whose outcome is not known: ask the target."""

    plan_id: str
    number: int
    gid: str
    action: str
    attempts: int
    intended_at: datetime
