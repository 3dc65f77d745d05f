"""Names are taken apart and made without a way to break out of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.ldap.names import (
    escaped,
    fields_of,
    fill,
    is_below,
    normal,
    pairs,
    split,
    unescaped,
)

VALUES = st.text(min_size=1, max_size=20)


@given(VALUES)
def test_an_escaped_value_comes_back(value):
    assert unescaped(escaped(value)) == value


@given(st.lists(st.tuples(st.sampled_from(["cn", "OU"]), VALUES), min_size=1, max_size=4))
def test_a_name_has_as_many_parts_as_were_put_together(parts):
    name = ",".join(f"{attribute}={escaped(value)}" for attribute, value in parts)
    assert [pair for rdn in split(name) for pair in pairs(rdn)] == parts


@given(VALUES, VALUES)
def test_a_value_cannot_leave_its_place_in_a_template(one, other):
    name = fill("cn={a}+sn={b},ou=x", {"a": one, "b": other})
    assert [list(pairs(rdn)) for rdn in split(name)] == [
        [("cn", one), ("sn", other)],
        [("ou", "x")],
    ]


def test_spelling_does_not_make_another_name():
    assert normal("CN=Ann\\2C Lee, OU = People,DC=X") == normal("cn=ann\\, lee,ou=people,dc=x")
    assert normal("sn=a+cn=b") == normal("CN=b + SN=a")
    assert normal("cn=J\\c3\\b6rg") == normal("cn=Jörg")


def test_an_entry_is_below_its_base_and_not_below_another_of_like_name():
    assert is_below("cn=a,OU=People,dc=x", "ou=people,DC=x")
    assert is_below("ou=people,dc=x", "ou=people,dc=x")
    assert is_below("dc=x", "")
    assert not is_below("cn=a,ou=mypeople,dc=x", "ou=people,dc=x")
    assert not is_below("dc=x", "ou=people,dc=x")


def test_a_template_names_its_fields():
    assert fields_of("CN={givenName} {sn}") == ["givenName", "sn"]
