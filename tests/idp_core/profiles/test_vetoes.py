"""What says that two records are two people, whatever they share."""

from __future__ import annotations

from typing import Any

import pytest

from idp_core.profiles.evidence import Evidence, reader
from idp_core.profiles.guard import PersonGuard
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.policy import default
from idp_core.profiles.vetoes import Constraints, Veto, veto

POLICY = default()
READ = reader(POLICY)
ANN = {"given_name": "Ann", "family_name": "Kam", "birth_date": "1957-09-12"}
ID = {"government_id": "832-92-7231"}


def record(key: str, **said: Any) -> Evidence:
    return READ(SourceProfile(SourceRef("shop", key), said, "shop@1", ""))


def judged(left: dict[str, Any], right: dict[str, Any]) -> Veto | None:
    one, other = record("1", **left), record("2", **right)
    found = veto(one, other, POLICY, Constraints())
    assert veto(other, one, POLICY, Constraints()) == found
    return found


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({}, None),
        ({"given_name": "Anne"}, None),
        ({"given_name": "A."}, None),
        ({"given_name": "Mary"}, Veto.GIVEN_NAME),
        ({"family_name": "Suriel"}, None),  # people marry
        ({"birth_date": "1957-12-09"}, None),
        ({"birth_date": "1957-09-13"}, None),
        ({"birth_date": "1962-01-30"}, None),  # within a generation nobody names two alike
        ({"birth_date": "1982-01-30"}, Veto.BIRTH_DATE),
        ({"birth_date": "1982-01-30", **ID}, None),
        ({"name_suffix": "Jr"}, Veto.SUFFIX),
    ],
)
def test_what_another_says_of_a_field(said: dict[str, Any], found: Veto | None) -> None:
    assert judged({**ANN, **ID, "name_suffix": "Sr"}, {**ANN, **said}) == found


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"given_name": "Mary"}, None),  # the date of birth is one person's
        ({"given_name": "Mary", "birth_date": None}, Veto.GIVEN_NAME),  # a daughter's account
        ({"given_name": "Mary", "birth_date": "1962-01-30"}, Veto.GIVEN_NAME),
        ({"given_name": "Ivan", "family_name": "Suriel", "birth_date": None}, Veto.GIVEN_NAME),
        ({"given_name": "Qwzyx", "birth_date": None}, None),  # no name: badly typed
        ({"given_name": "Qwzyx", "family_name": "Suriel", "birth_date": None}, None),
        ({"given_name": "Qwzyx", "family_name": "Suriel", "birth_date": "1962-01-30"},
         Veto.GIVEN_NAME),
    ],
)  # fmt: skip
def test_the_same_id_excuses_a_first_name_that_is_none_or_a_birth_alike(
    said: dict[str, Any], found: Veto | None
) -> None:
    assert judged({**ANN, **ID}, {**ANN, **ID, **said}) == found
    assert judged(ANN, {**ANN, **said}) == Veto.GIVEN_NAME


def test_a_stewards_word_stands_above_all() -> None:
    one, other = record("1", **ANN), record("2", **ANN)
    assert veto(one, other, POLICY, Constraints.of([], [(other.ref, one.ref)])) is Veto.STEWARD


SIBLING = {"given_name": "Anna", "family_name": "Kam", "birth_date": "1962-01-30"}


@pytest.mark.parametrize(
    ("others", "found"),
    [
        ([SIBLING, SIBLING], Veto.BIRTH_DATE.value),
        ([{**SIBLING, **ID}, SIBLING], Veto.BIRTH_DATE.value),
        ([SIBLING, {**SIBLING, "birth_date": "1962-01-31"}], None),  # each may be a wrong entry
        ([SIBLING, {**SIBLING, "given_name": "Anna Lu"}], None),
        ([{**SIBLING, "birth_date": "1957-12-09"}] * 2, None),
        ([SIBLING], None),
    ],
)
def test_two_dates_of_birth_that_two_records_each_say_are_two_peoples(
    others: list[dict[str, Any]], found: str | None
) -> None:
    known = [record(str(key), **said) for key, said in enumerate([{**ANN, **ID}, ANN, *others])]
    left, right = [0, 1], list(range(2, len(known)))
    assert PersonGuard(known, POLICY, Constraints()).forbids(left, right) == found
    assert PersonGuard(known, POLICY, Constraints()).forbids(right, left) == found
    words = Constraints.of([(known[0].ref, known[2].ref)])
    assert PersonGuard(known, POLICY, words).forbids(left, right) is None
