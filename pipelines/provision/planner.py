"""`make_plan`: from profiles, accounts and what was seen to a plan. No I/O of its own, no clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain

from idp_core.provisioning.model import AccountState, ManagedAccount
from pipelines.provision import notes
from pipelines.provision.desired import Unwanted, Wanted, desired
from pipelines.provision.items import Made, Maker, order
from pipelines.provision.matching import (
    NOTHING_SAID,
    Clash,
    Fit,
    Hit,
    Said,
    Seen,
    fitting,
    judge,
    strangers,
)
from pipelines.provision.merges import final, heirlooms
from pipelines.provision.plan import Cause, Plan, PlanItem
from pipelines.provision.references import NO_REFERENCES, References
from pipelines.provision.rules import Person, Push, Refusal, profile_record


@dataclass(frozen=True, slots=True)
class Passed:
    """The profiles that a plan passes by: how many, and what it may have to ask about them.

    `count` have one active account each; `resting` have a deactivated one and `unwanted` none, and
    neither shall have any. `holding` gives the accounts of theirs with one of these keys, or of the
    target's own ids; `rewritten` those of whose values the target made others; `shared` those that
    another profile holds, too.
    """

    count: int = 0
    resting: int = 0
    unwanted: int = 0
    holding: Callable[[Collection[str], Collection[str]], Iterable[ManagedAccount]] = (
        lambda _keys, _ids: ()
    )
    rewritten: Callable[[], Iterable[ManagedAccount]] = tuple
    shared: Callable[[], Iterable[ManagedAccount]] = tuple


NOBODY = Passed()


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything a plan is made from.

    `accounts` are those we manage, by global id; `redirects` maps merged ids to the one that
    stayed; `erased` are people who must be deleted everywhere; `unsure` are those for whom a
    creation may have happened that nobody can ask about; `references` are the accounts that lines
    may refer to; `seen` is what was looked at in the target, if anything was. `passed` are people
    who are neither in `people` nor, with their accounts, in `accounts`: nothing of them changed.
    `said` is what people said of accounts, by global id; `unique` are attributes of which the
    target lets no two accounts hold one value. `unwanted` is told, some at a time, who shall have
    no active account and has none: global id and digest.
    """

    people: Iterable[Person] = field(repr=False)
    accounts: Mapping[str, ManagedAccount]
    seen: Seen | None = None
    redirects: Mapping[str, str] = field(default_factory=dict)
    erased: Collection[str] = ()
    unsure: Collection[str] = ()
    references: References = NO_REFERENCES
    passed: Passed = NOBODY
    said: Mapping[str, Said] = field(default_factory=dict)
    unique: Collection[str] = ()
    unwanted: Callable[[Sequence[tuple[str, str]]], None] = lambda _: None


def make_plan(
    target: str, push: Push, inputs: Inputs, *, now: datetime, correct_drift: bool = False
) -> Plan:
    """Decide what the target needs so that it holds what the push mapping says.

    `now` decides whether a grace is over. Drift is always reported and, with `correct_drift`,
    written back. The order of the inputs never matters.
    """
    maker = Maker(target, push, now, correct_drift=correct_drift, unique=inputs.unique)
    planner = _Planner(maker, inputs)
    for person in inputs.people:
        planner.person(person)
    planner.tell_unwanted()
    planner.newcomers()
    planner.absent()
    items = sorted(planner.items, key=order)
    return Plan(
        target=target,
        object=push.object,
        push_digest=push.digest,
        made_at=now,
        people=planner.people
        + inputs.passed.count
        + inputs.passed.resting
        + inputs.passed.unwanted,
        managed=inputs.passed.count
        + sum(1 for a in inputs.accounts.values() if a.state is AccountState.ACTIVE),
        unchanged=planner.unchanged + inputs.passed.count + inputs.passed.resting,
        items=tuple(replace(item, number=number) for number, item in enumerate(items, start=1)),
        settled=tuple(sorted(planner.settled, key=lambda account: account.gid)),
        notes=(
            *notes.rewriting_targets(
                push, chain(inputs.accounts.values(), inputs.passed.rewritten())
            ),
            *notes.waiting_lines(push, planner.waiting),
            *notes.shared_accounts(
                push, chain(inputs.accounts.values(), inputs.passed.shared()), inputs.redirects
            ),
            *notes.nobodys_accounts(target, push, inputs.seen, inputs.accounts.values(), items),
        ),
        waiting=sum(planner.waiting.values()),
    )


_TOLD = 10_000
_AWAY = frozenset({AccountState.DELETED, AccountState.DEACTIVATED})


