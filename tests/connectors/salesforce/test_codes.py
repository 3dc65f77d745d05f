"""Codes of Salesforce as errors: what to do next, in words without values."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import (
    ConflictError,
    MisconfiguredError,
    NotFoundError,
    RejectedError,
    TransientError,
    UnauthorizedError,
)
from connectors.salesforce.bulkwriting import _ERROR
from connectors.salesforce.codes import of_code


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("UNABLE_TO_LOCK_ROW", TransientError),
        ("DUPLICATES_DETECTED", ConflictError),
        ("DUPLICATE_VALUE", ConflictError),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", RejectedError),
        ("STRING_TOO_LONG", RejectedError),
        ("ENTITY_IS_DELETED", NotFoundError),
        ("INVALID_CROSS_REFERENCE_KEY", NotFoundError),
        ("INVALID_SESSION_ID", UnauthorizedError),
        ("INVALID_FIELD", MisconfiguredError),
        ("STORAGE_LIMIT_EXCEEDED", MisconfiguredError),
        ("SOMETHING_NEW", RejectedError),
    ],
)
def test_a_code_means_what_to_do_next(code, kind):
    assert type(of_code(code, [], "create k")) is kind


def test_a_bad_reference_in_a_field_is_no_missing_record():
    assert type(of_code("INVALID_CROSS_REFERENCE_KEY", ["AccountId"], "create k")) is RejectedError


@given(st.text(), st.lists(st.text()), st.text())
def test_only_codes_and_names_of_fields_get_into_a_message(code, fields, message):
    said = str(of_code(code, fields, "create k", message))
    shape = r"create k: ([A-Z_]+|an unknown code)( \([A-Za-z][\w., ]*\))?(; [a-z 0-9'.]+)?"
    assert re.fullmatch(shape, said, re.ASCII)


@pytest.mark.parametrize(
    ("text", "code", "fields"),
    [
        ("STRING_TOO_LONG:Last Name: data value too large: x (max length=80):LastName --",
         "STRING_TOO_LONG", "LastName"),
        ("DUPLICATE_VALUE:duplicate value found: X: Y:--", "DUPLICATE_VALUE", ""),
        ("REQUIRED_FIELD_MISSING:Required fields are missing: [A, B]:A, B --",
         "REQUIRED_FIELD_MISSING", "A, B"),
    ],
)  # fmt: skip
def test_the_error_of_a_job_is_read_from_its_cell(text, code, fields):
    found = _ERROR.match(text)
    assert found is not None
    assert found.groups() == (code, fields)
