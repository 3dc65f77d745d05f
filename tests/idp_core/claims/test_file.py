from datetime import date

import pytest

from idp_core.claims import file as claims_file
from idp_core.claims.book import Asked, told
from idp_core.claims.file import parse
from idp_core.errors import PolicyError
from mappings.errors import MappingError

DAY = date(2030, 1, 1)
GOOD = """\
as: p
fields:
  age: {expr: "date_sub('year', p.birth_date, today())", scope: age, clients: [bar]}
  name: {expr: "concat_ws(' ', p.given_name, p.family_name)", steps: [trim]}
  tier:
    {from: p.given_name, steps: [lower], lookup: {ann: gold}, scope: loyalty,
     into: [id_token, access_token]}
scopes:
  age: {en: how old you are, de: wie alt du bist}
tests:
  - name: a birthday
    given: {birth_date: 1990-06-01, given_name: Ann, $today: 2030-01-01}
    expect: {name: Ann, tier: gold}
"""


def problems(text):
    with pytest.raises(MappingError) as raised:
        parse(text, "claims.yaml", lambda: DAY)
    return [str(each) for each in raised.value.problems]


def asked(place, client, *scope):
    return Asked(place, client, scope)


def test_claims_are_made_by_the_mapping_language():
    book = parse(GOOD, "claims.yaml", lambda: DAY)
    said = {"given_name": "Ann", "family_name": "Lee", "birth_date": "1990-06-01"}
    got = told(book, "ann@example.org", said, asked("userinfo", "bar", "openid", "age", "profile"))
    assert (got["age"], got["name"], got["birthdate"]) == (39, "Ann Lee", "1990-06-01")
    assert "tier" not in got


def test_another_client_another_scope_another_place_get_no_claim():
    book = parse(GOOD, "claims.yaml", lambda: DAY)
    said = {"given_name": "Ann", "birth_date": "1990-06-01"}
    for who in (asked("userinfo", "shop", "age"), asked("userinfo", "bar", "email")):
        assert "age" not in told(book, "a@example.org", said, who)
    for place in ("id_token", "access_token"):
        assert told(book, "a@example.org", said, asked(place, "shop", "loyalty", "email")) == {
            "tier": "gold"
        }


def test_a_value_that_a_step_refuses_is_no_claim():
    book = parse(GOOD, "claims.yaml", lambda: DAY)
    assert (
        told(book, "a@example.org", {"given_name": "Bob"}, asked("id_token", "x", "loyalty")) == {}
    )


def test_mistakes_are_told_with_their_place_and_their_mend():
    assert problems("fields:\n  age: {from: p.birth_dat, scope: age}\n") == [
        (
            "claims.yaml:2:15 fields.age.from: "
            "unknown attribute 'birth_dat'; did you mean 'birth_date'?"
        )
    ]
    assert ("claims.yaml:2:29 fields.age: unknown key 'scop'; did you mean 'scope'?") in problems(
        "fields:\n  age: {from: p.birth_date, scop: age}\n"
    )
    assert "the key 'scope' is missing" in problems("fields:\n  age: p.birth_date\n")[0]
    assert (
        "did you mean 'id_token'?"
        in problems("fields:\n  age: {from: p.birth_date, scope: age, into: [id_tokn]}\n")[0]
    )
    assert (
        "unknown step 'lowr'; did you mean 'lower'?"
        in problems("fields:\n  a: {from: p.given_name, scope: s, steps: [lowr]}\n")[0]
    )


@pytest.mark.parametrize("name", ["sub", "aud", "acr", "email_verified", "cnf"])
def test_what_the_login_says_itself_cannot_be_said_by_a_file(name):
    found = problems(f"fields:\n  {name}: {{from: p.given_name, scope: profile}}\n")
    assert found == [
        (
            f"claims.yaml:2:3 fields.{name}: {name} is said by the login itself; "
            "give the claim another name"
        )
    ]


def test_a_scope_that_stands_for_no_data_cannot_stand_for_a_claim():
    found = problems("fields:\n  age: {from: p.birth_date, scope: openid}\n")
    assert found == ["claims.yaml:2:36 fields.age.scope: no scope that can stand for a claim"]


def test_an_example_that_is_wrong_is_told():
    wrong = GOOD.replace("tier: gold}\n", "tier: silver}\n").replace("{name: Ann,", "{nam: Ann,")
    assert [each.partition(": ")[2] for each in problems(wrong)] == [
        "no field 'nam'; did you mean 'name'?",
        "tier: expected 'silver', got 'gold'",
    ]
    undated = GOOD.replace("{name: Ann, tier: gold}", "{age: 39}").replace(
        ", $today: 2030-01-01", ""
    )
    assert "fix the day by $today" in problems(undated)[0]


def test_a_file_that_is_none_is_an_error_of_the_configuration(tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(PolicyError, match="UTF-8"):
        claims_file.load(path, lambda: DAY)
    path.write_text("fields: [a]\n")
    with pytest.raises(PolicyError, match=r"claims.yaml:1:9 fields"):
        claims_file.load(path, lambda: DAY)
