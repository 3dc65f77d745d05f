"""Recognising accounts that a target has already. No I/O; what was seen comes in.

A rule counts only when exactly one account fits it. Our own key is always the first rule, compared
exactly; the others do not mind the case of letters, so that two accounts that differ in case alone
are a conflict and never a guess. An account that a person said is somebody else's fits by no rule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.contract import Account
from idp_core.provisioning.belongings import Belonging
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


Said = Mapping[str, Belonging]
"""What people said of accounts and one profile, by the target's id of the account."""
NOTHING_SAID: Said = {}


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
    said: Said,
) -> Hit | Clash | None:
    """Find the account that is this person's already; `holders` maps remote id to global id."""
    fit = fitting(push, wanted, seen, said)
    return judge(fit, wanted, holders, said) if fit is not None else None


def is_strange(account: Account, said: Said) -> bool:
    """Whether a person said that the account is somebody else's."""
    word = said.get(account.id)
    return word is not None and not word.theirs


def strangers(seen: Seen | None, said: Said) -> Sequence[tuple[Account, Belonging]]:
    """Return the accounts of those seen that a person said are somebody else's, and the words."""
    if seen is None:
        return ()
    found = ((seen.by_id.get(remote_id), word) for remote_id, word in sorted(said.items()))
    return [(each, word) for each, word in found if each is not None and not word.theirs]


def fitting(push: Push, wanted: Wanted, seen: Seen, said: Said = NOTHING_SAID) -> Fit | None:
    """Find the accounts that may be this person's; None when no rule finds any."""
    ours = seen.keyed(wanted.key)
    if ours:
        return Fit(ours, push.key_path, push.place, Adopt.AUTO)
    for rule in push.match:
        value = rule_value(rule, wanted)
        holding = seen.holding(rule.path, value) if value is not None else ()
        found = [each for each in holding if not is_strange(each, said)]
        if found:
            return Fit(found, rule.path, rule.place, rule.adopt)
    return None


def rule_value(rule: Match, wanted: Wanted) -> Any:
    """Return the value a rule looks for, None when this person has none."""
    value = rule.value(wanted.record)
    return None if isinstance(value, Refusal) or value == "" else plain(value)


def judge(
    fit: Fit, wanted: Wanted, holders: Mapping[str, str], said: Said = NOTHING_SAID
) -> Hit | Clash:
    """Say whether what fits is this person's; `holders` maps remote id to global id."""
    place, path = fit.place, fit.path
    if len(fit.accounts) > 1:
        return Clash(f"{place}: {len(fit.accounts)} accounts of the target match by {path}")
    account = fit.accounts[0]
    holder = holders.get(account.id)
    if holder is not None and holder != wanted.person.gid:
        return Clash(f"{place}: the account that matches by {path} is that of profile {holder}")
    why = f"{place}: one account of the target matches by {path}"
    word = said.get(account.id)
    if word is not None and not word.theirs:
        return Clash(f"{why}, and it is somebody else's, as {word.said}")
    if fit.adopt is Adopt.AUTO:
        return Hit(account, Cause.ADOPTED, why)
    if word is not None:
        return Hit(account, Cause.ADOPTED, f"{why}, and it is theirs, as {word.said}")
    return Hit(account, Cause.REVIEW, why)


def same(one: Any, other: Any) -> bool:
    """Whether two values are one to a rule: texts may differ in case."""
    return _folded(one) == _folded(other)


def _folded(value: Any) -> str:
    return str(value).casefold()
