"""Runs the examples of a push file whose expectation is a plan, by the planner itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

from connectors.contract import Action
from connectors.elements import element_path, known_by, list_of
from idp_core.provisioning.model import AccountState, ManagedAccount
from mappings.checker import TODAY
from mappings.given import canonical
from mappings.push import ACCOUNT, PLAN, REFERENCES, PushDocument
from mappings.pushtesting import run_push_tests
from mappings.testing import TestResult
from mappings.tree import Test
from pipelines.provision.compile import compile_push
from pipelines.provision.desired import plain
from pipelines.provision.plan import Cause, PlanItem
from pipelines.provision.planner import Inputs, make_plan
from pipelines.provision.references import References
from pipelines.provision.rules import Ownership, Person, Push

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
    told = test.given.get(REFERENCES)
    names = told if isinstance(told, Mapping) else {}
    ids = {str(name).casefold(): str(each) for name, each in names.items()}
    references = References({line.path: ids for line in push.references})
    inputs = Inputs([person], accounts, references=references)
    items = make_plan("example", push, inputs, now=now).items
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
    pushed = {path: plain(value) for path, value in _spread(push, held)}
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


def _spread(push: Push, held: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what was pushed by path: of a list of ours each element, as the author lists them."""
    lists = {line.path for line in push.lines if line.own is Ownership.ELEMENTS}
    for path, value in held.items():
        if path in lists and isinstance(value, list):
            yield from ((element_path(path, each), each) for each in map(_element, value))
        else:
            yield path, value


def _element(value: Any) -> Any:
    """Return an element as an author may write it: its parts, or its value alone."""
    return value if isinstance(value, Mapping) else {"value": value}


def _wanted(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the changes that an author expects of a path.

    Of a list it says which elements are added and removed: ``{add: [vip], remove: [old]}``.
    """
    if isinstance(value, Mapping) and value and value.keys() <= {"add", "remove"}:
        for each in map(_element, value.get("add", ())):
            yield element_path(path, each), each
        for each in map(_element, value.get("remove", ())):
            yield element_path(path, each), None
    else:
        yield path, value


def _changes(items: Sequence[PlanItem], expected: Mapping[str, Any]) -> Iterator[str]:
    """Compare every operation; the values shown stand in the author's own file."""
    changed = [d for item in items if item.action for d in item.differences]
    made = {d.path: d.after for d in changed}
    known = {d.path: d.before if d.after is None else d.after for d in changed}
    wanted = {path: each for name, value in expected.items() for path, each in _wanted(name, value)}
    for path in sorted(made.keys() | wanted.keys()):
        name = _name(path, known.get(path, wanted.get(path)))
        if path not in wanted:
            yield f"{PLAN}: changes {name} to {made[path]!r}, which was not expected"
        elif path not in made:
            yield f"{PLAN}: does not change {name}, which was expected"
        elif made[path] != plain(wanted[path]):
            yield f"{PLAN} {name}: expected {wanted[path]!r}, got {made[path]!r}"


def _name(path: str, element: Any) -> str:
    """Return a path as its author knows it: an element by its value."""
    name = list_of(path)
    return path if name is None else f"{name} ({known_by(element)!r})"
