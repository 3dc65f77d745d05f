"""Recognising accounts that a target has already. No I/O; what was seen comes in.

A rule counts only when exactly one account fits it. Our own key is always the first rule, compared
exactly; the others do not mind the case of letters, so that two accounts that differ in case alone
are a conflict and never a guess.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.contract import Account
from idp_core.provisioning.model import AccountState, ManagedAccount
from pipelines.provision.desired import Wanted, plain
from pipelines.provision.plan import Cause
from pipelines.provision.rules import Adopt, Match, Push, Refusal


@dataclass(frozen=True, slots=True)
class Hit:
    """One account fits; `cause` is ADOPTED, or REVIEW when a person must agree."""

    account: Account
    cause: Cause
    reason: str


@dataclass(frozen=True, slots=True)
class Clash:
    """Several accounts fit, or the one that fits belongs to somebody else."""

    reason: str


@dataclass(frozen=True, slots=True)
class Fit:
    """The accounts that fit a person, one or more, by the first rule that any fits by."""

    accounts: Sequence[Account]
    path: str
    place: str
    adopt: Adopt


class Seen:
    """The accounts that were looked at. `complete` says that these are all the target has."""

    def __init__(
        self,
        accounts: Iterable[Account],
        paths: Iterable[str],
        *,
        complete: bool,
        key_path: str = "externalId",
    ) -> None:
        """Index the accounts by these paths and our key; the same account may come twice."""
        self.complete = complete
        self.by_id: Mapping[str, Account] = {account.id: account for account in accounts}
        self._by_path: dict[str, dict[str, list[Account]]] = {
            path: defaultdict(list) for path in paths
        }
        self._by_key: dict[str, list[Account]] = defaultdict(list)
        for account in self.by_id.values():
            key = account.attributes.get(key_path, account.key)
            if key is not None:
                self._by_key[str(key)].append(account)
            for path, index in self._by_path.items():
                value = account.attributes.get(path)
                if value is not None:
                    index[_folded(value)].append(account)

    def holding(self, path: str, value: Any) -> Sequence[Account]:
        """Return the accounts with this value; `path` is one of those indexed."""
        return self._by_path[path].get(_folded(value), ())

    def keyed(self, key: str) -> Sequence[Account]:
        """Return the accounts with our key, compared exactly."""
        return self._by_key.get(key, ())


def recognise(
    push: Push,
    wanted: Wanted,
    seen: Seen,
    holders: Mapping[str, str],
    known: ManagedAccount | None,
) -> Hit | Clash | None:
    """Find the account that is this person's already; `holders` maps remote id to global id.

    `known` is our record of theirs.
    """
    fit = fitting(push, wanted, seen)
    return judge(fit, wanted, holders, agreed(known)) if fit is not None else None


def agreed(known: ManagedAccount | None) -> str | None:
    """Return the target's id of the account that a person said is theirs, if anybody did."""
    waits = known is not None and known.state is AccountState.CONFLICT
    return known.remote_id if known is not None and waits else None


def fitting(push: Push, wanted: Wanted, seen: Seen) -> Fit | None:
    """Find the accounts that may be this person's; None when no rule finds any."""
    ours = seen.keyed(wanted.key)
    if ours:
        return Fit(ours, push.key_path, push.place, Adopt.AUTO)
    for rule in push.match:
        value = rule_value(rule, wanted)
        found = seen.holding(rule.path, value) if value is not None else ()
        if found:
            return Fit(found, rule.path, rule.place, rule.adopt)
    return None


def rule_value(rule: Match, wanted: Wanted) -> Any:
    """Return the value a rule looks for, None when this person has none."""
    value = rule.value(wanted.record)
    return None if isinstance(value, Refusal) or value == "" else plain(value)


def judge(
    fit: Fit, wanted: Wanted, holders: Mapping[str, str], word: str | None = None
) -> Hit | Clash:
    """Say whether what fits is this person's; `holders` maps remote id to global id.

    `word` is the id of the account that a person said is theirs.
    """
    place, path = fit.place, fit.path
    if len(fit.accounts) > 1:
        return Clash(f"{place}: {len(fit.accounts)} accounts of the target match by {path}")
    account = fit.accounts[0]
    holder = holders.get(account.id)
    if holder is not None and holder != wanted.person.gid:
        return Clash(f"{place}: the account that matches by {path} is that of profile {holder}")
    said = f"{place}: one account of the target matches by {path}"
    if fit.adopt is Adopt.AUTO:
        return Hit(account, Cause.ADOPTED, said)
    if account.id == word:
        return Hit(account, Cause.ADOPTED, f"{said}, and a person said that it is theirs")
    return Hit(account, Cause.REVIEW, said)


def _folded(value: Any) -> str:
    return str(value).casefold()
