"""Runs the examples of a push file: which account a profile would have.

The values shown are the author's own: they stand in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from mappings.checker import TODAY
from mappings.expected import shown
from mappings.given import canonical
from mappings.push import GROUPS, OUT_OF_SCOPE, PLAN, PushDocument
from mappings.record import Clock, compile_expression, compile_value
from mappings.testing import TestResult
from mappings.tree import Test
from mappings.values import read


def run_push_tests(document: PushDocument, *, today: date | None = None) -> tuple[TestResult, ...]:
    """Run all examples of a push file; `today` is the day for those that do not fix their own."""
    return tuple(
        TestResult(test, tuple(_differences(document, test, today))) for test in document.tests
    )


def _differences(document: PushDocument, test: Test, today: date | None) -> Iterator[str]:
    fixed = test.given.get(TODAY, today)
    day = fixed if isinstance(fixed, date) else None
    clock = None if day is None else lambda: day
    profile = canonical(test.given, document.schema)
    try:
        scope = _scope(document, clock)
        made = {
            field.path: compile_value(field, document.schema, today=clock)
            for field in document.fields
            if field.path in test.expect
        }
        made[document.key_path] = _key(document)
        groups = {
            group.name: compile_expression(group.when, document.schema, today=clock)
            for group in document.groups
        }
    except ValueError as error:
        yield f"{error}; fix the day by {TODAY}: in given:"
        return
    inside = scope(profile) is True and all(
        profile.get(consent) is True for consent in document.consent
    )
    out = test.expect.get(OUT_OF_SCOPE) is True
    if PLAN in test.expect:
        pass  # who has an account is the plan's to say
    elif out is inside:
        yield (
            "the profile is in scope, which was not expected"
            if out
            else ("the profile is out of scope, or a consent is missing, which was not expected")
        )
    for path, wanted in test.expect.items():
        if path not in {OUT_OF_SCOPE, PLAN, GROUPS} and inside:
            yield from _value(path, wanted, made[path](profile))
    if GROUPS in test.expect:
        found = [name for name, when in groups.items() if inside and when(profile) is True]
        if sorted(found) != sorted(map(str, _listed(test.expect[GROUPS]))):
            yield f"{GROUPS}: expected {shown(test.expect[GROUPS])}, got {shown(found)}"


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _scope(document: PushDocument, clock: Clock | None) -> Callable[[Mapping[str, Any]], Any]:
    if document.scope is None:
        return lambda _: True
    return compile_expression(document.scope, document.schema, today=clock)


def _key(document: PushDocument) -> Any:
    key = compile_expression(document.key, document.schema)
    return lambda profile: (key(profile), None)


def _value(path: str, wanted: object, made: tuple[Any, Any]) -> Iterator[str]:
    value, refusal = made
    if refusal is not None:
        yield f"{path}: refused by {refusal.step} ({refusal.reason}), which was not expected"
    elif value != (None if wanted is None else read(wanted)):
        yield f"{path}: expected {shown(wanted)}, got {shown(value)}"
