"""Each check is broken once, and its test notices: ``pytest -m slow`` with this file.

``python -m tests.idp_core.test_broken_checks`` makes the table of the page anew.
"""

import re
import shutil
from pathlib import Path

import pytest

from tests.idp_core.broken import login, oidc
from tests.idp_core.broken.runner import Runner
from tests.idp_core.oidc.test_conformance import HEADINGS, docstrings
from tests.idp_core.oidc.test_conformance import rows as conformance

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reference/broken-checks.md"
MARK = re.compile(r"<!-- checks -->\n.*?<!-- end -->\n", re.DOTALL)
BROKEN = (*login.BROKEN, *oidc.BROKEN)
COPIED = ("idp_core", "tests", "mappings", "connectors", "pipelines")


def table():
    lines = ["| Broken on purpose | In | Tests that fail |", "| --- | --- | --- |"]
    for each in BROKEN:
        tests = "<br>".join(f"`{test}`" for test in each.tests)
        lines.append(f"| {each.what} | `{each.file}` | {tests} |")
    return "<!-- checks -->\n" + "\n".join(lines) + "\n<!-- end -->\n"


def test_the_page_lists_every_check_as_it_is():
    assert table() in PAGE.read_text("utf-8"), "run: python -m tests.idp_core.test_broken_checks"


def test_each_check_stands_once_where_it_is_to_be_broken():
    for each in BROKEN:
        text = (ROOT / "idp_core" / each.file).read_text("utf-8")
        assert text.count(each.old) == 1, each.what
        assert each.new != each.old
        assert each.tests


def test_each_test_that_has_to_notice_is_there():
    assert {test for each in BROKEN for test in each.tests} <= set(docstrings())


def test_every_attack_has_a_check_that_was_broken():
    """The tests of the attacks and of OAuch's cases, as the page of conformance names them."""
    named = {
        test for heading in HEADINGS[1:] for _, held, _ in conformance(heading) for test in held
    }
    assert named - {test for each in BROKEN for test in each.tests} == set()


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the project, to be broken."""
    made = tmp_path_factory.mktemp("broken")
    for name in COPIED:
        shutil.copytree(ROOT / name, made / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", made)
    (made / "docs").symlink_to(ROOT / "docs")
    return made


@pytest.fixture(scope="module")
def runner(copy):
    made = Runner(copy)
    yield made
    made.stop()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.what)
def test_a_broken_check_is_noticed(broken, copy, runner):
    file = copy / "idp_core" / broken.file
    text = file.read_text("utf-8")
    try:
        rewrite(file, text.replace(broken.old, broken.new))
        for test in broken.tests:
            code, told = runner.run(test)
            # Tests ran, and one failed; it did not end before by a fixture, nor by an import.
            assert code == 1, told[-2000:]
            assert "\nFAILED " in told, told[-2000:]
            assert "\nERROR " not in told, told[-2000:]
    finally:
        rewrite(file, text)


def rewrite(file, text):
    file.write_text(text, "utf-8")
    # A second edit within one second and of one length would be taken for the first.
    for stale in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
        stale.unlink()


if __name__ == "__main__":
    PAGE.write_text(MARK.sub(lambda _: table(), PAGE.read_text("utf-8")), "utf-8")
