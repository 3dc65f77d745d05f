from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from idp_core.profiles.names import Likeness, compare_family, compare_given, fold, spells
from idp_core.profiles.vetoes import Birth, compare_birth

TEXT = st.text(alphabet="abcdeéß- 'ø", max_size=8)


@pytest.mark.parametrize(
    ("left", "right", "likeness"),
    [
        ("robert", "bob", Likeness.NICKNAME),
        ("mary", "mary ann", Likeness.PART),
        ("ojhn", "johnny", Likeness.TYPO),
        ("j", "jean", Likeness.INITIAL),
        ("paul", "paula", Likeness.DIFFERENT),
        ("", "paula", Likeness.UNKNOWN),
    ],
)
def test_given_names_are_compared(left: str, right: str, likeness: Likeness) -> None:
    assert compare_given(left, right) is likeness


def test_a_double_barrelled_name_agrees_by_a_part() -> None:
    assert compare_family("gomez", "gomez delafuente") is Likeness.PART
    assert compare_family("de la cruz", "cruz") is Likeness.SAME


@pytest.mark.parametrize(
    "local",
    [
        "laura.bianchi",
        "bianchi_laura",
        "l.bianchi",
        "bianchil",
        "laura",
        "bianchi",
        "Läura.Bianchi",
    ],
)
def test_a_mailbox_that_spells_the_name_says_no_more_than_the_name(local: str) -> None:
    assert spells(local, "laura", "bianchi")


def test_a_mailbox_may_spell_a_short_form_of_the_name() -> None:
    assert spells("liz.walker", "elizabeth", "walker")


@pytest.mark.parametrize("local", ["laura.bianchi73", "drummer", "la.bianchi", "laura.rossi", ""])
def test_a_mailbox_that_says_more_than_the_name_is_told(local: str) -> None:
    assert not spells(local, "laura", "bianchi")


def test_no_name_is_not_spelled() -> None:
    assert not spells("laura", "", "")
    assert not spells("", "", "")


@pytest.mark.parametrize(
    ("right", "birth"),
    [
        (date(1980, 1, 2), Birth.SAME),
        (date(1980, 2, 1), Birth.SWAPPED),
        (date(1980, 1, 9), Birth.TYPO),
        (date(1980, 1, 13), Birth.TYPO),
        (date(1955, 6, 7), Birth.DIFFERENT),
        (None, Birth.UNKNOWN),
    ],
)
def test_dates_of_birth_are_compared(right: date | None, birth: Birth) -> None:
    assert compare_birth(date(1980, 1, 2), right) is birth


@given(text=st.text(max_size=12))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@example(left="aa", right="a b")
@given(left=TEXT.map(fold), right=TEXT.map(fold))
def test_the_order_of_two_names_never_matters(left: str, right: str) -> None:
    assert compare_given(left, right) is compare_given(right, left)
    assert compare_family(left, right) is compare_family(right, left)
