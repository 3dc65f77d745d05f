"""Masked values show their form and nothing else."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.cli.difftext import masked


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (None, "nothing"),
        (" Ann O'Neil ", '" Xxx X\'Xxxx "'),
        ("ann@example.com", "'xxx@xxxxxxx.xxx'"),
        (date(1970, 2, 1), "9999-99-99"),
        (Decimal("12.50"), "99.9"),
        (True, "xxxx"),
        ([{"value": "+4930", "type": None}], "[{value: '+9999'}]"),
        ("Łódź", "'Xxxx'"),
    ],
)
def test_the_form_of_a_value_is_shown(value, form):
    assert masked(value) == form


@given(st.text() | st.integers() | st.dates())
def test_no_letter_and_no_digit_of_a_value_is_left(value):
    assert {c for c in masked(value) if c.isalnum()} <= set("Xx9")
