from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.survivorship import golden
from idp_core.profiles.survivorship_rules import SurvivorshipRules, default

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
