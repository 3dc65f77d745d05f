"""A new connector keeps the rules before anybody has touched it."""

from __future__ import annotations

import pytest

from pipelines.errors import ProjectError
from pipelines.starter.connectors import make_connector

pytest_plugins = ["pytester"]
OURS = {"yaml": ["billing-eu.yaml", "mappings/billing-eu.yaml", "tests/test_billing_eu.py"],
        "python": ["billing_eu.py", "mappings/billing-eu.yaml", "pyproject.toml",
                   "test_billing_eu.py"]}  # fmt: skip


@pytest.mark.parametrize("kind", OURS)
def test_its_own_test_passes_as_it_was_written(pytester: pytest.Pytester, kind):
    made = make_connector(pytester.path, "billing-eu", python=kind == "python")
    assert sorted(str(file.relative_to(pytester.path)) for file in made) == sorted(OURS[kind])
    test = next(file for file in made if file.name.startswith("test_"))
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-q", str(test))
    result.assert_outcomes(passed=21, skipped=0)


@pytest.mark.parametrize(
    ("name", "python", "said"),
    [
        ("Billing", False, "small letters"),
        ("../x", False, "small letters"),
        ("mailman", False, "'mailman' is there already"),
        ("sql", True, "'sql' is there already"),
    ],
)
def test_a_name_that_is_none_or_taken_writes_nothing(tmp_path, name, python, said):
    with pytest.raises(ProjectError, match=said):
        make_connector(tmp_path, name, python=python)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(tmp_path):
    (tmp_path / "billing.yaml").write_text("mine")
    with pytest.raises(ProjectError, match="is there already; nothing was written"):
        make_connector(tmp_path, "billing", python=False)
    assert [each.name for each in tmp_path.iterdir()] == ["billing.yaml"]
