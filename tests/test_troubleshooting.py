"""The page of troubles has lines that the code says, so that a search for one finds it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/reference/troubleshooting.md"
LEAST = 12
"""Characters of a line that must stand together in the code; less is said by many."""


def _sources() -> str:
    """The text of the code, with literals that stand below each other joined."""
    files = (f for name in ("connectors", "idp_core", "mappings", "pipelines")
             for f in (ROOT / name).rglob("*.py"))  # fmt: skip
    text = "\n".join(file.read_text("utf-8") for file in files)
    return re.sub(r"[\"']\s*\n\s*f?[\"']", "", text)


def _parts() -> set[str]:
    """The words of each line between what differs."""
    cells = [
        row.split(" | ")[0] for row in PAGE.read_text("utf-8").splitlines() if row[:3] == "| `"
    ]
    lines = [line for cell in cells for line in re.findall("`([^`]+)`", cell)]
    words = (part for line in lines for part in re.split(r"…|\b\d{3}\b:?|4GB|text/html", line))
    return {word.strip(" ;:,.()?'") for word in words if len(word) >= LEAST}


def test_every_line_of_the_page_is_one_that_the_code_says():
    code = _sources()
    parts = _parts()
    assert len(parts) > 60
    assert {part for part in parts if part not in code} == set()
