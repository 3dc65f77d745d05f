from __future__ import annotations

from typing import Any

import pytest

from idp_core.profiles.evidence import reader
from idp_core.profiles.held import holder
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.policy import Kind, default


def said(**attributes: Any) -> SourceProfile:
    return SourceProfile(SourceRef("shop", "1"), attributes, "shop@1", "")


def kind(from_: Any, **more: Any) -> Kind:
    return Kind.model_validate({"from": from_, "agree": 9, "max_records": 9, **more})


@pytest.mark.parametrize(
    ("made", "attributes", "held"),
    [
        (kind("loyalty_id"), {"loyalty_id": " L1 "}, {"L1": False}),
        (kind("loyalty_id"), {}, {}),
        (kind("loyalty_id"), {"loyalty_id": 7}, {"7": False}),
        (kind("consent.profiling"), {"consent.profiling": True}, {"True": False}),
        (kind("emails.value", read="text"), {"emails": []}, {}),
        (
            kind("emails.value", read="text"),
            {
                "emails": [
                    {"value": "A@x.ch", "verified": True},
                    {"value": "a@X.ch"},
                    {"value": None},
                ]
            },
            {"a@x.ch": True},
        ),
        (kind("phones.value", read="digits"), {"phones": [{"value": "+41 79"}]}, {"4179": False}),
        (
            kind(["external_ids.system", "external_ids.value"]),
            {"external_ids": [{"system": "crm", "value": "7"}, {"system": "crm"}]},
            {"crm|7": False},
        ),
        (
            kind(["family_name", "addresses.postal_code"], read="compact"),
            {"family_name": "Van Dyk", "addresses": [{"postal_code": "10 1"}, {"locality": "A"}]},
            {"vandyk|101": False},
        ),
        (kind(["family_name", "addresses.postal_code"]), {"family_name": "Lee"}, {}),
        (kind("loyalty_id", own_key=True), {"loyalty_id": "L1"}, {"L1": False, "shop|1": True}),
        (kind("loyalty_id", blocked=["L1"]), {"loyalty_id": "L1"}, {}),
        (kind("loyalty_id", impersonal=["^L"]), {"loyalty_id": "L1"}, {}),
    ],
)
def test_values_are_read_where_the_policy_says_and_written_alike(
    made: Kind, attributes: dict[str, Any], held: dict[str, bool]
) -> None:
    assert holder(made)(attributes, said().ref) == held


def test_a_mailbox_that_spells_the_name_is_not_held() -> None:
    read = reader(default())
    names = {"given_name": "Laura", "family_name": "Bianchi"}
    emails = [{"value": "laura.bianchi@a.it"}, {"value": "drummer@b.it"}]
    assert set(read(said(**names, emails=emails)).of("email_local")) == {"drummer"}
    assert not read(said(**names, emails=emails[:1])).of("email_local")
    assert "bianchi" not in repr(read(said(**names, emails=emails)))