class _Planner:
    """Collects items person by person."""

    def __init__(self, maker: Maker, inputs: Inputs) -> None:
        self.maker = maker
        self.push = maker.push
        self.erased = inputs.erased
        self.unsure = inputs.unsure
        self.accounts = inputs.accounts
        self.heirlooms = heirlooms(inputs.accounts, inputs.redirects)
        self.redirects = inputs.redirects
        self.seen = inputs.seen
        self.references = inputs.references
        self.passed = inputs.passed
        self.said = inputs.said
        self.waiting: Counter[str] = Counter()
        self.items: list[PlanItem] = []
        self.tell = inputs.unwanted
        self._unwanted: list[tuple[str, str]] = []
        self.settled: list[ManagedAccount] = []
        self.people = self.unchanged = 0
        self._done: set[str] = set()
        self._new: list[Wanted] = []

    def person(self, person: Person) -> None:
        """Plan for one profile; unchanged ones are passed by on their digests."""
        gid = person.gid
        self.people += 1
        if gid in self.erased:
            return
        self._done.add(gid)
        account = self.accounts.get(gid)
        if account is not None and self._same_as_before(account, person):
            self.unchanged += 1
            return
        wanted = desired(self.push, person, self.references)
        if isinstance(wanted, Wanted):
            self.waiting.update(wanted.waiting)
        if isinstance(wanted, Unwanted):
            if account is None or account.state in _AWAY:
                self._unwanted.append((gid, person.digest))
                if len(self._unwanted) >= _TOLD:
                    self.tell_unwanted()
            if account is not None:
                self._leave(account, wanted.cause, person)
        elif wanted.refused:
            self.items.append(self.maker.refused(wanted, account))
        elif account is None or not account.live:
            self._accountless(wanted)
        else:
            self._managed(account, wanted)

    def tell_unwanted(self) -> None:
        """Tell of those who shall have no account, whom nobody else keeps: they may be millions."""
        if self._unwanted:
            self.tell(self._unwanted)
            self._unwanted = []

    def newcomers(self) -> None:
        """Adopt what fits, create the rest; two people who fit one account are a conflict.

        So are two of one key: the target would hold one account, and who leaves take it along.
        """
        fits = [self._fitting(wanted) for wanted in self._new]
        keys = Counter(wanted.key for wanted in self._new)
        held = [a for a in self.accounts.values() if a.live]
        ids = {fit.accounts[0].id for fit in fits if fit is not None}
        if keys:
            held.extend(self.passed.holding(keys, ids))
        keys.update(a.key for a in held)
        holders = {a.remote_id: a.gid for a in held if a.remote_id}
        found = [
            (wanted, self._judged(wanted, fit, holders))
            for wanted, fit in zip(self._new, fits, strict=True)
        ]
        claims = Counter(hit.account.id for _, hit in found if isinstance(hit, Hit))
        several = Clash("several profiles match one account of the target")
        shared = Clash(f"{self.push.place} key: several profiles have this key")
        for wanted, hit in found:
            clash = isinstance(hit, Hit) and claims[hit.account.id] > 1
            alone = keys[wanted.key] == 1
            others = strangers(self.seen, self._said(wanted))
            self._newcomer(
                self.maker.newcomer(wanted, several if clash else hit if alone else shared, others)
            )

    def absent(self) -> None:
        """Plan for accounts whose profile is gone, merged away or erased."""
        for gid, account in self.accounts.items():
            if gid in self._done:
                continue
            if final(gid, self.redirects) in self.erased or gid in self.erased:
                cause = Cause.ERASED
            else:
                cause = Cause.MERGED if gid in self.redirects else Cause.PROFILE_GONE
            self._leave(account, cause, None)

    def _same_as_before(self, account: ManagedAccount, person: Person) -> bool:
        return (
            account.profile_digest == person.digest
            and account.push_digest == self.push.digest
            and account.state is AccountState.ACTIVE
            and account.left_at is None
            and not (self.seen and self.seen.complete)
            and (not self.push.references or self._refers_as_before(account, person))
        )

    def _refers_as_before(self, account: ManagedAccount, person: Person) -> bool:
        """Whether the accounts that this one refers to are the same, and none is waited for."""
        record = profile_record(person)
        for line in self.push.references:
            value = line.value(record)
            named = value is not None and not isinstance(value, Refusal)
            meant = self.references.resolve(line, value) if named else None
            if meant != account.pushed.get(line.path) or (named and meant is None):
                return False
        return True

    def _fitting(self, wanted: Wanted) -> Fit | None:
        return fitting(self.push, wanted, self.seen, self._said(wanted)) if self.seen else None

    def _said(self, wanted: Wanted) -> Said:
        return self.said.get(wanted.person.gid, NOTHING_SAID)

    def _judged(
        self, wanted: Wanted, fit: Fit | None, holders: Mapping[str, str]
    ) -> Hit | Clash | None:
        if wanted.person.gid in self.unsure:
            return Clash("an earlier creation may have happened; look for it in the target")
        return judge(fit, wanted, holders, self._said(wanted)) if fit is not None else None

    def _newcomer(self, item: PlanItem) -> None:
        self.items.append(item)
        if not item.effective and self.accounts.get(item.gid) != item.account:
            self.settled.append(item.account)

    def _leave(self, account: ManagedAccount, cause: Cause, person: Person | None) -> None:
        if not account.live:
            if account.state is AccountState.CONFLICT:
                self.settled.append(replace(account, state=AccountState.DELETED))
            return
        now = account
        if person is not None:
            now = replace(now, profile_digest=person.digest, push_digest=self.push.digest)
        if self._lost(account):
            gone = replace(now, state=AccountState.DELETED, pushed={})
            self._take(([], gone), account)
        else:
            self._take(self.maker.leaving(now, cause), account)

    def _accountless(self, wanted: Wanted) -> None:
        """Take over the account of a profile that was merged into this one, or join the new."""
        inherited = self.heirlooms.get(wanted.person.gid)
        if inherited is None:
            self._new.append(wanted)
            return
        self._done.add(inherited.gid)
        self._managed(inherited, wanted)

    def _managed(self, account: ManagedAccount, wanted: Wanted) -> None:
        if self._lost(account):
            self._take(self.maker.vanished(wanted, account), account)
            return
        seen = self.seen.by_id.get(account.remote_id or "") if self.seen else None
        self._take(self.maker.managed(wanted, account, seen), account)

    def _lost(self, account: ManagedAccount) -> bool:
        """Whether all of the target was looked at and the account is not there."""
        if self.seen is None or not self.seen.complete:
            return False
        return account.remote_id not in self.seen.by_id

    def _take(self, made: Made, before: ManagedAccount) -> None:
        items, settled = made
        self.items.extend(items)
        if settled is None:
            return
        if not items:
            self.unchanged += 1
        if settled != before:
            self.settled.append(settled)
