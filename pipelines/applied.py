"""The mapping that the last run of a source used: a copy beside the data, to compare edits with."""

from __future__ import annotations

from pathlib import Path

from mappings.tree import Document
from pipelines.bus import Workspace
from pipelines.project import text_of


def applied_file(workspace: Workspace, source: str) -> Path:
    """Where the copy stands, if a run has taken this source in."""
    return workspace.project.data_folder / "applied" / f"{source}.yaml"


def keep_applied(workspace: Workspace, source: str, document: Document) -> None:
    """Copy the mapping of a source, unless it was edited since this document was read from it."""
    file = workspace.mapping_file(source)
    text = text_of(file)
    if workspace.mapping(source).digest != document.digest:
        return
    copy = applied_file(workspace, source)
    copy.parent.mkdir(parents=True, exist_ok=True)
    half = copy.with_suffix(".half")
    half.write_text(text, encoding="utf-8")
    half.replace(copy)
