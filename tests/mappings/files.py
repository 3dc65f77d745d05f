"""The example files, and what the checker says about a text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mappings.document import load_mapping
from mappings.errors import MappingError
from mappings.push import load_push

EXAMPLES = Path(__file__).parent / "examples"
CONTACT = (EXAMPLES / "salesforce-contact.yaml").read_text("utf-8")
EVERYTHING = (EXAMPLES / "everything.yaml").read_text("utf-8")
PUSH = (EXAMPLES / "directory.push.yaml").read_text("utf-8")

HEAD = """\
mapping: small
from: {connector: files, object: rows, as: c}
key: c.Id
"""


def small(fields: str, more: str = "") -> str:
    """Return a mapping with these lines under ``fields:``, the first of which is line 5."""
    lines = "\n".join(f"  {line}" for line in fields.strip("\n").split("\n"))
    return f"{HEAD}fields:\n{lines}\n{more}"


def said(text: str, load: Callable[[str, str], Any] = load_mapping) -> list[str]:
    """Return every problem of a text as its line."""
    try:
        load(text, "m.yaml")
    except MappingError as error:
        return str(error).split("\n")
    return []


def push_said(text: str) -> list[str]:
    """Return every problem of a push file as its line."""
    return said(text, load_push)
