"""Rows beside what becomes of them: as a run would do it, and without a trace."""

from __future__ import annotations

from datetime import date

import pytest

from connectors import memory
from pipelines.authoring import preview as authoring
from pipelines.authoring.fates import Fate
from pipelines.authoring.held import require_held
from pipelines.authoring.preview import Wish
from pipelines.bus import open_bus
from pipelines.errors import JobError
from pipelines.jobs import sync
from pipelines.suites import suite_of
from tests.pipelines.authoring.conftest import MAPPING

ROWS = [
    {"id": "1", "mail": " A@b.example ", "last": "Lee", "phone": "12", "kind": "p", "gone": False},
    {"id": "2", "mail": "nonsense", "last": "Li", "kind": "p", "gone": False},
    {"id": "3", "mail": "c@d.example", "last": "Lo", "kind": "test", "gone": False},
    {"id": "4", "mail": "nonsense", "last": "Lu", "kind": "p", "gone": True},
]
TODAY = date(2026, 1, 1)


def previewed(workspace, limit=10, key=None):
    document = workspace.mapping("crm")
    suite = suite_of(workspace, "crm", document, today=TODAY)
    return authoring.preview(workspace, "crm", document, suite, Wish(limit, TODAY, key))


def test_every_row_meets_the_fate_it_would_meet_in_a_run(make):
    found = previewed(make(ROWS))
    assert [(row.key, row.fate) for row in found.rows] == [
        ("1", Fate.PASSES),
        ("2", Fate.QUARANTINED),
        (None, Fate.LEFT_OUT),
        ("4", Fate.DELETED),
    ]
    with open_bus(make(ROWS).project) as bus:
        taken = sync(bus).taken["crm"]
    assert (taken.inserted, taken.dead, taken.left_out) == (1, 1, 1)


def test_each_line_shows_what_it_was_made_of_and_who_refused_it(make):
    first, second, *_ = previewed(make(ROWS)).rows
    email, _, phone = first.lines
    assert (email.name, email.value, email.origins) == (
        "email",
        "a@b.example",
        {"mail": " A@b.example "},
    )
    assert (phone.value, phone.refused) == (None, "phone_e164: not a phone number")
    assert first.reasons == ()
    assert [(each.field, each.rule) for each in second.reasons] == [("email", "email")]
    assert first.record["family_name"] == "Lee"


def test_values_below_a_column_are_shown_by_their_path(make):
    mapping = MAPPING.replace("c.last", "'c.names[2].text'")
    rows = [{"id": "1", "names": [{"text": "Ann"}, {"text": "Lee"}]}, {"id": "2", "names": []}]
    first, second = previewed(make(rows, mapping)).rows
    assert first.lines[1].origins == {"names[2].text": "Lee"}
    assert second.lines[1].origins == {"names[2].text": None}


def test_only_as_many_rows_are_read_as_are_shown(make):
    assert [row.key for row in previewed(make(ROWS), limit=1).rows] == ["1"]
    assert previewed(make([])).rows == ()


def test_a_row_is_found_by_its_key_also_when_it_is_left_out(make):
    workspace = make(ROWS)
    (row,) = previewed(workspace, key="2").rows
    assert row.fate is Fate.QUARANTINED
    (row,) = previewed(workspace, key="3").rows
    assert row.fate is Fate.LEFT_OUT
    with pytest.raises(JobError, match="crm: no row has the key '9'"):
        previewed(workspace, key="9")


def test_rows_that_landed_can_be_shown_when_the_source_has_them_no_more(make):
    workspace = make(ROWS)
    document = workspace.mapping("crm")
    suite = suite_of(workspace, "crm", document, today=TODAY)
    with open_bus(workspace.project) as bus:
        sync(bus)
        sample = require_held(bus, "crm", document).sample
    memory.forget("trial")
    found = authoring.preview_held("crm", document, suite, sample, Wish(2, TODAY))
    assert [row.fate for row in found.rows] == [Fate.PASSES, Fate.QUARANTINED]
    found = authoring.preview_held("crm", document, suite, sample, Wish(2, TODAY, "3"))
    assert [row.fate for row in found.rows] == [Fate.LEFT_OUT]
    with pytest.raises(JobError, match="no row has the key"):
        authoring.preview_held("crm", document, suite, sample, Wish(2, TODAY, "9"))


def test_nothing_is_written_and_no_value_is_in_a_repr(make, tmp_path):
    workspace = make(ROWS)
    before = sorted(tmp_path.rglob("*"))
    found = previewed(workspace)
    assert sorted(tmp_path.rglob("*")) == before
    assert "Lee" not in repr(found)
    assert "b.example" not in repr(found)
