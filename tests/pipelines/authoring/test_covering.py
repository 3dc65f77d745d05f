"""Columns of a source: who reads them, and what nobody spoke of."""

from __future__ import annotations

from pipelines.authoring.covering import covered
from tests.pipelines.authoring.conftest import MAPPING


def test_each_column_is_read_ignored_or_forgotten(make):
    row = {"id": "1", "mail": "a@b.example", "last": "Lee", "kind": "p", "x_1": "1", "fax": "1"}
    found = covered(make([row], MAPPING.replace('["x_*"]', '["x_*", old]')), "crm")
    assert set(found.coverage.used) == {"id", "mail", "last", "kind"}
    assert found.coverage.ignored == ("x_1",)
    assert found.coverage.unmapped == ("fax",)
    assert set(found.coverage.missing) == {"phone", "gone"}
    assert found.coverage.superfluous == ("old",)
    assert found.readers["mail"] == ("email",)
    assert found.readers["id"] == ("key",)
    assert found.types["fax"] == "JSON"
