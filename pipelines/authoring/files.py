"""The mapping and push files of a project, found by name or by path, read and checked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from mappings.document import load_mapping
from mappings.errors import MappingError, Problem
from mappings.push import PushDocument, load_push
from mappings.suggest import did_you_mean
from mappings.tree import Document
from pipelines.bus import Workspace
from pipelines.errors import ProjectError
from pipelines.project import text_of
from pipelines.provision.compile import compile_push

_PUSH = re.compile(r"^push\s*:", re.MULTILINE)


class Kind(StrEnum):
    """The two kinds of file."""

    MAPPING = "mapping"
    PUSH = "push"


@dataclass(frozen=True, slots=True)
class MappingFile:
    """A file of the project; `of` is its source or target, None for one that belongs to none."""

    kind: Kind
    path: Path
    of: str | None = None


def files_of(workspace: Workspace) -> tuple[MappingFile, ...]:
    """Return the mapping of every source, then the push file of every target."""
    project = workspace.project
    mappings = [MappingFile(Kind.MAPPING, workspace.mapping_file(n), n) for n in project.sources]
    pushes = [MappingFile(Kind.PUSH, workspace.push_file(name), name) for name in project.targets]
    return (*mappings, *pushes)


def choose(workspace: Workspace, wanted: Sequence[str]) -> tuple[MappingFile, ...]:
    """Return the files that are meant, all when nothing is named.

    A word is the name of a source or target, or the path of a file, also of one that the project
    does not name. Raises ProjectError for a word that is neither.
    """
    known = files_of(workspace)
    if not wanted:
        return known
    found = [each for word in wanted for each in _meant(word, known)]
    return tuple(dict.fromkeys(found))


def _meant(word: str, known: Sequence[MappingFile]) -> Iterator[MappingFile]:
    named = [each for each in known if each.of == word]
    path = Path(word)
    if named:
        yield from named
    elif path.is_file():
        same = [each for each in known if each.path.resolve() == path.resolve()]
        kind = Kind.PUSH if _PUSH.search(text_of(path)) else Kind.MAPPING
        yield from same or [MappingFile(kind, path)]
    else:
        names = [str(each.of) for each in known]
        raise ProjectError(f"no source, target or file {word!r}{did_you_mean(word, names)}")


def read(workspace: Workspace, file: MappingFile) -> Document | PushDocument:
    """Read and check a file, as a run would. Raises ProjectError, MappingError for its lines."""
    text = text_of(file.path)
    if file.kind is Kind.PUSH:
        push = load_push(text, str(file.path), workspace.schema)
        _require_target(push, file)
        compile_push(push, today=_any_day)
        return push
    mapping = load_mapping(text, str(file.path), workspace.schema)
    if file.of is not None:
        workspace.require_connector(file.of, mapping)
    return mapping


def _any_day() -> date:
    return date(2000, 1, 1)


def _require_target(push: PushDocument, file: MappingFile) -> None:
    if file.of is not None and push.target is not None and push.target != file.of:
        message = f"is {push.target!r}, but this is the push file of target {file.of!r}"
        raise MappingError([Problem(push.place, "to.target", message)])
