"""Every problem of every file, also against the columns that sources have now."""

from __future__ import annotations

from datetime import date

import pytest

from mappings.errors import MappingError
from pipelines.authoring.checking import check, run_examples
from pipelines.authoring.files import Kind, choose, read
from pipelines.errors import ProjectError
from tests.pipelines.authoring.conftest import MAPPING, PROJECT

ROW = {"id": "1", "mail": "a@b.example", "last": "Lee", "phone": "1", "kind": "p", "gone": False}


def found(workspace, *, live=False):
    (only,) = check(workspace, choose(workspace, []), live=live)
    return only


def test_a_column_that_no_row_has_is_only_a_note_where_rows_have_the_keys_they_need(make):
    checked = found(make([{k: v for k, v in ROW.items() if k != "phone"}]), live=True)
    assert checked.right
    (note,) = checked.notes
    assert "none of the first rows has 'phone'" in note
    assert "mappings/crm.yaml:9" in note


def test_a_column_that_nobody_reads_is_a_note_and_an_ignored_one_is_not(make):
    checked = found(make([ROW | {"fax": "1", "x_1": "1"}]), live=True)
    assert checked.right
    (note,) = checked.notes
    assert "columns that nobody reads: fax;" in note


def test_a_source_without_rows_is_asked_for_nothing(make):
    assert found(make([]), live=True).right


def test_a_column_that_a_table_lacks_is_a_problem_at_its_place(tmp_path, make):
    (tmp_path / "people.csv").write_text("id,mail,last,kind,gone\n", encoding="utf-8")
    workspace = make([], *of("files", "path: people.csv"))
    (problem,) = found(workspace, live=True).problems
    assert problem.message.startswith("the source has no column 'phone'")
    assert str(problem.place).endswith("crm.yaml:9:3")


def of(connector, settings):
    """The mapping and the project over another type of source."""
    mapping = MAPPING.replace("connector: memory", f"connector: {connector}")
    said = PROJECT.replace("type: memory, store: trial", f"type: {connector}, {settings}")
    return mapping, said


def test_a_source_that_cannot_be_reached_is_told_beside_the_others(make):
    workspace = make([], *of("sql", "url: 'postgresql+psycopg://u@127.0.0.1:1/x'"))
    checked = found(workspace, live=True)
    assert not checked.right
    assert checked.problems == ()
    assert checked.unreachable is not None
    assert checked.unreachable.startswith("crm: ")


def test_a_wrong_setting_of_the_source_is_told_and_not_its_value(make):
    workspace = make([], MAPPING, PROJECT.replace("store: trial", "stor: hidden"))
    said = "\n".join(found(workspace, live=True).failures)
    assert "unknown setting; did you mean 'store'?" in said
    assert "hidden" not in said


def test_a_suite_that_names_nothing_of_the_mapping_is_told(tmp_path, make):
    (tmp_path / "quality").mkdir()
    (tmp_path / "quality" / "crm.json").write_text(
        '{"name": "crm", "expectations": [{"type": "expect_column_values_to_not_be_null",'
        ' "kwargs": {"column": "family_nam"}}]}'
    )
    (line,) = found(make([])).failures
    assert "quality/crm.json" in line
    assert "did you mean 'family_name'?" in line


@pytest.fixture
def push(tmp_path, make):
    """A project of one target alone, with these fields of its push file."""

    def push(fields, target="portal"):
        (tmp_path / "mappings").mkdir(exist_ok=True)
        (tmp_path / "mappings" / "portal.push.yaml").write_text(
            f"push: p\nto: {{target: {target}, object: User}}\nfields:\n" + fields
        )
        said = "project: trial\ntargets: {portal: {connector: {type: memory, store: trial}}}\n"
        return make([], MAPPING, said)

    return push


def test_a_push_file_of_another_target_is_told(push):
    workspace = push("  userName: p.gid\n", target="other")
    (file,) = choose(workspace, [])
    assert file.kind is Kind.PUSH
    with pytest.raises(MappingError, match=r"to\.target: is 'other', but this is the push file"):
        read(workspace, file)


def test_a_push_file_may_ask_for_the_day_and_not_for_nonsense(push):
    adult = "  adult: date_diff('year', p.birth_date, today()) >= 18\n"
    assert found(push("  userName: p.gid\n" + adult)).right
    assert not found(push("  userName: \"regexp_matches(p.gid, '(')\"\n")).right


def test_a_file_is_named_by_its_source_or_its_path_or_stands_alone(tmp_path, make):
    workspace = make([])
    path = tmp_path / "mappings" / "crm.yaml"
    assert choose(workspace, ["crm"]) == choose(workspace, [str(path)]) == choose(workspace, [])
    assert choose(workspace, ["crm", str(path)]) == choose(workspace, [])
    alone = tmp_path / "draft.yaml"
    alone.write_text(MAPPING.replace("connector: memory", "connector: other"))
    (file,) = choose(workspace, [str(alone)])
    assert (file.of, file.kind) == (None, Kind.MAPPING)
    assert read(workspace, file)
    with pytest.raises(ProjectError, match="no source, target or file 'cmr'; did you mean 'crm'"):
        choose(workspace, ["cmr"])


def test_examples_are_run_by_both_kinds_of_file_and_not_in_a_file_that_is_wrong(make):
    test = "tests: [{name: t, given: {id: '1', last: ' Lee '}, expect: {family_name: Lee}}]\n"
    workspace = make([], MAPPING + test)
    (tested,) = run_examples(workspace, choose(workspace, []), today=date(2026, 1, 1))
    assert (len(tested.results), tested.failed) == (1, 0)
    workspace = make([], MAPPING + test.replace("family_name: Lee", "family_name: Li"))
    (tested,) = run_examples(workspace, choose(workspace, []), today=date(2026, 1, 1))
    assert tested.failed == 1
    workspace = make([], MAPPING.replace("trim]", "trm]") + test)
    (tested,) = run_examples(workspace, choose(workspace, []), today=date(2026, 1, 1))
    assert not tested.checked.right
    assert tested.results == ()
