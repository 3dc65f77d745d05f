from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp_core.errors import PolicyError
from idp_core.profiles import policyfile
from idp_core.profiles.junk import Junk
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.policy import default as identifiers
from idp_core.profiles.survivorship import contenders, golden
from idp_core.profiles.survivorship_rules import By, SurvivorshipRules, default


def parse(text: str) -> SurvivorshipRules:
    return policyfile.parse(SurvivorshipRules, text, "rules.yaml")


START = datetime(2026, 1, 1, tzinfo=UTC)


def said(source: str, day: int = 0, **attributes: Any) -> SourceProfile:
    when = START + timedelta(days=day)
    return SourceProfile(SourceRef(source, "1"), attributes, f"{source}@1", "", changed_at=when)


def test_the_last_explicit_word_on_a_consent_holds() -> None:
    name = "consent.marketing_email"
    members = [said("a", 1, **{name: False}), said("b", 2, **{name: True}), said("c", 3)]
    assert golden("g", members, default()).attributes[name] is True


def test_a_no_wins_a_tie_of_consents() -> None:
    name = "consent.marketing_email"
    members = [said("a", 1, **{name: True}), said("b", 1, **{name: False})]
    assert golden("g", members, default()).attributes[name] is False


def test_the_trusted_source_holds_against_a_later_one() -> None:
    rules = SurvivorshipRules(trust=("crm",))
    members = [said("shop", 9, family_name="Blanc"), said("crm", 1, family_name="Keller")]
    profile = golden("g", members, rules)
    assert profile.attributes == {"family_name": "Keller"}
    assert (profile.lineage[0].ref.source, profile.lineage[0].rule) == ("crm", "trusted")


def test_emails_are_united_and_a_verified_one_comes_first() -> None:
    members = [
        said("a", 2, emails=[{"value": "old@k.ch"}, {"value": "Anna@K.ch"}]),
        said("b", 1, emails=[{"value": "anna@k.ch", "verified": True, "primary": False}]),
    ]
    emails = golden("g", members, default()).attributes["emails"]
    assert [(e["value"], e["primary"]) for e in emails] == [
        ("anna@k.ch", True),
        ("old@k.ch", False),
    ]


def test_what_a_person_set_by_hand_holds() -> None:
    profile = golden("g", [said("a", given_name="Ana")], default(), {"given_name": "Anna"})
    assert profile.attributes == {"given_name": "Anna"}
    assert profile.lineage[0].rule == "override"


def test_a_reason_tells_no_value() -> None:
    members = [said("a", 1, given_name="Anna"), said("b", 2, given_name="Annabel")]
    assert "Anna" not in repr(golden("g", members, default()).lineage)


MEMBERS = st.lists(
    st.builds(
        said,
        st.sampled_from("abcdef"),
        st.integers(0, 3),
        given_name=st.sampled_from(["Anna", "Ann", None]),
        active=st.booleans() | st.none(),
        emails=st.lists(
            st.fixed_dictionaries(
                {"value": st.sampled_from(["a@k.ch", "A@k.ch", "b@k.ch"])},
                optional={"verified": st.booleans(), "type": st.sampled_from(["home", "work"])},
            ),
            max_size=3,
        ),
    ),
    max_size=5,
    unique_by=lambda member: member.ref,
)


@given(members=MEMBERS, data=st.data())
def test_the_order_of_the_members_never_matters(
    members: list[SourceProfile], data: st.DataObject
) -> None:
    turned = data.draw(st.permutations(members))
    assert golden("g", members, default()) == golden("g", turned, default())


@given(members=MEMBERS)
def test_the_golden_record_of_a_golden_record_is_itself(members: list[SourceProfile]) -> None:
    once = golden("g", members, default()).attributes
    again = golden("g", [said("a", **once)], default()).attributes
    assert again == once


def fates(
    name: str, members: list[SourceProfile], rules: SurvivorshipRules | None = None
) -> dict[str, str]:
    found = contenders(name, None, members, rules or default())
    return {each.member.ref.source: each.fate for each in found}


def test_each_word_that_was_not_chosen_says_why() -> None:
    members = [
        said("crm", 1, family_name="Keller"),
        said("shop", 9, family_name="Blanc"),
        said("club", 3, family_name="Keller"),
    ]
    trusting = SurvivorshipRules(trust=("crm", "club", "shop"))
    assert fates("family_name", members, trusting) == {
        "club": "says the same",
        "shop": "from a less trusted source",
    }
    recent = SurvivorshipRules(default=(By.MOST_RECENT,))
    assert fates("family_name", members, recent) == {
        "club": "an older word",
        "crm": "an older word",
    }


def test_words_that_are_equal_by_every_rule_say_so() -> None:
    members = [said("a", 1, nickname="Ann"), said("b", 1, nickname="Bea")]
    rules = SurvivorshipRules(default=(By.MOST_RECENT,))
    assert fates("nickname", members, rules) == {
        "b": "by every rule as good; the order of values decided"
    }


def test_who_says_the_same_of_an_element_is_told_beside_it() -> None:
    members = [
        said("a", 2, emails=[{"value": "old@k.ch"}, {"value": "Anna@K.ch"}]),
        said("b", 1, emails=[{"value": "anna@k.ch", "verified": True}]),
    ]
    (other,) = contenders("emails", 0, members, default())
    assert (other.member.ref.source, other.fate) == ("a", "says the same")
    assert contenders("emails", 1, members, default()) == []
    assert contenders("emails", 2, members, default()) == []


