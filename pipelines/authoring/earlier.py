"""Which mapping an edit is compared with: another file, one in git, or what the last run used."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mappings.document import load_mapping
from mappings.errors import MappingError
from mappings.tree import Document
from pipelines.applied import applied_file
from pipelines.bus import Workspace
from pipelines.errors import JobError, ProjectError


@dataclass(frozen=True, slots=True)
class Earlier:
    """The mapping before an edit, and its name for a person."""

    document: Document
    said: str


def earlier(
    workspace: Workspace, source: str, *, against: Path | None = None, revision: str | None = None
) -> Earlier:
    """Read the mapping before an edit. Raises ProjectError, JobError when there is none."""
    if against is not None:
        return Earlier(workspace.mapping_at(source, against), str(against))
    file = workspace.mapping_file(source)
    if revision is not None:
        said = f"{file} at {revision}"
        return Earlier(_load(workspace, source, _from_git(file, revision), said), said)
    copy = applied_file(workspace, source)
    if not copy.is_file():
        raise JobError(
            f"{source}: no run has used a mapping of it yet, so there is nothing to compare with; "
            "name a file by --against, or a revision by --git"
        )
    return Earlier(workspace.mapping_at(source, copy), "the mapping that the last run used")


def _load(workspace: Workspace, source: str, text: str, said: str) -> Document:
    try:
        document = load_mapping(text, said, workspace.schema)
        workspace.require_connector(source, document)
    except MappingError as error:
        raise ProjectError(str(error)) from None
    return document


def _from_git(file: Path, revision: str) -> str:
    git = shutil.which("git")
    if git is None:
        raise JobError("git is not installed; name a file by --against")
    shown = subprocess.run(  # noqa: S603 (no shell; the revision is no option)
        [git, "show", "--end-of-options", f"{revision}:./{file.name}"],
        cwd=file.parent,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if shown.returncode:
        reason = next(iter(shown.stderr.splitlines()), "git gives no reason")
        raise JobError(f"{file} at {revision}: {reason}")
    return shown.stdout
