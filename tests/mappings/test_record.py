"""The record engine: edges, lists, and expressions over canonical records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlglot import exp

from mappings.errors import MappingError
from mappings.expressions import parse
from mappings.record import compile_expression, compile_record, compile_value
from mappings.schema import CUSTOMER
from mappings.scopes import ProfileScope
from mappings.tree import Slot, Step
from mappings.valueclosures import Refusal
from tests.mappings.build import document, each, field, step

PROFILE = {
    "gid": "01890a5d",
    "given_name": "Ann",
    "birth_date": date(1980, 2, 29),
    "updated_at": "2020-01-31T12:00:00.000000Z",
    "emails": [
        {"value": "ann@home.example", "type": "home", "primary": False, "verified": True},
        {"value": "ann@example.com", "type": "work", "primary": True, "verified": None},
    ],
    "addresses": [{"locality": "Paris", "country": "FR", "primary": True}],
    "external_ids": [{"system": "crm", "value": "7"}],
    "consent.marketing_email": True,
    "active": None,
}


def profile(text: str) -> exp.Expr:
    return parse(text, ProfileScope("p", CUSTOMER, frozenset({"gid"})))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("p.email", "ann@example.com"),
        ("p.emails[home]", "ann@home.example"),
        ("p.email.verified", None),
        ("p.emails[home].verified", True),
        ("p.phone", None),
        ("p.address.locality || ', ' || p.address.country", "Paris, FR"),
        ("p.external_ids[crm]", "7"),
        ("p.consent.marketing_email and p.active is not false", True),
        ("p.consent.marketing_sms", None),
        ("coalesce(p.nickname, p.given_name)", "Ann"),
        ("p.gid = '01890a5d'", True),
        ("p.emails[2].value", "ann@example.com"),
        ("len(p.emails)", 2),
        ("year(p.birth_date)", 1980),
        ("p.updated_at", datetime(2020, 1, 31, 12, tzinfo=UTC)),
        ("date_diff('year', p.birth_date, today())", 45),
        ("p.birth_date > '1980-01-01'", True),
        ("p.loyalty_tier in ('gold', 'silver')", None),
    ],
)
def test_an_expression_reads_a_canonical_record_by_its_names(text: str, wanted: Any) -> None:
    assert compile_expression(profile(text), today=lambda: date(2025, 6, 1))(PROFILE) == wanted


def test_an_empty_record_gives_nothing_and_no_error() -> None:
    assert compile_expression(profile("lower(p.email) || p.address.locality"))({}) is None


@dataclass(frozen=True, slots=True)
class Recipe:
    expression: exp.Expr
    steps: tuple[Step, ...] = ()
    lookup: dict[str, Any] | None = None
    default: exp.Expr | None = None


def test_a_recipe_over_a_profile_gives_the_value_and_why_it_was_refused() -> None:
    tier = Recipe(profile("p.given_name"), (step("lower"),), {"ann": 5})
    assert compile_value(tier)(PROFILE) == (5, None)
    assert compile_value(tier)({"given_name": "Bob"}) == (
        None,
        Refusal("lookup", "not in the lookup table"),
    )
    filled = Recipe(profile("p.nickname"), default=exp.Literal.string("none"))
    assert compile_value(filled)(PROFILE) == ("none", None)
    bad = Recipe(profile("p.given_name"), (step("email"),))
    assert compile_value(bad)(PROFILE) == (None, Refusal("email", "not an e-mail address"))


def mapped(made: Any, **row: Any) -> Any:
    return compile_record(made)({"id": "1", **row})


def test_a_row_that_where_leaves_out_is_none_and_unknown_is_left_out() -> None:
    made = document(field("nickname", "c.n"), where="c.n <> 'x'")
    assert mapped(made, n="y") is not None
    assert mapped(made, n="x") is None
    assert mapped(made, n=None) is None


def test_a_row_without_a_key_is_quarantined() -> None:
    record = compile_record(document(field("nickname", "c.n")))({"id": " ", "n": "x"})
    assert record is not None
    assert [(p.field, p.reason) for p in record.problems] == [("key", "the row has no key")]


def test_the_primary_slot_is_primary_and_without_one_the_first_with_a_value_is() -> None:
    made = document(field("emails[work]", "c.w"), field("email", "c.e"))
    assert [
        (e["value"], e["primary"]) for e in mapped(made, w="a", e="b").attributes["emails"]
    ] == [
        ("a", False),
        ("b", True),
    ]
    made = document(field("emails[work]", "c.w"), field("emails[home]", "c.h"))
    assert [e["primary"] for e in mapped(made, w=None, h="b").attributes["emails"]] == [True]


def test_equal_elements_become_one_that_keeps_the_flags_of_both() -> None:
    made = document(
        field("emails[work]", "c.e"), field("email", "c.e"), field("email.verified", "true")
    )
    assert mapped(made, e="a@b.co").attributes["emails"] == [
        {"value": "a@b.co", "type": "work", "primary": True, "verified": True}
    ]


def test_an_element_without_any_value_is_left_out() -> None:
    made = document(field("addresses[home].locality", "c.city"), field("external_ids[crm]", "c.x"))
    assert mapped(made).attributes == {"addresses": [], "external_ids": []}


def test_a_list_of_the_row_becomes_elements_and_each_refusal_is_told() -> None:
    made = document(each("emails", "c.list", {"value": ("e.v", ["email"]), "type": ("e.t",)}))
    record = mapped(made, list=[{"v": "a@b.co", "t": "home"}, {"v": "bad"}, {"v": "worse"}, None])
    assert [e["value"] for e in record.attributes["emails"]] == ["a@b.co"]
    assert [p.field for p in record.problems] == ["emails.value", "emails.value"]


def test_the_types_of_a_json_row_are_taken_as_they_are() -> None:
    made = document(
        field("birth_date", "c.born"),
        field("active", "c.on"),
        field("nickname", "c.number"),
        field("display_name", "c.deep.a"),
    )
    record = mapped(made, born="1980-01-01", on=True, number=12.50, deep={"a": 7})
    assert record.attributes == {
        "birth_date": date(1980, 1, 1),
        "active": True,
        "nickname": "12.5",
        "display_name": "7",
    }
    assert mapped(made, number=Decimal("7.00")).attributes["nickname"] == "7"


def test_today_without_a_date_is_refused_with_its_mend() -> None:
    with pytest.raises(MappingError, match="pass the date of the run"):
        compile_record(document(field("birth_date", "today()")))


def test_no_value_is_in_a_repr() -> None:
    made = document(field("nickname", "c.n"), field("email", "c.e", ["email"]))
    assert "secret" not in repr(mapped(made, n="secret", e="secret"))


def test_a_slot_of_a_part_that_is_not_the_value_is_no_element_of_its_own() -> None:
    made = document(field("emails[work].verified", "true", slot=Slot("emails", "verified", "work")))
    assert mapped(made).attributes["emails"] == []
