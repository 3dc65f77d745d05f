"""The plan: what would be done to a target, item by item, under one hash. No I/O.

The hash covers everything that applying would do: actions, accounts, the values before and after.
What is only reported (drift, conflicts, refusals) and bookkeeping without a write are not in it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from connectors.contract import Action, Change
from idp_core.provisioning.model import ManagedAccount


class Cause(StrEnum):
    """Why an item is in the plan; `REASONS` says it in a sentence."""

    NEW = "new"
    ADOPTED = "adopted"
    CHANGED = "changed"
    REJOINED = "rejoined"
    CORRECTED = "corrected"
    VANISHED = "vanished"
    LEFT_SCOPE = "left_scope"
    NO_CONSENT = "no_consent"
    PROFILE_GONE = "profile_gone"
    MERGED = "merged"
    GRACE_OVER = "grace_over"
    ERASED = "erased"
    DRIFT = "drift"
    CONFLICT = "conflict"
    REVIEW = "review"
    REFUSED = "refused"
    WITHHELD = "withheld"


REPORTED = frozenset({Cause.DRIFT, Cause.CONFLICT, Cause.REVIEW, Cause.REFUSED, Cause.WITHHELD})
"""Causes of items that are shown to a person and write nothing."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One attribute of the account: what it is, what it shall be, and where that comes from.

    `line` is ``file:line`` of the push mapping; `sources` are the contributing source records as
    ``source:key``.
    """

    path: str
    before: Any = field(repr=False)
    after: Any = field(repr=False)
    line: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanItem:
    """What the plan has for one profile. `action` None writes nothing.

    `account` is our record of the account once the item is done; its remote id is None before a
    creation. `moved_from` is the merged global id that had the account.
    """

    number: int
    cause: Cause
    reason: str
    action: Action | None
    account: ManagedAccount
    differences: tuple[Difference, ...] = ()
    moved_from: str | None = None

    @property
    def gid(self) -> str:
        """The profile's global id."""
        return self.account.gid

    @property
    def effective(self) -> bool:
        """Whether applying the plan does anything for it: a write, or taking over an account."""
        return self.cause not in REPORTED

    def change(self, token: str = "") -> Change:
        """Return the write for the connector, under a name for good; only for items with an action.

        It carries no version: we write our own paths only, so a change of others is no conflict.
        """
        if self.action is None:
            raise ValueError("an item without an action has no change")
        account = self.account
        return Change(  # by place: there is one for each write
            self.number,
            account.object,
            self.action,
            account.key,
            account.remote_id,
            {d.path: d.before for d in self.differences if d.before is not None},
            {d.path: d.after for d in self.differences},
            None,
            token,
        )


@dataclass(frozen=True)
class Plan:
    """All of it. `settled` are accounts whose bookkeeping alone moves on, without any write.

    `notes` say which attributes the target does not hold as they are given, and of how many;
    `waiting` counts values that refer to accounts which are not there yet.
    """

    target: str
    object: str
    push_digest: str
    made_at: datetime
    people: int
    managed: int
    unchanged: int
    items: Sequence[PlanItem] = ()
    settled: Sequence[ManagedAccount] = field(default=(), repr=False)
    notes: Sequence[str] = ()
    waiting: int = 0

    @cached_property
    def hash(self) -> str:
        """The hash of everything that applying would do."""
        whole = hashlib.sha256(f"{self.target}\0{self.object}\0{self.push_digest}".encode())
        for digest in self.item_digests:
            whole.update(digest)
        return whole.hexdigest()

    @cached_property
    def effective(self) -> Sequence[PlanItem]:
        """The items that do anything when the plan is applied."""
        return [item for item in self.items if item.effective]

    @cached_property
    def item_digests(self) -> Sequence[bytes]:
        """The digest of each effective item, in order."""
        return tuple(map(item_digest, self.effective))

    @cached_property
    def digests(self) -> Mapping[int, bytes]:
        """The digest of each effective item by its number, which the plan was hashed by."""
        numbers = (item.number for item in self.effective)
        return dict(zip(numbers, self.item_digests, strict=True))

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How many items there are by action, and by cause for those that write nothing."""
        words = Counter(
            item.action.value if item.action else item.cause.value for item in self.items
        )
        return {**dict(sorted(words.items())), "unchanged": self.unchanged}

    @property
    def writes(self) -> Sequence[PlanItem]:
        """The items that send something."""
        return [item for item in self.items if item.action is not None]

    @property
    def empty(self) -> bool:
        """Whether applying it would do nothing at all."""
        return not self.effective


def item_digest(item: PlanItem) -> bytes:
    """Return the hash of what an item does; its number and its words are not part of it."""
    account = item.account
    meaning = (
        item.gid,
        item.action.value if item.action else "",
        item.cause.value,
        account.key,
        account.remote_id,
        account.state.value,
        item.moved_from,
        [(d.path, d.before, d.after) for d in item.differences],
    )
    return hashlib.sha256(_encoded(meaning).encode("utf-8", "surrogatepass")).digest()


_encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
