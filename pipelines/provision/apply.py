"""The journalled apply: every change is committed as intended before it is sent.

Outcomes are committed in groups, together with the next intents. Whatever was in flight at a crash
stands in the journal as intended, and `pipelines.provision.recover` asks the target about it before
anything else is sent. So each change happens exactly once in effect.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable

import sqlalchemy as sa

from connectors.contract import Action, Change, Outcome, Searchable, Target
from connectors.errors import (
    ConflictError,
    ConnectorError,
    MisconfiguredError,
    NotFoundError,
    ThrottledError,
    TransientError,
    UncertainError,
)
from idp_core.provisioning.model import AccountState, ManagedAccount, PlanRecord, Written
from idp_core.provisioning.refusals import Refusal
from pipelines.control import Halting, Unhalted
from pipelines.provision.asking import Word, ask, holder, rewritten
from pipelines.provision.breaker import PROBES, Breaker
from pipelines.provision.diagnosis import Diagnosis
from pipelines.provision.order import Order
from pipelines.provision.plan import PlanItem, item_digest
from pipelines.provision.rules import Push
from pipelines.provision.withheld import may_be_withheld
from pipelines.provision.writing import JournalWriter, Keep

_REMOVALS = frozenset({Action.DELETE, Action.DEACTIVATE})
_PHASES = (
    _REMOVALS,
    frozenset({Action.UPDATE}),
    frozenset({Action.CREATE}),
)


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long to try: `attempts` rounds, waits of `base` * 2^n up to `longest`."""

    attempts: int = 6
    base: float = 0.5
    longest: float = 60.0

    def wait(self, attempt: int, asked: float) -> float:
        """Return the seconds after this attempt: jittered, or what the target asked for."""
        most = min(self.longest, self.base * 2 ** (attempt - 1))
        return max(asked, random.uniform(most / 2, most))  # noqa: S311 (jitter, no secret)


@dataclass(frozen=True, slots=True)
class Setting:
    """What applying needs besides the plan.

    `keep` stores dead letters inside the transaction of their outcome; `progress` is told how many
    of how many changes are settled; `control` may pause or end the work. With `probing` a few
    changes go first, and the others only when one of them passed. `order` is who ordered it,
    `digest` gives the digest of an item by its number, where it is known already.
    """

    engine: sa.Engine
    target: Target
    push: Push
    keep: Keep | None = None
    progress: Callable[[int, int], None] | None = None
    patience: Patience = field(default_factory=Patience)
    control: Halting = field(default_factory=Unhalted)
    probing: bool = False
    order: Order | None = None
    digest: Callable[[int], bytes | None] = lambda _: None


