"""Does a target behave as it was pinned: probed with invented accounts, when that is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from pipelines.bus import Workspace, open_workspace
from pipelines.doctor.findings import Finding, looked, ok, warn
from pipelines.probing import probe_target
from pipelines.project import load_project


def probe(folder: Path, names: Sequence[str], *, pin: bool) -> Iterator[Finding]:
    """Probe targets of the project in this folder. Raises ProjectError for a broken project."""
    workspace = open_workspace(load_project(folder))
    for name in names:
        yield from looked(f"targets.{name}", partial(_probed, workspace, name, pin=pin))


def _probed(workspace: Workspace, name: str, *, pin: bool) -> Iterator[Finding]:
    found = probe_target(workspace, name, pin=pin)
    where = f"targets.{name}"
    again = f"isthmus doctor --probe {name} --pin keeps to what it does now"
    for each in found.quirks:
        if each in found.new and not found.pinned:
            yield warn(where, f"new: {each}", again)
        else:
            yield ok(where, each)
    for each in found.gone:
        said = f"no more: {each}"
        yield ok(where, said) if found.pinned else warn(where, said, again)
    count = len(found.quirks)
    said = f"{count} quirks" if count else "it does what its standard says"
    if found.pinned:
        yield ok(where, f"{said}; pinned in {found.file}")
    elif not found.changed:
        yield ok(where, f"{said}, as pinned in {found.file}")
