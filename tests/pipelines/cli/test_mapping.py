"""``isthmus mapping``."""

from __future__ import annotations

from tests.pipelines.cli.conftest import document


def edit(project, old, new):
    path = project / "mappings" / "shop.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_right_project_is_told_to_be_right(run, project):
    result = run("mapping", "check", "--project", project)
    assert result.exit_code == 0
    assert result.stdout == f"{project}/mappings/shop.yaml: right (4 fields, 1 test)\n"
    assert result.stderr == "1 file checked, 0 problems\n"


def test_every_problem_is_told_at_once_with_its_place(run, project):
    edit(project, "lower, email", "lowr, email")
    edit(project, "c.phone", "d.phone")
    result = run("mapping", "check", "shop", "--project", project)
    assert result.exit_code == 2
    first, second = result.stdout.splitlines()
    assert "shop.yaml:5:45 fields.email.steps: unknown step 'lowr'; did you mean" in first
    assert "shop.yaml:8:23 fields.phone.from: unknown alias 'd'" in second
    said = document(run("mapping", "check", "--json", "--project", project))
    assert not said["right"]
    assert [(p["line"], p["where"]) for p in said["files"][0]["problems"]] == [
        (5, "fields.email.steps"),
        (8, "fields.phone.from"),
    ]


def test_live_holds_a_mapping_against_the_file_that_is_there(run, project):
    assert run("mapping", "check", "--live", "--project", project).exit_code == 0
    (project / "customers.csv").write_text("id,email,first,last,phone\n")
    result = run("mapping", "check", "--live", "--project", project)
    assert result.exit_code == 2
    assert "the source has no column 'mail'; did you mean 'email'?" in result.stdout
    (project / "customers.csv").unlink()
    result = run("mapping", "check", "--live", "--project", project)
    assert result.exit_code == 4
    assert "could not be asked" in result.stdout
    assert result.stderr == "1 file checked, 0 problems, 1 source not reached\n"


def test_examples_pass_or_say_what_came_out(run, project):
    result = run("mapping", "test", "--project", project)
    assert (result.exit_code, result.stdout) == (
        0,
        f"{project}/mappings/shop.yaml: 1 test passed\n",
    )
    edit(project, "expect: {email: ann@example.com}", "expect: {email: bob@example.com}")
    result = run("mapping", "test", "--project", project)
    assert result.exit_code == 1
    assert "email: expected 'bob@example.com', got 'ann@example.com'" in result.stdout
    assert "1 of 1 test failed" in result.stdout
    said = document(run("mapping", "test", "--json", "--project", project))
    assert said["files"][0]["tests"][0]["passed"] is False


def test_a_file_that_is_wrong_is_no_passed_test(run, project):
    edit(project, "lower, email", "lowr, email")
    result = run("mapping", "test", "--project", project)
    assert result.exit_code == 2
    assert "unknown step 'lowr'" in result.stdout


def test_a_word_that_is_nothing_is_told_with_the_nearest(run, project):
    result = run("mapping", "check", "shp", "--project", project)
    assert result.exit_code == 2
    assert "no source, target or file 'shp'; did you mean 'shop'?" in result.stderr


def test_preview_shows_rows_beside_what_becomes_of_them(run, project):
    result = run("mapping", "preview", "shop", "--project", project)
    assert result.exit_code == 0
    assert "key 1: passes" in result.stdout
    assert "mail: ' Ann@Example.COM '" in result.stdout
    assert "'ann@example.com'" in result.stdout
    assert "key 2: quarantined\n  email: not an e-mail address (email)\n" in result.stdout
    assert not (project / "data").exists()


def test_preview_by_key_is_one_document_with_row_and_record(run, project):
    said = document(run("mapping", "preview", "shop", "--key", "1", "--json", "--project", project))
    (row,) = said["rows"]
    assert row["row"]["mail"] == " Ann@Example.COM "
    assert row["record"]["emails"][0]["value"] == "ann@example.com"
    result = run("mapping", "preview", "shop", "--key", "9", "--project", project)
    assert (result.exit_code, result.stderr) == (1, "shop: no row has the key '9'\n")
    assert run("mapping", "preview", "shop", "--key", "\udcff", "--project", project).exit_code == 1


def test_preview_of_landed_rows_needs_a_run_and_then_no_source(run, project):
    preview = ("mapping", "preview", "shop", "--landed", "--project", project)
    assert "no landed rows of 'customers' are held" in run(*preview).stderr
    assert run("sync", "--project", project).exit_code == 0
    (project / "customers.csv").unlink()
    assert "key 2: quarantined" in run(*preview).stdout


def test_coverage_tells_what_nobody_reads_column_by_column_for_one(run, project):
    (project / "customers.csv").write_text("id,mail,first,last,fax\n1,a@b.example,A,B,1\n")
    result = run("mapping", "coverage", "--project", project)
    assert "shop: columns that nobody reads (map them, or ignore them): fax\n" in result.stdout
    assert "shop: columns that the mapping reads and the source has not: phone\n" in result.stdout
    said = document(run("mapping", "coverage", "shop", "--json", "--project", project))
    said = said["sources"]["shop"]
    assert said["drifted"]
    assert said["columns"]["mail"] == {"type": "VARCHAR", "read_by": ["email"]}


def test_diff_masks_values_unless_they_are_asked_for(run, project):
    diff = ("mapping", "diff", "shop", "--project", project)
    assert "nothing to compare with; name a file by --against" in run(*diff).stderr
    assert run("sync", "--project", project).exit_code == 0
    assert run(*diff).stdout.startswith("nothing of the meaning differs from the mapping that")
    edit(project, "first, steps: [trim, nfc, blank_to_null]", "first, steps: [upper]")
    edit(project, "[trim, lower, email]", "[trim, lower]")
    result = run(*diff)
    assert result.exit_code == 0
    assert "fields.given_name changed: steps" in result.stdout
    assert "'Xxx'    'XXX'" in result.stdout
    assert "1 of the 1 records that pass before and after change" in result.stdout
    assert "quarantined   passes" in result.stdout
    assert "Ann" not in result.stdout
    assert "ANN" in run(*diff, "--values").stdout
    said = document(run(*diff, "--json"))
    (attribute,) = said["attributes"]
    assert attribute["examples"] == [{"key": "1", "before": "'Xxx'", "after": "'XXX'"}]
    assert document(run(*diff, "--json", "--values"))["attributes"][0]["examples"] == [
        {"key": "1", "before": "Ann", "after": "ANN"}
    ]


def test_diff_reads_the_source_when_it_is_told_to(run, project):
    old = project / "old.yaml"
    old.write_text((project / "mappings" / "shop.yaml").read_text())
    edit(project, "first, steps: [trim, nfc, blank_to_null]", "first, steps: [upper]")
    result = run("mapping", "diff", "shop", "--against", old, "--read", "--project", project)
    assert f"against {old}:" in result.stdout
    assert "on all 2 rows that the source has now:" in result.stdout
    assert not (project / "data").exists()


def test_coverage_of_a_source_that_cannot_be_asked_hides_no_other(run, project):
    settings = project / "isthmus.yaml"
    settings.write_text(
        settings.read_text() + "  gone:\n    connector: {type: files, path: no.csv}\n"
        "    mapping: mappings/shop.yaml\n"
    )
    result = run("mapping", "coverage", "--project", project)
    assert result.exit_code == 4
    assert " shop " in result.stdout
    assert "gone: " in result.stderr
    said = document(run("mapping", "coverage", "--json", "--project", project))
    assert list(said["sources"]) == ["shop"]
    assert len(said["problems"]) == 1
