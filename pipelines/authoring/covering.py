"""What a mapping takes of its source as it is now: column by column, and what has drifted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mappings.coverage import Coverage, coverage
from mappings.tree import Document
from mappings.uses import uses
from pipelines.authoring.samples import columns_of
from pipelines.bus import Workspace


@dataclass(frozen=True, slots=True)
class Covered:
    """A source and its mapping. `types` are its columns with their DuckDB types; `readers` the
    parts of the mapping that read each.
    """

    source: str
    document: Document
    types: Mapping[str, str]
    coverage: Coverage
    readers: Mapping[str, tuple[str, ...]]


def covered(workspace: Workspace, source: str) -> Covered:
    """Ask a source for its columns. Raises ProjectError, RemoteError."""
    document = workspace.mapping(source)
    types = columns_of(workspace, source, document).types
    readers: dict[str, dict[str, None]] = {}
    for use in uses(document):
        readers.setdefault(use.column, {})[use.where.removeprefix("fields.")] = None
    return Covered(
        source=source,
        document=document,
        types=types,
        coverage=coverage(document, types),
        readers={column: tuple(where) for column, where in readers.items()},
    )
