"""Examples of a push file whose expectation is a plan."""

from __future__ import annotations

import pytest

from mappings.errors import MappingError
from mappings.push import load_push
from pipelines.authoring.plantests import run_examples_of_push

PUSH = """\
push: portal
to: {target: portal, object: User}
scope: p.active
consent: consent.profiling
fields:
  userName: {from: p.email, steps: [email]}
  title: {from: p.job_title, own: initial}
  nickName: {from: p.nickname, on_null: keep}
on_leave: {action: deactivate, grace_days: 30}
tests:
  - name: the example
"""
IN = "gid: g1, active: true, email: ann@b.example, consent.profiling: true"
HELD = "$account: {userName: ann@b.example, title: Boss, nickName: Annie}"


def differences(given, expect):
    text = f"{PUSH}    given: {{{given}}}\n    expect: {{{expect}}}\n"
    (result,) = run_examples_of_push(load_push(text, "portal.yaml"))
    return list(result.differences)


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        (IN, "$plan: create"),
        (IN, "$plan: create, userName: ann@b.example"),
        (f"{IN}, {HELD}", "$plan: none"),
        (f"{IN}, job_title: Chief, {HELD}", "$plan: none"),
        (f"{IN}, nickname: A, {HELD}", "$plan: {patch: {nickName: A}}"),
        (f"{IN}, $account: {{userName: old@b.example}}", "$plan: patch"),
        (f"gid: g1, active: false, {HELD}", "$plan: deactivate"),
        (f"gid: g1, active: true, email: ann@b.example, {HELD}", "$plan: deactivate"),
        ("gid: g1, active: false", "$plan: none"),
        (
            f"{IN}, $account: {{userName: ann@b.example, active: false}}",
            "$plan: {patch: {active: true}}",
        ),
        ("active: true, email: ann(at)b.example, consent.profiling: true", "$plan: refused"),
    ],
)
def test_a_plan_is_what_the_planner_makes(given, expect):
    assert differences(given, expect) == []


LISTS = """\
push: portal
to: {object: User}
fields:
  userName: {const: ann}
  emails: {from: p.emails, own: elements}
  manager.value: {from: p.organization, refers_to: p.email}
groups:
  vip: {when: p.active, holds: roles}
tests:
  - name: the example
"""
WORK = "emails: [{value: a@b.c, type: work}]"
THERE = "$account: {userName: ann, emails: [{value: old@b.c}, {value: a@b.c, type: work}]}"
VIP = "$account: {userName: ann, emails: [{value: a@b.c, type: work}], roles: [vip]}"


@pytest.mark.parametrize(
    ("given", "expect", "said"),
    [
        (
            f"{WORK}, active: false, {THERE}",
            "$plan: {patch: {emails: {remove: [old@b.c]}}}",
            None,
        ),
        (f"{WORK}, {THERE}", "$plan: {patch: {emails: {remove: [old@b.c]}, roles: {add: [vip]}}}",
         None),
        (f"{WORK}, {THERE}", "$plan: {patch: {roles: {add: [vip]}}}", "changes emails ('old@b.c')"),
        (f"{WORK}, active: false, {THERE}",
         "$plan: {patch: {emails: {add: [x@y.z], remove: [old@b.c]}}}",
         "does not change emails ('x@y.z')"),
        (
            f"{WORK}, organization: Boss, $references: {{boss: r7}}, {VIP}",
            "$plan: {patch: {manager.value: r7}}",
            None,
        ),
        (
            f"{WORK}, organization: Boss, {VIP}",
            "$plan: none",
            None,
        ),
    ],
)  # fmt: skip
def test_elements_roles_and_references_are_planned_in_examples(given, expect, said):
    text = f"{LISTS}    given: {{{given}}}\n    expect: {{{expect}}}\n"
    (result,) = run_examples_of_push(load_push(text, "portal.yaml"))
    if said is None:
        assert list(result.differences) == []
    else:
        assert said in "\n".join(result.differences)


@pytest.mark.parametrize(
    ("given", "expect", "said"),
    [
        (IN, "$plan: none", "$plan: expected none, got create"),
        (IN, "$plan: create, userName: eve@b.example", "userName: expected"),
        (f"{IN}, nickname: A, {HELD}", "$plan: {patch: {nickName: B}}", "expected 'B', got 'A'"),
        (f"{IN}, nickname: A, {HELD}", "$plan: {patch: {}}", "which was not expected"),
        (
            f"{IN}, nickname: A, {HELD}",
            "$plan: {patch: {nickName: A, title: X}}",
            "does not change title",
        ),
    ],
)
def test_what_differs_is_told(given, expect, said):
    assert said in "\n".join(differences(given, expect))


@pytest.mark.parametrize(
    ("given", "expect", "said"),
    [
        (IN, "$plan: patched", "is one of create, patch"),
        (IN, "$plan: {patch: title}", "is one of create, patch"),
        (f"{IN}, $account: ann", "$plan: none", "is what was pushed, by path"),
        (f"{IN}, $acount: {{}}", "$plan: none", "did you mean '$account'?"),
        (IN, "$plam: none", "did you mean '$plan'?"),
    ],
)
def test_what_is_written_wrongly_is_told_with_its_place(given, expect, said):
    with pytest.raises(MappingError, match=r"portal\.yaml:11") as caught:
        differences(given, expect)
    assert said in str(caught.value)
