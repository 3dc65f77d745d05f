"""Names of canonical values, and the mend for names that are none."""

from __future__ import annotations

import pytest

from mappings.names import NameProblem, known, resolve, type_of
from mappings.schema import CUSTOMER, Type
from mappings.suggest import did_you_mean
from mappings.tree import Slot


@pytest.mark.parametrize(
    ("name", "slot"),
    [
        ("given_name", Slot("given_name")),
        ("consent.marketing_email", Slot("consent.marketing_email")),
        ("email", Slot("emails", "value", primary=True)),
        ("email.verified", Slot("emails", "verified", primary=True)),
        ("emails[work]", Slot("emails", "value", label="work")),
        ("emails[work].verified", Slot("emails", "verified", label="work")),
        ("address.locality", Slot("addresses", "locality", primary=True)),
        ("addresses[home].locality", Slot("addresses", "locality", label="home")),
        ("external_ids[crm]", Slot("external_ids", "value", label="crm")),
        ("emails", Slot("emails")),
    ],
)
def test_a_name_means_one_place(name, slot):
    assert resolve(name, CUSTOMER) == slot


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("emial", "unknown attribute 'emial'; did you mean 'email'?"),
        ("given_name.x", "is a single value and has no parts"),
        ("given_name[x]", "is a single value and takes no label"),
        ("address", "write address.formatted or one of its other parts"),
        ("addresses[home]", "write addresses[home].formatted"),
        ("address.town", "unknown part 'town' of addresses; known: country"),
        ("address.localty", "did you mean 'locality'?"),
        ("email[work]", "did you mean 'emails[work]'?"),
        ("emails.value", "did you mean 'email.value'?"),
        ("external_ids.value", "write external_ids[label].value"),
        ("emials[work]", "unknown list 'emials'; did you mean 'emails'?"),
        ("a.b.c.d", "is no attribute; write a name"),
        ("", "is no attribute"),
    ],
)
def test_a_wrong_name_is_told_with_its_mend(name, mend):
    with pytest.raises(NameProblem) as error:
        resolve(name, CUSTOMER)
    assert mend in str(error.value)


def test_every_known_name_can_be_resolved_and_has_a_type_unless_it_is_a_list():
    for name in known(CUSTOMER):
        slot = resolve(name, CUSTOMER)
        assert (type_of(slot, CUSTOMER) is None) == (
            name in CUSTOMER.attributes and slot.part is None and CUSTOMER.attributes[name].many
        )


def test_the_type_of_a_part_is_that_of_the_part():
    assert type_of(resolve("emails[work].verified", CUSTOMER), CUSTOMER) is Type.BOOLEAN


def test_the_nearest_word_is_offered_whatever_its_letters_case():
    assert did_you_mean("EMAIL", ["email", "phone"]) == "; did you mean 'email'?"


def test_a_short_list_is_told_whole_and_a_long_one_is_not():
    assert did_you_mean("zzz", ["b", "a"]) == "; known: a, b"
    assert did_you_mean("zzz", map(str, range(50))) == ""
    assert did_you_mean("zzz", []) == ""
