"""A push file is read whole, or every problem is told; its examples say which account one has."""

from __future__ import annotations

import pytest

from mappings.push import load_push
from mappings.pushtesting import run_push_tests
from mappings.pushtree import Adopt, Holds, LeaveAction, OnLeave, OnNull, Own
from tests.mappings.files import PUSH, push_said

HEAD = "push: small\nto: {object: User}\n"
SMALL = HEAD + "fields: {userName: p.email}\n"


def load(text):
    return load_push(text, "m.yaml")


def results(text):
    return [result.differences for result in run_push_tests(load(text))]


def test_every_word_of_the_language_is_read():
    document = load(PUSH)
    assert (document.target, document.object, document.key_path) == (
        "directory", "User", "externalId",
    )  # fmt: skip
    assert document.on_leave == OnLeave(LeaveAction.DEACTIVATE, 30)
    assert document.consent == ("consent.profiling",)
    assert [rule.adopt for rule in document.match] == [Adopt.AUTO, Adopt.REVIEW]
    user_name = document.fields[0]
    assert (user_name.path, user_name.own, user_name.on_null) == (
        "userName", Own.INITIAL, OnNull.KEEP,
    )  # fmt: skip
    assert str(user_name.place) == "m.yaml:12:3"
    assert document.fields[3].path == 'emails[type eq "work"].value'


def test_what_is_not_said_is_careful():
    document = load(SMALL)
    assert document.scope is None
    assert document.on_leave == OnLeave(LeaveAction.DEACTIVATE, None)
    assert (document.key_path, document.key.sql("duckdb")) == ("externalId", '"p"."gid"')


def test_groups_references_and_purpose_are_read():
    document = load(
        "push: small\nto: {object: User}\npurpose: support\n"
        "fields:\n  userName: p.email\n  manager: {from: p.organization, refers_to: p.email}\n"
        "  emails: {from: p.emails, own: elements}\n"
        "groups:\n  Gold: p.loyalty_tier = 'gold'\n"
        "  vip: {when: p.active, holds: entitlements}\n"
    )
    assert document.purpose == "support"
    assert [(g.name, g.holds) for g in document.groups] == [
        ("Gold", Holds.MEMBERS),
        ("vip", Holds.ENTITLEMENTS),
    ]
    assert document.fields[1].refers_to is not None
    assert document.fields[2].own is Own.ELEMENTS


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("groups: {Gold: p.loyalti = 'x'}", "did you mean 'loyalty_id'"),
        ("groups: {Gold: {whan: p.active}}", "unknown key 'whan'; did you mean 'when'?"),
        ("groups: {Gold: {holds: roles}}", "groups.Gold: the key 'when' is missing"),
        ("groups: {Gold: {when: p.active, holds: rolls}}", "did you mean 'roles'?"),
        ("groups: {Gold: 1 + 1}", "is no condition; compare it"),
        ("groups: {a: {when: p.active, holds: emails}}", "unknown word 'emails'"),
        ("tests: [{name: t, given: {}, expect: {$groups: Gold}}]", "$groups is a list of names"),
        ("tests: [{name: t, given: {$references: x}, expect: {}}]", "$references are ids"),
    ],
)
def test_what_is_wrong_with_groups_is_told(more, said):
    assert said in "\n".join(push_said(SMALL + more + "\n"))


def test_a_list_is_written_in_one_place():
    text = HEAD + "fields: {userName: p.email, roles: p.job_title}\n"
    text += "groups: {vip: {when: p.active, holds: roles}}\n"
    assert "roles is written by fields: already" in "\n".join(push_said(text))


def test_the_groups_of_an_example_are_compared():
    text = SMALL + "groups: {Gold: p.active, Old: not p.active}\n"
    example = "tests: [{{name: t, given: {{active: true}}, expect: {{$groups: [{}]}}}}]\n"
    assert results(text + example.format("Gold")) == [()]
    ((difference,),) = results(text + example.format("Old"))
    assert difference == "$groups: expected ['Old'], got ['Gold']"


def test_the_examples_of_a_file_pass():
    assert results(PUSH) == [(), (), ()]


