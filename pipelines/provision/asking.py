"""Asking a target what became of a change whose answer was lost, before anything is sent again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from connectors.contract import Account, Action, Searchable
from connectors.elements import Held
from idp_core.provisioning.model import AccountState, ManagedAccount
from pipelines.provision.diff import holds
from pipelines.provision.plan import PlanItem
from pipelines.provision.rules import Adopt, Push


class Word(StrEnum):
    """What the target says."""

    DONE = "done"
    UNDONE = "undone"
    SEVERAL = "several"
    """More than one account carries our key: a person decides."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The target's word; `account` is our record when it is done, `held` what it holds if not."""

    word: Word
    account: ManagedAccount
    held: Mapping[str, Any] | None = field(default=None, repr=False)


def ask(target: Searchable, push: Push, item: PlanItem) -> Answer:
    """Look the account up by our key and compare it with what the change wanted.

    Raises the connector's TransientError or MisconfiguredError when it cannot be asked.
    """
    found = _find(target, push, item)
    account = item.account
    if len(found) > 1:
        return Answer(Word.SEVERAL, account)
    if not found:
        gone = item.action in (Action.DELETE, Action.DEACTIVATE)
        lost = replace(account, state=AccountState.DELETED, pushed={})
        return Answer(Word.DONE, lost) if gone else Answer(Word.UNDONE, account)
    (there,) = found
    known = replace(account, remote_id=there.id, version=there.version)
    if item.action is Action.DELETE:
        return Answer(Word.UNDONE, account, there.attributes)
    held = Held({push.key_path: there.key, **there.attributes})
    if item.action is Action.CREATE:
        told = {d.path: held.get(d.path) for d in item.differences}
        return Answer(Word.DONE, replace(known, rewritten=rewritten(item, told)))
    done = all(holds(d.path, held.get(d.path), d.after) for d in item.differences)
    return Answer(Word.DONE if done else Word.UNDONE, known, held)


def holder(target: Searchable, push: Push, item: PlanItem) -> str:
    """Say what became of a creation that is in conflict with an account of somebody else.

    The account may have come since the plan was made; it is not taken over in its course, as
    nobody was shown that. Raises what `ask` does.
    """
    after = {d.path: d.after for d in item.differences}
    for rule in push.match:
        value = after.get(rule.path)
        found = target.find(push.object, rule.path, str(value)) if value is not None else ()
        if found:
            by = f"{rule.place}: by {rule.path}"
            if len(found) > 1:
                return f"{by} {len(found)} accounts of the target match; leave one of them"
            if rule.adopt is Adopt.REVIEW:
                return (
                    f"{by} one account of the target matches; the next plan asks a person, unless "
                    "one has said that it is somebody else's"
                )
            return f"{by} one account of the target matches; the next plan takes it over"
    return "another account holds this; add a match rule for it"


def rewritten(item: PlanItem, held: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return what the target made of values of ours: of this write, and of earlier ones."""
    before = item.account.rewritten
    if held is None:
        return before
    now = {
        d.path: held[d.path]
        for d in item.differences
        if d.path in held and not holds(d.path, held[d.path], d.after)
    }
    if not before:
        return now
    sent = {d.path for d in item.differences}
    return {path: value for path, value in before.items() if path not in sent} | now


def _find(target: Searchable, push: Push, item: PlanItem) -> Sequence[Account]:
    """Return the accounts under our key, or under the key that the change was to replace."""
    keys = [item.account.key]
    keys += [d.before for d in item.differences if d.path == push.key_path and d.before]
    remote_id = item.account.remote_id
    for key in dict.fromkeys(keys):
        found = target.find(item.account.object, push.key_path, key)
        if remote_id is not None:
            found = [each for each in found if each.id == remote_id]
        if found:
            return found
    return ()
