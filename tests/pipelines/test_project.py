"""The project file: its reference page, and what is told of one that is wrong.

``python -m tests.pipelines.test_project`` makes the page's tables anew.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from connectors.registry import Option, options
from pipelines.errors import ProjectError
from pipelines.project import Policies, Project, SourceSettings, TargetSettings, load_project

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "project.md"
MODELS = {
    "project": Project,
    "sources": SourceSettings,
    "targets": TargetSettings,
    "policies": Policies,
}


def table(found: tuple[Option, ...]) -> str:
    lines = ["| key | default | what it says |", "| --- | --- | --- |"]
    for each in found:
        default = "required" if each.required else f"`{each.default}`"
        words = " ".join(each.doc.replace("``", "`").split())
        lines.append(f"| `{each.name}` | {'' if default == '`-`' else default} | {words} |")
    return "\n".join(lines) + "\n"


def with_tables(text: str) -> str:
    for name, model in MODELS.items():
        begin, end = f"<!-- options of {name} -->\n", "<!-- end -->"
        before, rest = text.split(begin, 1)
        text = before + begin + table(options(model)) + end + rest.split(end, 1)[1]
    return text


def test_the_reference_has_every_key():
    text = PAGE.read_text("utf-8")
    assert with_tables(text) == text, "run: python -m tests.pipelines.test_project"
    assert all(each.doc for model in MODELS.values() for each in options(model))


def test_the_example_of_the_reference_is_a_project():
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert Project.model_validate(yaml.safe_load(example)).sources["crm"].mode == "full"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("project: a\nsorces: {}\n", ":2:1 sorces: unknown key; did you mean 'sources'?"),
        ("project: A B\n", ":1:1 project: write small letters"),
        ("sources: {}\n", ":1:1 project: is required"),
        (
            "project: a\nsources:\n  x: {connector: {type: sql}, max_shrink: 101}\n",
            ":3:31 sources.x.max_shrink: input should be less than or equal to 100",
        ),
        (
            "project: a\nsources:\n  x: {conector: {type: sql}}\n",
            ":3:7 sources.x.conector: unknown key; did you mean 'connector'?",
        ),
        ("project: a\nsources: {x: {}, x: {}}\n", "the key 'x' is here twice"),
        ("project: a\nsources: [\n", ":3:1 yaml: expected the node content"),
        ("project: a\nschedule: 2024-02-30\n", "put it in quotes"),
        (
            "project: a\nsources: {../x: {connector: {type: sql}}}\n",
            ":2:11 sources.../x.[key]: a name has letters, digits, '-', '_' and '.' only",
        ),
        ("- a\n", ":1:1 yaml: write keys and values, such as project: shop"),
        ("", ":1:1 yaml: the file is empty"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_its_mend(tmp_path, text, said):
    (tmp_path / "isthmus.yaml").write_text(text)
    with pytest.raises(ProjectError) as raised:
        load_project(tmp_path)
    assert said in str(raised.value)


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text("utf-8")), encoding="utf-8")