@pytest.mark.parametrize(
    ("test", "difference"),
    [
        ("{given: {email: a@b.c}, expect: {userName: x}}", "userName: expected 'x', got 'a@b.c'"),
        ("{given: {}, expect: {userName: x}}", "userName: expected 'x', got nothing"),
        ("{given: {}, expect: {$out_of_scope: true}}", "is in scope, which was not expected"),
        ("{given: {active: false}, expect: {}}", "is out of scope, or a consent is missing"),
        ("{given: {phone: x}, expect: {phone: x}}", "phone: refused by phone_e164 (not a phone"),
    ],
)
def test_what_an_example_did_not_expect_is_told(test, difference):
    text = HEAD + (
        "scope: p.active is distinct from false\n"
        "fields: {userName: p.email, phone: {from: p.phone, steps: [phone_e164]}}\n"
        f"tests: [{test.replace('{given', '{name: t, given')}]"
    )
    ((told,),) = results(text)
    assert difference in told


def test_a_day_that_nobody_fixed_is_told():
    text = SMALL + "scope: year(today()) > 1\ntests: [{name: t, given: {}, expect: {userName: x}}]"
    ((told,),) = results(text)
    assert "fix the day by $today: in given:" in told


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (SMALL + "scop: x", "m.yaml:4:1 push: unknown key 'scop'; did you mean 'scope'?"),
        (HEAD, "m.yaml:1:1 fields: the key 'fields' is missing"),
        (HEAD + "fields: {a: p.emial}", "m.yaml:3:13 fields.a: unknown attribute 'emial'; did you"),
        (HEAD + "fields: {a: {from: p.email, own: mine}}", "fields.a.own: unknown word 'mine'"),
        (HEAD + "fields: {a: {from: p.email, on_error: blank}}", "unknown key 'on_error'"),
        (HEAD + "fields: {a: {from: p.email, steps: [part]}}", "part needs the argument separator"),
        (SMALL + "scope: p.active ||", "something is missing beside '||'"),
        (SMALL + "scope: regexp_matches(p.email, '(')", "the pattern is no regular expression"),
        (SMALL + "consent: consent.marketing_emial", "did you mean 'consent.marketing_email'?"),
        (SMALL + "on_leave: {action: delete, grace_days: 3}", "there is none with delete"),
        (SMALL + "on_leave: {grace_days: soon}", "on_leave.grace_days: write a number of days"),
        (SMALL + "match: [{attribute: a}]", "match: the key 'value' is missing"),
        (SMALL + "match: [{attribute: a, value: p.x}]", "match.value: unknown attribute 'x'"),
        (SMALL + "key: {a: p.gid, b: p.gid}", "name one attribute, as key: {externalId: p.gid}"),
        (SMALL + "as: null", "as: write a text here"),
        (
            SMALL + "tests: [{name: t, given: {emial: x}, expect: {}}]",
            "tests.t: given: unknown attribute 'emial'; did you mean 'email'?",
        ),
        (
            SMALL + "tests: [{name: t, given: {emails: x}, expect: {}}]",
            "emails is a list: write [{value: ...}]",
        ),
        (
            SMALL + "tests: [{name: t, given: {}, expect: {username: x}}]",
            "expects 'username', which no field sets; did you mean 'userName'?",
        ),
    ],
)
def test_a_wrong_file_is_told_at_its_place_with_its_mend(text, problem):
    problems = push_said(text)
    assert len(problems) == 1, problems
    assert problem in problems[0]


def test_the_digest_is_of_the_meaning_alone():
    text = SMALL.replace("{userName: p.email}", "{userName: p.email, a: p.phone}")
    same = SMALL.replace("{userName: p.email}", "{a: p.phone, userName: {from: p.email}}  # why")
    assert load(same).digest == load(text).digest
    for more in ("scope: p.active", "on_leave: {action: keep}", "consent: consent.profiling"):
        assert load(text + more).digest != load(text).digest


def test_the_order_of_match_rules_is_meaning():
    one, two = "{attribute: a, value: p.email}", "{attribute: b, value: p.phone}"
    first, second = (SMALL + f"match: [{a}, {b}]" for a, b in ((one, two), (two, one)))
    assert load(first).digest != load(second).digest
