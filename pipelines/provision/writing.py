"""Writes the journal and the accounts in groups: intents before sending, outcomes after."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa

from connectors.exchange import Exchange
from idp_core.audit.operations import WRITTEN
from idp_core.db.engine import reading, writing
from idp_core.db.types import utc_text
from idp_core.provisioning import accounts, journal, plans
from idp_core.provisioning.model import (
    Entry,
    EntryState,
    ManagedAccount,
    Pending,
    PlanRecord,
    Written,
)
from pipelines.provision.documents import item_document
from pipelines.provision.groups import OBJECT as GROUP_OBJECT
from pipelines.provision.order import Ended, Order
from pipelines.provision.plan import Cause, PlanItem

GROUP, _MOST = 200, 2_000
"""So many intents are committed at once: the first time, and at most."""
_SHORT, _LONGEST = 1.0, 1.0
"""Seconds: a group that was sent in less is followed by a larger one; outcomes wait no longer."""
_TICK = 0.01
"""Seconds in which outcomes have one moment: to write each its own costs as much as to keep it."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A change that will never pass as it is; `document` is the plan item, values and all.

    `exchange` is what the target was sent and what it answered, where the connector tells.
    """

    target: str
    gid: str
    key: str
    action: str
    reason: str
    document: dict[str, Any] = field(repr=False)
    exchange: Exchange | None = None


Keep = Callable[[sa.Connection, Sequence[DeadLetter]], None]
"""Stores dead letters; runs inside the transaction that notes their outcome."""


class JournalWriter:
    """Collects what became of the items of one plan and commits it in groups.

    With an `order` each outcome is in the audit log, in the transaction of its group; what was done
    at once is told there alone, and has no line in the journal.
    """

    def __init__(
        self,
        engine: sa.Engine,
        record: PlanRecord,
        keep: Keep | None,
        order: Order | None = None,
        digest: Callable[[int], bytes | None] = lambda _: None,
    ) -> None:
        self._engine = engine
        self._record = record
        self._keep, self._order, self._digest = keep, order, digest
        self._pending: dict[int, journal.Line] = {}
        self._doubtful: dict[int, journal.Line] = {}
        with reading(engine) as conn:
            self._lines = set(journal.lines_of(conn, record.id))
        self._intended = False
        self._noted = _Noted()
        self._flushed = self._looked = time.monotonic()
        self._moment = datetime.now(UTC)
        self.letters: list[DeadLetter] = []
        self.done: Counter[str] = Counter()

    def intend(self, items: Iterable[PlanItem], attempt: int) -> Iterator[Sequence[PlanItem]]:
        """Yield the items in groups, each committed as intended (with all outcomes so far)."""
        left, size = iter(items), GROUP
        while group := list(islice(left, size)):
            moment = utc_text(self._now())
            for item in group:
                number, action = item.number, str(item.action or "none")
                self._pending[number] = number, item.account.gid, action, attempt, moment
            self._intended = True
            self.flush()
            begun = time.monotonic()
            yield group
            size = min(2 * size, _MOST) if time.monotonic() - begun < _SHORT else GROUP

    def succeeded(self, item: PlanItem, written: Written) -> None:
        """Note that the target holds it."""
        noted, gid = self._noted, item.account.gid
        noted.accounts[gid] = written
        if item.moved_from:
            noted.moved.add(item.moved_from)
        if item.cause is Cause.ERASED:
            noted.erased.add(gid)
        self.done[item.action or "none"] += 1
        self._end(item, EntryState.DONE, remote_id=written.remote_id)

    def refused(
        self,
        item: PlanItem,
        reason: str,
        account: ManagedAccount | None = None,
        exchange: Exchange | None = None,
    ) -> None:
        """Note that it will never pass; it becomes a dead letter, with what was said of it."""
        if account is not None:
            self._noted.accounts[account.gid] = Written.of(account)
        letter = DeadLetter(
            target=self._record.target,
            gid=item.gid,
            key=item.account.key,
            action=str(item.action or "none"),
            reason=reason,
            document=item_document(item),
        )
        self._noted.letters.append(replace(letter, exchange=_keepable(item, exchange)))
        self.letters.append(letter)  # for the report, which stays in memory: without the bodies
        self._end(item, EntryState.FAILED, reason)

    def postponed(self, item: PlanItem, reason: str) -> None:
        """Note that it did not happen; the next plan has it again."""
        self._end(item, EntryState.UNDONE, reason)

    def uncertain(self, item: PlanItem, reason: str) -> None:
        """Note that the answer was lost: the target is to be asked."""
        self._end(item, EntryState.UNCERTAIN, reason)

    def flush(self) -> None:
        """Commit what was noted."""
        noted = self._noted
        if not (self._intended or noted.outcomes):
            return
        plan, target, object_ = self._record.id, self._record.target, self._record.object
        with writing(self._engine) as conn:
            journal.write_entries(conn, noted.entries.values())
            journal.put_intents(conn, plan, target, object_, self._pending.values())
            accounts.forget_accounts(conn, target, object_, noted.moved)
            accounts.save_written(conn, noted.accounts.values())
            plans.scrub_items(conn, noted.erased)
            if self._keep is not None and noted.letters:
                self._keep(conn, noted.letters)
            if self._order is not None:
                self._order.write(conn, WRITTEN, self._record, noted.ended, self._digest)
        self._noted, self._intended = _Noted(), False
        self._flushed = time.monotonic()

    def _now(self) -> datetime:
        """Return the moment, looked at anew when a tick is over."""
        passed = time.monotonic()
        if passed - self._looked > _TICK:
            self._looked, self._moment = passed, datetime.now(UTC)
        return self._moment

    def _end(
        self,
        item: PlanItem,
        state: EntryState,
        error: str | None = None,
        remote_id: str | None = None,
    ) -> None:
        now, number, noted = self._now(), item.number, self._noted
        line = self._pending.pop(number, None) or self._doubtful[number]
        if state is EntryState.UNCERTAIN:
            self._doubtful[number] = line
        if self._order is not None:
            noted.ended.append((item, state.value, now, remote_id))
        if state is not EntryState.DONE or self._order is None or number in self._lines:
            ended_at = None if state is EntryState.UNCERTAIN else now
            pending = journal.pending_of(self._record.id, line)
            noted.entries[number] = entry_of(pending, item, state, error, ended_at)
            self._lines.add(number)
        noted.outcomes += 1
        if noted.outcomes >= 2 * _MOST or self._looked - self._flushed > _LONGEST:
            self.flush()  # last: an outcome and its account commit together


def entry_of(
    pending: Pending,
    item: PlanItem,
    state: EntryState,
    error: str | None = None,
    ended_at: datetime | None = None,
) -> Entry:
    """Return the line of the journal about a write that was pending."""
    known = item.account
    return Entry(
        pending.plan_id,
        pending.number,
        known.target,
        known.object,
        known.gid,
        pending.action,
        known.key,
        known.remote_id,
        state,
        pending.attempts,
        error,
        pending.intended_at,
        ended_at,
    )


@dataclass(slots=True)
class _Noted:
    """What is to be committed together next; `outcomes` counts what it tells of."""

    outcomes: int = 0
    entries: dict[int, Entry] = field(default_factory=dict)
    accounts: dict[str, Written] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)
    letters: list[DeadLetter] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)


def _keepable(item: PlanItem, exchange: Exchange | None) -> Exchange | None:
    """Return what of an exchange may be kept: no bodies of many people, or of an erased one.

    What is said of a group may show its other members, whom nobody would find in its letter.
    """
    if exchange is None or (item.account.object != GROUP_OBJECT and item.cause is not Cause.ERASED):
        return exchange
    return replace(exchange, sent="", answered="")
