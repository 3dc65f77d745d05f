"""Runs the examples of a push file whose expectation is a plan, by the planner itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

from connectors.contract import Action
from idp_core.provisioning.model import AccountState, ManagedAccount
from mappings.checker import TODAY
from mappings.given import canonical
from mappings.push import ACCOUNT, PLAN, PushDocument
from mappings.pushtesting import run_push_tests
from mappings.testing import TestResult
from mappings.tree import Test
from pipelines.provision.compile import compile_push
from pipelines.provision.desired import plain
from pipelines.provision.plan import Cause, PlanItem
from pipelines.provision.planner import Inputs, make_plan
from pipelines.provision.rules import Person, Push

_WORDS = {
    Action.CREATE: "create",
    Action.UPDATE: "patch",
    Action.DEACTIVATE: "deactivate",
    Action.DELETE: "delete",
}
_NOBODY = "the-profile-of-the-example"


def run_examples_of_push(
    document: PushDocument, *, today: date | None = None
) -> tuple[TestResult, ...]:
    """Run all examples of a push file, those of values and those of plans."""
    return tuple(
        replace(result, differences=(*result.differences, *_plan(document, result.test, today)))
        if PLAN in result.test.expect
        else result
        for result in run_push_tests(document, today=today)
    )


def _plan(document: PushDocument, test: Test, today: date | None) -> Iterator[str]:
    fixed = test.given.get(TODAY, today)
    day = fixed if isinstance(fixed, date) else datetime.now(UTC).date()
    push = compile_push(document, today=lambda: day)
    attributes = canonical(test.given, document.schema)
    person = Person(str(attributes.pop("gid", _NOBODY)), "now", attributes)
    held = test.given.get(ACCOUNT)
    accounts = {person.gid: _account(push, person, held)} if isinstance(held, Mapping) else {}
    now = datetime.combine(day, time(), UTC)
    items = make_plan("example", push, Inputs([person], accounts), now=now).items
    made, wanted = _made(items), test.expect[PLAN]
    word, changes = wanted, None
    if isinstance(wanted, Mapping):
        word, changes = next(iter(wanted.items()))
    if made != word:
        refused = [item.reason for item in items if item.cause is Cause.REFUSED]
        yield f"{PLAN}: expected {word}, got {made}{': ' if refused else ''}{'; '.join(refused)}"
    elif isinstance(changes, Mapping):
        yield from _changes(items, changes)


def _account(push: Push, person: Person, held: Mapping[str, Any]) -> ManagedAccount:
    """Return our record of an account that holds what was pushed to it before."""
    pushed = {path: plain(value) for path, value in held.items()}
    key = str(push.key({**person.attributes, "gid": person.gid}) or "")
    inactive = pushed.get(push.active_path) is False
    return ManagedAccount(
        target="example",
        object=push.object,
        gid=person.gid,
        key=key,
        remote_id="there",
        state=AccountState.DEACTIVATED if inactive else AccountState.ACTIVE,
        pushed={push.key_path: key, **pushed},
        profile_digest="before",
        push_digest=push.digest,
    )


def _made(items: Sequence[PlanItem]) -> str:
    actions = [_WORDS[item.action] for item in items if item.action]
    refused = any(item.cause is Cause.REFUSED for item in items)
    return actions[0] if actions else ("refused" if refused else "none")


def _changes(items: Sequence[PlanItem], wanted: Mapping[str, Any]) -> Iterator[str]:
    """Compare every operation; the values shown stand in the author's own file."""
    made = {d.path: d.after for item in items if item.action for d in item.differences}
    for path in sorted(made.keys() | wanted.keys()):
        if path not in wanted:
            yield f"{PLAN}: changes {path} to {made[path]!r}, which was not expected"
        elif path not in made:
            yield f"{PLAN}: does not change {path}, which was expected"
        elif made[path] != plain(wanted[path]):
            yield f"{PLAN} {path}: expected {wanted[path]!r}, got {made[path]!r}"