class Work:
    """The writes of one plan under way: rounds of sending, waiting and asking."""

    def __init__(self, setting: Setting, record: PlanRecord, writes: Sequence[PlanItem]) -> None:
        self._setting = setting
        self._writes, self._plan = writes, record.id
        self._probes = min(PROBES, len(writes)) if setting.probing else 0
        self._breaker = Breaker(record.target, self._probes)
        self._diagnosis = Diagnosis(setting.target, setting.push)
        self._refusals: dict[int, ConnectorError] = {}
        self._settled = 0
        self.writer = JournalWriter(
            setting.engine, record, setting.keep, setting.order, setting.digest
        )
        self.unsettled: list[PlanItem] = []
        self.trouble = ""
        self.refusals: list[Refusal] = []
        self.passed: set[str] = set()

    def run(self) -> None:
        """Write everything: removals first, then updates, then creations.

        Raises QuarantinedError when the target fails too often, CancelledError when a person ends
        the run, and the connector's MisconfiguredError when a person must act. What was done is
        kept in any case.
        """
        try:
            self._phase(self._writes[: self._probes])
            for phase in _PHASES:
                rest = self._writes[self._probes :]
                self._phase([item for item in rest if item.action in phase])
        finally:
            self.writer.flush()

    def _phase(self, items: Sequence[PlanItem]) -> None:
        todo, lost = list(items), list[PlanItem]()
        patience = self._setting.patience
        for attempt in range(1, patience.attempts + 1):
            sent = self._round(todo, attempt)
            lost += sent.lost
            if not sent.again and not lost:
                return
            self._setting.control.rest(patience.wait(attempt, sent.asked))
            undone, lost = self._ask(lost)
            todo = [*sent.again, *undone]
        self.unsettled += [*todo, *lost]

    def _round(self, items: Sequence[PlanItem], attempt: int) -> _Sent:
        """Send the items once, with pauses where the run is halted."""
        sent, left = _Sent(), list(items)
        while left:
            self._setting.control.wait()
            left = self._send(sent, left, attempt)
        return sent

    def _send(self, sent: _Sent, items: Sequence[PlanItem], attempt: int) -> list[PlanItem]:
        """Send items until the run is halted; return those that were not begun.

        What got no outcome at all counts as lost.
        """
        sent.begun = 0
        outcomes = self._setting.target.apply(self._intended(sent, items, attempt))
        closer = closing(outcomes) if isinstance(outcomes, _Closable) else nullcontext()
        with closer:
            for outcome in outcomes:
                self._take(sent, sent.open.pop(outcome.change.number), outcome, attempt)
        sent.lost += sent.open.values()
        sent.open.clear()
        left = list(items[sent.begun :])
        if sent.halted:
            self.writer.flush()  # a pause may be long
            return left
        sent.lost += left
        return []

    def _intended(self, sent: _Sent, items: Iterable[PlanItem], attempt: int) -> Iterator[Change]:
        """Yield the changes as they are drawn; each is in the journal before."""
        sent.halted = False
        for group in self.writer.intend(items, attempt):
            for place, item in enumerate(group):
                sent.halted = self._setting.control.halted()
                if sent.halted:
                    for each in group[place:]:
                        self.writer.postponed(each, "not sent: the run was halted")
                    return
                sent.open[item.number] = item
                sent.begun += 1
                yield item.change(f"{self._plan}/{item.number}")

    def _take(self, sent: _Sent, item: PlanItem, outcome: Outcome, attempt: int) -> None:
        """Decide what an outcome means, by the class of its error."""
        error, told = outcome.error, ""
        match error:
            case None:
                account, held = item.account, outcome.held
                as_sent = held is outcome.change.after and not account.rewritten
                made = {} if as_sent else rewritten(item, held)
                remote_id = outcome.id or account.remote_id
                self._done(item, Written(account, remote_id, outcome.version, made))
                self._breaker.record(None)
                return
            case NotFoundError() if item.action in _REMOVALS:
                error = None
                gone = replace(item.account, state=AccountState.DELETED, pushed={})
                self._done(item, Written.of(replace(gone, version=outcome.version)))
            case NotFoundError() if item.action is Action.UPDATE:
                gone = replace(item.account, state=AccountState.DELETED, pushed={})
                why = f"{error}: the account is gone; a next plan makes it again"
                self._refuse(item, why, gone, error)
            case MisconfiguredError():
                self.writer.postponed(item, str(error))
                raise error
            case UncertainError():
                self.writer.uncertain(item, str(error))
                sent.lost.append(item)
            case TransientError():
                note = (
                    self.writer.postponed if item.action is Action.CREATE else self.writer.uncertain
                )
                note(item, str(error))  # what is not a creation may be sent again unasked
                sent.again.append(item)
            case ConflictError() if item.action is Action.CREATE:
                self._refusals[item.number] = error  # it may be ours, of a lost answer: ask first
                sent.lost.append(item)
            case ConflictError() if attempt == 1:
                sent.again.append(item)  # another change of this plan may free the value
            case _:
                told = self._diagnosis.told(error, item)
                if not isinstance(error, ConflictError) and may_be_withheld(item):
                    self.refusals.append(self._refusal(item, told))
                self._refuse(item, told, error=error)
        self._hear(sent, error, told)

    def _hear(self, sent: _Sent, error: ConnectorError | None, told: str) -> None:
        """Keep what a trouble says and the wait it asks for; stop when there are too many."""
        if error is None:
            self._breaker.record(None)
            return
        if isinstance(error, TransientError):
            self.trouble = str(error)
        if isinstance(error, ThrottledError):
            sent.asked = max(sent.asked, error.retry_after or 0.0)
        self._breaker.record(error, told)

    def _ask(self, lost: Sequence[PlanItem]) -> tuple[list[PlanItem], list[PlanItem]]:
        """Ask what became of lost changes; return what to send again and what stays unknown."""
        target, undone, unknown = self._setting.target, list[PlanItem](), list[PlanItem]()
        for item in lost:
            if not isinstance(target, Searchable):
                (unknown if item.action is Action.CREATE else undone).append(item)
                continue
            refusal = self._refusals.get(item.number)
            why = ""
            try:
                answer = ask(target, self._setting.push, item)
                if refusal is not None and answer.word is Word.UNDONE:
                    why = f"{refusal}: {holder(target, self._setting.push, item)}"
            except TransientError as error:
                self.trouble = str(error)
                unknown.append(item)
                continue
            self._refusals.pop(item.number, None)
            if answer.word is Word.DONE:
                self._done(item, Written.of(answer.account))
            elif answer.word is Word.SEVERAL:
                self._refuse(item, "several accounts of the target carry our key; remove the extra")
            elif refusal is not None:
                self._refuse(item, why, error=refusal)
            else:
                undone.append(item)
        return undone, unknown

    def _done(self, item: PlanItem, written: Written) -> None:
        self.writer.succeeded(item, written)
        self.passed.add(item.account.gid)
        self._progress()

    def _refuse(
        self,
        item: PlanItem,
        reason: str,
        account: ManagedAccount | None = None,
        error: ConnectorError | None = None,
    ) -> None:
        self.writer.refused(item, reason, account, error.exchange if error else None)
        self._progress()

    def _refusal(self, item: PlanItem, reason: str) -> Refusal:
        setting, account = self._setting, item.account
        digest = (setting.digest(item.number) or item_digest(item)).hex()
        state, now = self._diagnosis.state, datetime.now(UTC)
        return Refusal(account.target, account.object, item.gid, digest, state, reason, now)

    def _progress(self) -> None:
        self._settled += 1
        if self._setting.progress:
            self._setting.progress(self._settled, len(self._writes))


@runtime_checkable
class _Closable(Protocol):
    def close(self) -> None: ...


@dataclass(slots=True)
class _Sent:
    """One round: how many were begun since it went on, what is still open, to be sent again, or
    lost; the wait the target asked for; whether the run was halted.
    """

    begun: int = 0
    open: dict[int, PlanItem] = field(default_factory=dict)
    again: list[PlanItem] = field(default_factory=list)
    lost: list[PlanItem] = field(default_factory=list)
    asked: float = 0.0
    halted: bool = False