def test_a_placeholder_is_told_to_be_nobodys() -> None:
    policy = identifiers()
    card = policy.identifiers["loyalty_id"].model_copy(update={"blocked": frozenset({"0000"})})
    own = policy.model_copy(update={"identifiers": {**policy.identifiers, "loyalty_id": card}})
    members = [said("a", 1, loyalty_id="7"), said("b", 9, loyalty_id="0000")]
    (other,) = contenders("loyalty_id", None, members, default(), Junk.of(own))
    assert other.fate == "nobody's: a placeholder, or shared by too many"


words = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.sampled_from(["Ann", "Bea", "Anna"])),
    min_size=1,
    unique_by=lambda each: each[0],
)


@given(words)
def test_every_word_is_the_golden_one_or_a_contender(given_: list[tuple[str, int, str]]) -> None:
    members = [said(source, day, given_name=name) for source, day, name in given_]
    chosen = golden("g", members, default()).lineage[0].ref
    others = [each.member.ref for each in contenders("given_name", None, members, default())]
    assert sorted([chosen, *others]) == sorted(member.ref for member in members)


def test_only_records_for_which_the_condition_is_true_speak() -> None:
    rules = parse(
        "attributes: {loyalty_tier: {by: [most_recent], when: r.active and r.email <> ''}}"
    )
    emails = [{"value": "a@b.example", "primary": True}]
    members = [
        said("a", 3, loyalty_tier="gold", active=False, emails=emails),
        said("b", 2, loyalty_tier="silver", active=True),  # no e-mail: unknown is not true
        said("c", 1, loyalty_tier="bronze", active=True, emails=emails),
    ]
    profile = golden("g", members, rules)
    assert profile.attributes["loyalty_tier"] == "bronze"
    fates = {c.member.ref.source: c.fate for c in contenders("loyalty_tier", None, members, rules)}
    assert set(fates) == {"a", "b"}
    assert all("does not let this record speak" in fate for fate in fates.values())


def test_an_attribute_of_which_nobody_may_speak_is_not_there() -> None:
    rules = parse("attributes: {gender: {by: [most_recent], sources: [crm]}}")
    profile = golden("g", [said("shop", gender="x", nickname="Al")], rules)
    assert (profile.attributes, len(profile.lineage)) == ({"nickname": "Al"}, 1)


def test_the_source_may_be_asked_in_a_condition() -> None:
    rules = parse("""attributes: {emails: {by: [trusted], when: "r.source in ('crm', 'erp')"}}""")
    members = [said(name, emails=[{"value": f"{name}@x.example"}]) for name in ("crm", "shop")]
    emails = golden("g", members, rules).attributes["emails"]
    assert [each["value"] for each in emails] == ["crm@x.example"]


def test_an_attribute_comes_from_the_record_that_gives_what_it_belongs_to() -> None:
    rules = parse(
        "trust: [crm, shop]\n"
        "attributes: {organization: [most_recent],"
        " job_title: {by: [trusted], same_record_as: organization}}"
    )
    members = [
        said("crm", 1, organization="Old Ltd", job_title="Clerk"),
        said("shop", 2, organization="New Ltd", job_title="Boss"),
    ]
    profile = golden("g", members, rules)
    assert profile.attributes == {"organization": "New Ltd", "job_title": "Boss"}
    (why,) = [entry for entry in profile.lineage if entry.attribute == "job_title"]
    assert (why.rule, why.ref.source) == ("same_record", "shop")
    (lost,) = contenders("job_title", None, members, rules)
    assert lost.fate == "not from the record that gives what it belongs to"
    less = [members[0], said("shop", 2, organization="New Ltd")]
    assert golden("g", less, rules).attributes["job_title"] == "Clerk"


@given(st.permutations(["crm", "shop", "web"]))
def test_conditions_and_company_do_not_hang_on_the_order_of_records(order: list[str]) -> None:
    rules = parse(
        "attributes: {organization: {by: [most_recent], when: r.source <> 'web'},"
        " addresses: {by: [trusted], same_record_as: organization}}"
    )
    days = {"crm": 1, "shop": 2, "web": 3}
    members = [said(s, days[s], organization=f"of {s}", addresses=[{"locality": s}]) for s in order]
    found = golden("g", members, rules).attributes
    assert found["organization"] == "of shop"
    assert [each["locality"] for each in found["addresses"]] == ["shop", "crm", "web"]


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("emails: {by: [trusted], when: r.emial}", "emails.when: unknown attribute 'emial'; did"),
        ("emails: {by: [trusted], when: p.email}", "unknown alias 'p'; known: r"),
        ("emails: {by: [trusted], when: today() > r.created_at}", "attributes.emails.when: "),
        ("emails: {by: [trusted], when: 'r.email ='}", "attributes.emails.when: "),
        ("emials: [trusted]", "unknown attribute 'emials'; did you mean 'emails'"),
        ("job_title: {by: [trusted], same_record_as: organisation}", "did you mean 'organization'"),
        ("job_title: {by: [trusted], same_record_as: job_title}", "that has none itself"),
        ("consent.*: {by: [trusted], same_record_as: consent.profiling}", "that has none itself"),
        ("gender: [same_record]", "write same_record_as: ATTRIBUTE"),
        ("gender: {by: [trusted], sources: []}", "attributes.gender.sources: "),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_meant_is_refused_with_its_place(rule: str, told: str) -> None:
    with pytest.raises(PolicyError, match=re.escape(told)) as refused:
        parse(f"attributes:\n  {rule}\n")
    assert str(refused.value).startswith(("rules.yaml:1:", "rules.yaml:2:"))
