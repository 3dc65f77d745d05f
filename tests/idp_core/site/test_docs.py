"""``python -m tests.idp_core.site.test_docs`` makes the tables of the reference page anew."""

import re
from datetime import date
from pathlib import Path

import pytest
from pydantic import BaseModel

from idp_core.claims.file import load
from idp_core.site.config import ServeConfig, read

PAGE = Path(__file__).parents[3] / "docs/reference/serve.md"
MARK = re.compile(r"<!-- options of serve -->\n.*?<!-- end -->\n", re.DOTALL)


def rows(model, before=""):
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from rows(inner, f"{before}{name}.")
            continue
        meaning = " ".join((field.description or "").split()).replace("``", "`")
        assert meaning, f"{before}{name} has no docstring"
        default = field.get_default(call_default_factory=True)
        if isinstance(default, dict):
            default = "{" + ", ".join(f"{key}: {value}" for key, value in default.items()) + "}"
        if isinstance(default, tuple):
            default = ", ".join(map(str, default))
        told = str(default).lower() if isinstance(default, bool) else default
        yield f"| `{before}{name}` | {f'`{told}`' if told not in (None, '') else ''} | {meaning} |"


def table():
    lines = ["| key | default | what it says |", "| --- | --- | --- |", *rows(ServeConfig)]
    return "<!-- options of serve -->\n" + "\n".join(lines) + "\n<!-- end -->\n"


def test_the_reference_page_lists_every_key_as_it_is():
    assert table() in PAGE.read_text("utf-8"), "run: python -m tests.idp_core.site.test_docs"


EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("text", [text for text in EXAMPLES if not text.startswith("as:")])
def test_each_example_of_the_page_is_read(text, tmp_path):
    file = tmp_path / "serve.yaml"
    file.write_text(f"issuer: https://login.example\n{text}", "utf-8")
    read(file)


def test_the_example_of_claims_is_read(tmp_path):
    (text,) = [text for text in EXAMPLES if text.startswith("as:")]
    file = tmp_path / "claims.yaml"
    file.write_text(text, "utf-8")
    assert [claim.name for claim in load(file, lambda: date(2030, 6, 1)).own] == [
        "age",
        "name",
        "tier",
    ]


if __name__ == "__main__":
    PAGE.write_text(MARK.sub(lambda _: table(), PAGE.read_text("utf-8")), "utf-8")
