"""Plan items for each situation an account can be in. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product
from typing import Any

from connectors.contract import Account, Action
from idp_core.provisioning.belongings import Belonging
from idp_core.provisioning.model import AccountState, ManagedAccount
from pipelines.provision.desired import Wanted
from pipelines.provision.diff import adoption, creation, update
from pipelines.provision.matching import Clash, Hit, same
from pipelines.provision.plan import Cause, Difference, PlanItem
from pipelines.provision.rules import LeaveAction, Push

Made = tuple[Sequence[PlanItem], ManagedAccount | None]
"""Items for the plan, and the account as it stands when only its bookkeeping moves on."""

REASONS: Mapping[Cause, str] = {
    Cause.NEW: "the profile is in scope and the target has no account for it",
    Cause.CHANGED: "the profile or the push mapping changed",
    Cause.REJOINED: "the profile is in scope again; the same account comes back",
    Cause.CORRECTED: "the target changed what is ours; it is written back",
    Cause.VANISHED: "the target lost the account; it is made again",
    Cause.LEFT_SCOPE: "the profile is no longer in the target's scope",
    Cause.NO_CONSENT: "a consent that this target needs is not given",
    Cause.PROFILE_GONE: "the profile no longer exists",
    Cause.MERGED: "the profile was merged with another one",
    Cause.GRACE_OVER: "the account was deactivated and its grace is over",
    Cause.ERASED: "the person was erased",
    Cause.DRIFT: "the target changed what is ours; it is written back only when asked",
    Cause.REFUSED: "a value cannot be written",
    Cause.WITHHELD: "the target refused this very change",
}


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes the items of one target's plan."""

    target: str
    push: Push
    now: datetime
    correct_drift: bool
    unique: Collection[str] = ()

    def newcomer(
        self,
        wanted: Wanted,
        hit: Hit | Clash | None,
        strangers: Sequence[tuple[Account, Belonging]] = (),
    ) -> PlanItem:
        """Create the account, adopt the one that was found, or leave it to a person.

        `strangers` are accounts that a person said are somebody else's: a new one is made beside
        them, but not where it would need a value that only one account can have.
        """
        if isinstance(hit, Clash):
            return self._conflict(wanted, hit.reason)
        if hit is None:
            return self._creation(wanted, strangers)
        view = self.view(hit.account)
        found = adoption(self.push, wanted, view)
        if hit.cause is Cause.REVIEW:
            account = self._account(wanted, None, {}, AccountState.CONFLICT)
            words = f"{self.target} {account.gid}"
            reason = (
                f"{hit.reason}; if it is theirs: isthmus plan adopt {words}; "
                f"if not: isthmus plan decline {words}"
            )
            return _item(Cause.REVIEW, None, account, found.news, reason=reason)
        if view.get(self.push.active_path) is False:  # such as one that was deleted softly
            found = replace(found, news=[*found.news, *self._waking(view)])
        account = self._account(wanted, hit.account.id, found.pushed, version=hit.account.version)
        action = Action.UPDATE if found.news else None
        return _item(Cause.ADOPTED, action, account, found.news, reason=hit.reason)

    def _creation(self, wanted: Wanted, strangers: Sequence[tuple[Account, Belonging]]) -> PlanItem:
        found = creation(self.push, wanted)
        taken = next(self._taken(wanted, found.pushed, strangers), None)
        if taken is not None:
            return self._conflict(wanted, taken)
        said = (f"one that matched is somebody else's, as {word.said}" for _, word in strangers)
        account = self._account(wanted, None, found.pushed)
        reason = "; ".join([REASONS[Cause.NEW], *said])
        return _item(Cause.NEW, Action.CREATE, account, found.news, reason=reason)

    def _taken(
        self,
        wanted: Wanted,
        pushed: Mapping[str, Any],
        strangers: Sequence[tuple[Account, Belonging]],
    ) -> Iterator[str]:
        """Yield why an account cannot be made beside those that are somebody else's."""
        for (stranger, word), path in product(strangers, sorted(self.unique)):
            ours, theirs = pushed.get(path), self.view(stranger).get(path)
            if ours is not None and theirs is not None and same(ours, theirs):
                yield (
                    f"an account of somebody else, as {word.said}, has this {path}, which only "
                    "one account can have; see to another value for one of them, or take the "
                    f"word back: isthmus plan reopen {self.target} {wanted.person.gid}"
                )

    def _conflict(self, wanted: Wanted, reason: str) -> PlanItem:
        account = self._account(wanted, None, {}, AccountState.CONFLICT)
        return _item(Cause.CONFLICT, None, account, reason=reason)

    def managed(self, wanted: Wanted, account: ManagedAccount, seen: Account | None) -> Made:
        """Compare an account of ours with what it shall be; one that left comes back.

        An account under another global id is one taken over after a merge.
        """
        moved = _moved(wanted, account)
        view = self.view(seen) if seen else None
        found = update(self.push, wanted, account, view)
        rejoins = account.state is AccountState.DEACTIVATED
        news, drift = list(found.news), list(found.drift)
        corrects = bool(self.correct_drift and drift)
        if corrects:
            news, drift = [*news, *drift], []
        if rejoins:
            news.extend(self._waking(view))
        after = self._account(wanted, account.remote_id, found.pushed, version=account.version)
        known = {p: v for p, v in account.rewritten.items() if found.pushed.get(p) is not None}
        after = replace(after, rewritten=known)
        reported = [self._drift(after, drift)] if drift else []
        if not news and not rejoins and moved is None:
            return reported, after
        cause = self._cause(corrects=corrects, rejoins=rejoins, moved=moved)
        action = Action.UPDATE if news else None
        item = replace(_item(cause, action, after, news), moved_from=moved)
        return [item, *reported], None

    def vanished(self, wanted: Wanted, account: ManagedAccount) -> Made:
        """Say that the target lost the account; with `correct_drift`, make it again."""
        if not self.correct_drift:
            reason = "the target lost the account; it is made again only when asked"
            return [_item(Cause.DRIFT, None, account, reason=reason)], None
        found = creation(self.push, wanted)
        after = self._account(wanted, None, found.pushed)
        item = _item(Cause.VANISHED, Action.CREATE, after, found.news)
        return [replace(item, moved_from=_moved(wanted, account))], None

    def leaving(self, account: ManagedAccount, cause: Cause) -> Made:
        """Deactivate, delete or keep the account of a profile that is no longer wanted."""
        action, cause = self._farewell(account, cause)
        after = account
        if account.left_at is None:
            after = replace(after, left_at=self.now)
        news: Sequence[Difference] = ()
        if action is Action.DELETE:
            after = replace(after, state=AccountState.DELETED, pushed={}, rewritten={})
        elif action is Action.DEACTIVATE:
            path = self.push.active_path
            news = [_active(self.push, account.pushed.get(path), after=False)]
            pushed = {**account.pushed, path: False}
            after = replace(after, state=AccountState.DEACTIVATED, pushed=pushed)
        if action is None:
            return [], after
        return [_item(cause, action, after, news)], None

    def refused(self, wanted: Wanted, account: ManagedAccount | None) -> PlanItem:
        """Report values that cannot be written; the account stays as it is."""
        held = account or self._account(wanted, None, {}, AccountState.CONFLICT)
        return _item(Cause.REFUSED, None, held, reason="; ".join(wanted.refused))

    def view(self, seen: Account) -> Mapping[str, Any]:
        """Return an account's attributes, our key among them."""
        if self.push.key_path in seen.attributes:
            return seen.attributes
        return {**seen.attributes, self.push.key_path: seen.key}

    def _farewell(self, account: ManagedAccount, cause: Cause) -> tuple[Action | None, Cause]:
        """Decide what is done now to an account that is no longer wanted."""
        leave = self.push.leave
        if cause is Cause.ERASED:
            return Action.DELETE, cause
        if account.state is AccountState.DEACTIVATED:
            over = (
                leave.grace is not None
                and account.left_at is not None
                and account.left_at + leave.grace <= self.now
            )
            return (Action.DELETE, Cause.GRACE_OVER) if over else (None, cause)
        actions = {LeaveAction.DEACTIVATE: Action.DEACTIVATE, LeaveAction.DELETE: Action.DELETE}
        return actions.get(leave.action), cause

    def _waking(self, view: Mapping[str, Any] | None) -> Sequence[Difference]:
        path = self.push.active_path
        if any(line.path == path for line in self.push.lines):
            return []
        before = view.get(path) if view else False
        return [] if before is True else [_active(self.push, before, after=True)]

    def _cause(self, *, corrects: bool, rejoins: bool, moved: str | None) -> Cause:
        if rejoins:
            return Cause.REJOINED
        if moved is not None:
            return Cause.MERGED
        return Cause.CORRECTED if corrects else Cause.CHANGED

    def _drift(self, account: ManagedAccount, drift: Sequence[Difference]) -> PlanItem:
        return _item(Cause.DRIFT, None, account, drift)

    def _account(
        self,
        wanted: Wanted,
        remote_id: str | None,
        pushed: Mapping[str, Any],
        state: AccountState = AccountState.ACTIVE,
        version: str | None = None,
    ) -> ManagedAccount:
        return ManagedAccount(
            target=self.target,
            object=self.push.object,
            gid=wanted.person.gid,
            key=wanted.key,
            remote_id=remote_id,
            state=state,
            pushed=pushed,
            profile_digest=wanted.person.digest,
            push_digest=self.push.digest,
            version=version,
        )


def _moved(wanted: Wanted, account: ManagedAccount) -> str | None:
    return account.gid if account.gid != wanted.person.gid else None


def _active(push: Push, before: Any, *, after: bool) -> Difference:
    return Difference(push.active_path, before, after, push.place)


_ORDER = {Action.DELETE: 0, Action.DEACTIVATE: 1, Action.UPDATE: 2, Action.CREATE: 3}


def order(item: PlanItem) -> tuple[int, str, str]:
    """Return where an item stands in its plan: what frees values comes before what takes them."""
    place = _ORDER[item.action] if item.action else (2 if item.effective else 4)
    return place, item.gid, item.cause.value


def _item(
    cause: Cause,
    action: Action | None,
    account: ManagedAccount,
    differences: Sequence[Difference] = (),
    *,
    reason: str | None = None,
) -> PlanItem:
    return PlanItem(0, cause, reason or REASONS[cause], action, account, tuple(differences))
