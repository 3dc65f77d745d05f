from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from idp_core.profiles.junk import Junk
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.policy import default as identifiers
from idp_core.profiles.survivorship import contenders, golden
from idp_core.profiles.survivorship_rules import By, SurvivorshipRules, default

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
