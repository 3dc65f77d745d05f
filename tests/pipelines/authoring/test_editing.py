"""What an edit changes: on rows that are held, on letters, on the source itself."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date

import pytest

from connectors import memory
from pipelines.authoring.comparing import Comparison
from pipelines.authoring.editing import Edit, on_held, on_source
from pipelines.authoring.fates import Fate
from pipelines.bus import open_bus
from pipelines.errors import JobError
from pipelines.jobs import sync
from tests.pipelines.authoring.conftest import MAPPING

TODAY = date(2026, 1, 1)
ROWS = [
    {"id": "1", "mail": " A@b.example ", "last": " Lee", "phone": "030 901820", "kind": "p"},
    {"id": "2", "mail": "nonsense", "last": "Li", "kind": "p"},
    {"id": "3", "mail": "c@d.example", "last": "Lo", "kind": "test"},
    {"id": "4", "last": "Lu", "kind": "p", "gone": True},
    {"id": "5", "mail": "e@f.example", "last": "Lea", "kind": "p"},
]


@contextmanager
def edited(make, *replacements, rows=ROWS, mapping=MAPPING):
    """Run the job, then edit the mapping; gives the open project and the edit."""
    workspace = make(rows, mapping)
    before = workspace.mapping("crm")
    with open_bus(workspace.project) as bus:
        sync(bus)
        text = mapping
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        yield bus, Edit("crm", before, make(rows, text).mapping("crm"), TODAY)


def moves(found: Comparison):
    return {(each.before, each.after): each for each in found.moved}


def test_without_an_edit_every_row_comes_out_as_before(make):
    with edited(make) as (bus, edit):
        assert edit.differences == ()
        found = on_held(bus, edit)
        assert found.rows.nothing
        assert (found.rows.rows, found.rows.records) == (5, 2)
        assert on_source(bus, edit).rows == found.rows


def test_an_attribute_is_gained_lost_or_another(make):
    with edited(
        make,
        ("{from: c.last, steps: [trim]}", "{from: c.last, steps: [upper]}"),
        ("  phone: ", "  given_name: c.last\n  nickname: "),
        (", steps: [phone_e164], args: {region: DE}, on_error: blank", ""),
    ) as (bus, edit):
        found = on_held(bus, edit).rows
    by_name = {each.attribute: each for each in found.attributes}
    assert set(by_name) == {"family_name", "given_name", "nickname", "phones"}
    counts = {n: (each.gained, each.lost, each.other) for n, each in by_name.items()}
    assert counts == {
        "family_name": (0, 0, 2),
        "given_name": (2, 0, 0),
        "nickname": (1, 0, 0),
        "phones": (0, 1, 0),
    }
    example = by_name["family_name"].examples[0]
    assert (example.key, example.before, example.after) == ("1", "Lee", " LEE")
    assert (found.changed, found.records, found.rekeyed) == (2, 2, 0)


def test_rows_that_meet_another_fate_are_counted_with_their_reasons(make):
    with edited(
        make,
        ("[trim, lower, email]", "[trim, lower]"),
        ("is distinct from 'test'", "is distinct from 'p'"),
    ) as (bus, edit):
        found = moves(on_held(bus, edit).rows)
    assert {key: each.rows for key, each in found.items()} == {
        (Fate.PASSES, Fate.LEFT_OUT): 2,
        (Fate.QUARANTINED, Fate.LEFT_OUT): 1,
        (Fate.DELETED, Fate.LEFT_OUT): 1,
        (Fate.LEFT_OUT, Fate.PASSES): 1,
    }
    assert found[Fate.QUARANTINED, Fate.LEFT_OUT].reasons == {
        "email: not an e-mail address (email)": 1
    }
    assert found[Fate.PASSES, Fate.LEFT_OUT].keys == ("1", "5")


def test_a_stricter_mapping_says_what_it_would_quarantine_and_that_a_run_would_stop(make):
    with edited(make, ("{from: c.last, steps: [trim]}", "{from: c.last, steps: [email]}")) as (
        bus,
        edit,
    ):
        found = on_held(bus, edit).rows
    assert moves(found)[Fate.PASSES, Fate.QUARANTINED].rows == 2
    with edited(make, ("key: c.id", "key: c.kind")) as (bus, edit):
        found = on_held(bus, edit).rows
    assert found.rekeyed == 4
    assert found.stopped is not None
    assert "expect_column_values_to_be_unique" in found.stopped


def test_an_empty_list_and_no_list_are_the_same(make):
    mapping = MAPPING.replace("  phone: ", "  phones[work]: ")
    with edited(make, ("  phones[work]: ", "  phones[home]: "), rows=ROWS[1:], mapping=mapping) as (
        bus,
        edit,
    ):
        assert edit.differences
        assert on_held(bus, edit).rows.attributes == ()


def test_of_what_was_read_by_cursor_the_last_version_counts_and_letters_are_told_apart(make):
    by_cursor = MAPPING.replace("key: c.id", "key: c.id\ncursor: c.at")
    rows = [row | {"at": f"2026-01-0{n}"} for n, row in enumerate(ROWS, 1)]
    workspace = make(rows, by_cursor)
    with open_bus(workspace.project) as bus:
        sync(bus)
        for path in bus.landing.rglob("*.jsonl"):
            path.unlink()
        again = [*rows, rows[0] | {"last": "Ley", "at": "2026-01-08"}]
        make(again, by_cursor)
        sync(bus)
        before = bus.mapping("crm")
        after = make(again, by_cursor.replace("lower, email]", "lower]")).mapping("crm")
        found = on_held(bus, Edit("crm", before, after, TODAY))
    assert found.letters == {Fate.PASSES: 1}
    assert "rows that are held, of 2 of 2 known records (landed " in found.said
    assert "landed pages are gone" in found.said
    assert found.rows.rows < 5


def test_another_object_is_nothing_to_compare(make):
    with (
        edited(make, ("object: people", "object: others")) as (bus, edit),
        pytest.raises(JobError, match="reads 'others' instead of 'people' now"),
    ):
        on_held(bus, edit)


def test_what_the_source_has_now_is_compared_when_nothing_is_held(make):
    workspace = make(ROWS)
    before = workspace.mapping("crm")
    after = make(ROWS, MAPPING.replace("steps: [trim]}", "steps: [upper]}")).mapping("crm")
    edit = Edit("crm", before, after, TODAY)
    with open_bus(workspace.project) as bus, pytest.raises(JobError, match="no landed rows"):
        on_held(bus, edit)
    found = on_source(workspace, edit)
    assert found.said == "all 5 rows that the source has now"
    assert found.rows.changed == 2
    memory.store("trial").rows["people"] = []
    assert on_source(workspace, edit).rows == Comparison()


def test_a_suite_that_speaks_of_a_new_attribute_does_not_hinder_the_former_mapping(make, tmp_path):
    with edited(make, ("  family_name:", "  nickname: c.last\n  family_name:")) as (bus, edit):
        (tmp_path / "quality").mkdir()
        (tmp_path / "quality" / "crm.json").write_text(
            '{"name": "crm", "expectations": [{"type": "expect_column_values_to_not_be_null",'
            ' "kwargs": {"column": "nickname"}}]}'
        )
        found = on_held(bus, edit).rows
    assert [each.attribute for each in found.attributes] == ["nickname"]


def test_no_value_is_in_a_repr(make):
    with edited(make, ("steps: [trim]}", "steps: [upper]}")) as (bus, edit):
        assert "LEE" not in repr(on_held(bus, edit))
