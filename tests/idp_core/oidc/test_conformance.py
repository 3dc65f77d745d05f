"""The page of conformance names tests that there are, and says what their docstrings say."""

import ast
import re
from functools import cache
from pathlib import Path

HERE = Path(__file__).parents[1]
PAGE = HERE.parents[1] / "docs/reference/conformance.md"
MODULE = re.compile(r"oidcc-[A-Za-z0-9_-]*\w")


@cache
def docstrings():
    """Each test's docstring by its id below this package: ``oidc/test_flow.py::test_…``."""
    found = {}
    for path in sorted(HERE.rglob("test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            inside = node.body if isinstance(node, ast.ClassDef) else [node]
            for each in inside:
                if isinstance(each, ast.FunctionDef) and each.name.startswith("test_"):
                    way = [node.name, each.name] if each is not node else [each.name]
                    id_ = "::".join([str(path.relative_to(HERE)), *way])
                    found[id_] = ast.get_docstring(each) or ""
    return found


def rows(heading):
    """The cells of a table's rows: what is asked, the tests, what is to be said of it."""
    section = PAGE.read_text("utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [(name, re.findall(r"`([^`]+)`", held), said) for name, held, said in cells]


HEADINGS = ("Modules of the OpenID Foundation", "Cases of OAuch", "Other attacks")


def test_every_test_that_the_page_names_is_there():
    named = {test for heading in HEADINGS for _, held, _ in rows(heading) for test in held}
    assert len(named) > 50
    assert named <= set(docstrings())


def test_every_row_stands_once_and_has_a_test_or_a_reason():
    for heading in HEADINGS:
        found = rows(heading)
        names = [name for name, _, _ in found]
        assert len(names) == len(set(names)) > 10
        assert all(held or said for _, held, said in found)


def test_the_tests_of_a_module_are_those_that_say_so():
    page = {name.strip("`"): set(held) for name, held, _ in rows(HEADINGS[0])}
    said = {}
    for test, text in docstrings().items():
        for module in MODULE.findall(text):
            said.setdefault(module, set()).add(test)
    assert {name: held for name, held in page.items() if held} == said
