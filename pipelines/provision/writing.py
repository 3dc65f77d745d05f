"""Writes the journal and the accounts in groups: intents before sending, outcomes after."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from connectors.exchange import Exchange
from idp_core.audit.operations import WRITTEN, Operation
from idp_core.db.engine import writing
from idp_core.provisioning import accounts, journal, plans
from idp_core.provisioning.model import Ending, Entry, EntryState, ManagedAccount, PlanRecord
from pipelines.provision.documents import item_document
from pipelines.provision.groups import OBJECT as GROUP_OBJECT
from pipelines.provision.order import Order
from pipelines.provision.plan import Cause, PlanItem

GROUP = 200
_LONGEST = 1.0


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

    With an `order` each outcome is in the audit log, in the transaction of its group.
    """

    def __init__(
        self, engine: sa.Engine, record: PlanRecord, keep: Keep | None, order: Order | None = None
    ) -> None:
        self._engine = engine
        self._record = record
        self._keep, self._order = keep, order
        self._entries: dict[int, Entry] = {}
        self._accounts: dict[str, ManagedAccount] = {}
        self._moved: set[str] = set()
        self._erased: set[str] = set()
        self._letters: list[DeadLetter] = []
        self._endings: dict[int, Ending] = {}
        self._operations: list[Operation] = []
        self._flushed = time.monotonic()
        self.letters: list[DeadLetter] = []
        self.done: Counter[str] = Counter()

    def intend(self, items: Iterable[PlanItem], attempt: int) -> Iterator[Sequence[PlanItem]]:
        """Yield the items in groups, each committed as intended (with all outcomes so far)."""
        listed = list(items)
        for start in range(0, len(listed), GROUP):
            group = listed[start : start + GROUP]
            now = datetime.now(UTC)
            for item in group:
                self._entries[item.number] = self._entry(item, attempt, now)
            self.flush()
            yield group

    def succeeded(self, item: PlanItem, account: ManagedAccount) -> None:
        """Note that the target holds it."""
        self._accounts[item.gid] = account
        if item.moved_from:
            self._moved.add(item.moved_from)
        if item.cause is Cause.ERASED:
            self._erased.add(item.gid)
        self.done[str(item.action or "none")] += 1
        self._end(item, EntryState.DONE, account=account)

    def refused(
        self,
        item: PlanItem,
        reason: str,
        account: ManagedAccount | None = None,
        exchange: Exchange | None = None,
    ) -> None:
        """Note that it will never pass; it becomes a dead letter, with what was said of it."""
        if account is not None:
            self._accounts[account.gid] = account
        letter = DeadLetter(
            target=self._record.target,
            gid=item.gid,
            key=item.account.key,
            action=str(item.action or "none"),
            reason=reason,
            document=item_document(item),
        )
        self._letters.append(replace(letter, exchange=_keepable(item, exchange)))
        self.letters.append(letter)  # for the report, which stays in memory: without the bodies
        self._end(item, EntryState.FAILED, reason)

    def postponed(self, item: PlanItem, reason: str) -> None:
        """Note that it did not happen; the next plan has it again."""
        self._end(item, EntryState.UNDONE, reason)

    def uncertain(self, item: PlanItem, reason: str) -> None:
        """Note that the answer was lost: the target is to be asked."""
        self._end(item, EntryState.UNCERTAIN, reason)

    def flush(self, *, if_due: bool = False) -> None:
        """Commit what was noted; with `if_due` only when it is old, or much."""
        aged = time.monotonic() - self._flushed > _LONGEST
        noted = len(self._entries) + len(self._endings)
        if not noted or (if_due and noted < 2 * GROUP and not aged):
            return
        target, object_ = self._record.target, self._record.object
        with writing(self._engine) as conn:
            journal.end_entries(conn, self._endings.values())
            journal.write_entries(conn, self._entries.values())  # what is sent again comes last
            accounts.forget_accounts(conn, target, object_, self._moved)
            accounts.save_accounts(conn, self._accounts.values())
            plans.scrub_items(conn, self._erased)
            if self._keep is not None and self._letters:
                self._keep(conn, self._letters)
            if self._order is not None:
                self._order.write(conn, WRITTEN, self._record, self._operations)
        self._operations = []
        self._entries, self._endings, self._accounts, self._letters = {}, {}, {}, []
        self._moved, self._erased = set(), set()
        self._flushed = time.monotonic()

    def _end(
        self,
        item: PlanItem,
        state: EntryState,
        error: str | None = None,
        account: ManagedAccount | None = None,
    ) -> None:
        now, number = datetime.now(UTC), item.number
        ended_at = None if state is EntryState.UNCERTAIN else now
        if self._order is not None:
            self._operations.append(self._order.operation(item, str(state), now, account))
        self._endings[number] = Ending(self._record.id, number, state, error, ended_at)
        self.flush(if_due=True)  # last: an outcome and its account commit together

    def _entry(self, item: PlanItem, attempt: int, now: datetime) -> Entry:
        account = item.account
        return Entry(
            plan_id=self._record.id,
            number=item.number,
            target=self._record.target,
            object=self._record.object,
            gid=account.gid,
            action=str(item.action or "none"),
            key=account.key,
            remote_id=account.remote_id,
            state=EntryState.INTENDED,
            attempts=attempt,
            error=None,
            intended_at=now,
        )


def _keepable(item: PlanItem, exchange: Exchange | None) -> Exchange | None:
    """Return what of an exchange may be kept: no bodies of many people, or of an erased one.

    What is said of a group may show its other members, whom nobody would find in its letter.
    """
    if exchange is None or (item.account.object != GROUP_OBJECT and item.cause is not Cause.ERASED):
        return exchange
    return replace(exchange, sent="", answered="")
