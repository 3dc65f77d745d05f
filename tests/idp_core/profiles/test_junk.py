from __future__ import annotations

from typing import Any

import pytest

from idp_core.profiles.junk import Junk, most_people
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.policy import default
from idp_core.profiles.survivorship import golden
from idp_core.profiles.survivorship_rules import default as rules

JUNK = Junk.of(default())
REAL = "anna@keller.ch"


def said(**attributes: Any) -> SourceProfile:
    return SourceProfile(SourceRef("shop", "1"), attributes, "shop@1", "")


def emails(*values: str) -> list[dict[str, Any]]:
    return [{"value": value, "primary": place == 0} for place, value in enumerate(values)]


@pytest.mark.parametrize(
    "value", ["test@test.com", "NoReply@shop.ch", "no-email@x.org", "none@none.com"]
)
def test_a_placeholder_is_nobodys_address(value: str) -> None:
    profile = golden("g", [said(emails=emails(value, REAL))], rules(), None, JUNK)
    assert [e["value"] for e in profile.attributes["emails"]] == [REAL]
    assert profile.attributes["emails"][0]["primary"] is True
    assert "emails" not in golden("g", [said(emails=emails(value))], rules(), None, JUNK).attributes


@pytest.mark.parametrize("value", [REAL, "info@keller.ch", "ann@example.com", "testa@keller.ch"])
def test_an_address_of_a_person_or_an_office_is_shown(value: str) -> None:
    given = said(emails=emails(value))
    assert JUNK.cleaned(given) is given


def test_what_too_many_people_share_is_nobodys_in_any_letters() -> None:
    shared = Junk.of(default(), frozenset({("email", "kunde@laden.ch"), ("phone", "+41441234567")}))
    given = said(
        emails=emails("Kunde@Laden.ch", REAL),
        phones=[{"value": "+41441234567"}, {"value": "+41791112233"}],
        given_name="Anna",
    )
    left = shared.cleaned(given).attributes
    assert [e["value"] for e in left["emails"]] == [REAL]
    assert [e["value"] for e in left["phones"]] == ["+41791112233"]
    assert left["given_name"] == "Anna"
    assert given.attributes["emails"][0]["value"] == "Kunde@Laden.ch"


def test_a_single_value_may_be_a_placeholder_too() -> None:
    policy = default()
    card = policy.identifiers["loyalty_id"].model_copy(update={"blocked": frozenset({"0000"})})
    own = policy.model_copy(update={"identifiers": {**policy.identifiers, "loyalty_id": card}})
    profile = golden("g", [said(loyalty_id="0000", given_name="A")], rules(), None, Junk.of(own))
    assert profile.attributes == {"given_name": "A"}


def test_the_limits_are_those_of_the_policy() -> None:
    assert most_people(default()) == {"email": 8, "phone": 20}
