"""A user's project: a folder with ``isthmus.yaml``, mappings, policies and a data folder."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PrivateAttr,
    ValidationError,
)

from pipelines.errors import ProjectError

FILE = "isthmus.yaml"


class Mode(StrEnum):
    """How a source is read: what changed since the cursor, all of it, or what its feed tells."""

    CURSOR = "cursor"
    FULL = "full"
    FEED = "feed"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class SourceSettings(_Part):
    """One entry of ``sources:``."""

    connector: Mapping[str, Any]
    """`type` and the connector's own fields."""
    mapping: Path | None = None
    """The mapping file; by default ``mappings/<source>.yaml``."""
    quality: Path | None = None
    """A Great Expectations suite that extends the generated one; ``quality/<source>.json``."""
    mode: Mode | None = None
    """By default `cursor` when the mapping declares one, otherwise `full`; `feed` where the
    connector has a feed of changes."""
    overlap: NonNegativeInt = 300
    """Seconds before the cursor that are read again: late commits are not missed."""
    max_shrink: NonNegativeFloat = Field(default=20.0, le=100)
    """A full read that misses more than this percentage of the known keys stops the run."""


class TargetSettings(_Part):
    """One entry of ``targets:``."""

    connector: Mapping[str, Any]
    """`type` and the connector's own fields."""
    push: Path | None = None
    """The push mapping; by default ``mappings/<target>.push.yaml``."""
    limits: Mapping[str, Any] = Field(default_factory=dict)
    """Guards of this target; see the provisioning reference."""


class Policies(_Part):
    """Files of policy; what is not named is the built-in default."""

    identifiers: Path | None = None
    survivorship: Path | None = None


class Project(_Part):
    """The whole of ``isthmus.yaml``; `folder` is where it stands."""

    project: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    data: Path = Path("data")
    database: str | None = None
    attributes: Path | None = Field(default=None, alias="schema")
    sources: Mapping[str, SourceSettings] = Field(default_factory=dict)
    targets: Mapping[str, TargetSettings] = Field(default_factory=dict)
    policies: Policies = Policies()
    schedule: str = "0 3 * * *"
    """When an orchestrator runs the job, in cron's words."""
    _folder: Path = PrivateAttr(default=Path())

    @property
    def folder(self) -> Path:
        """The folder that relative paths start from."""
        return self._folder

    @cached_property
    def data_folder(self) -> Path:
        """Where everything durable of the default set-up lives."""
        return self._folder / self.data

    def path(self, given: Path | None, default: str) -> Path:
        """Return a file of the project: the one named, or its usual place."""
        return self._folder / (given or default)


def load_project(folder: Path) -> Project:
    """Read ``isthmus.yaml`` in this folder.

    Raises ProjectError with ``file:line:column`` and the mend of everything that is wrong.
    """
    file = folder / FILE
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ProjectError(
            f"{file}: no such file; `isthmus init` makes a project here, or name one by --project"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"{file}: cannot be read as UTF-8 text: {error}") from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        project = Project.model_validate(yaml.safe_load(text) or {})
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
        raise ProjectError(f"{file}:{place} {error.problem}") from None
    except ValidationError as error:
        raise ProjectError("\n".join(_problems(file, node, error))) from None
    project._folder = folder  # noqa: SLF001 (not a setting: where the file stands)
    return project


def _problems(file: Path, node: yaml.Node | None, error: ValidationError) -> list[str]:
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        path = [str(part) for part in problem["loc"]]
        mark = _mark(node, path)
        lines.append(f"{file}:{mark} {'.'.join(path) or 'project'}: {problem['msg']}")
    return lines


def _mark(node: yaml.Node | None, path: list[str]) -> str:
    """Return ``line:column`` of the deepest part of the path that stands in the file."""
    at = node.start_mark if node else None
    for part in path:
        if not isinstance(node, yaml.MappingNode):
            break
        found = next(((k, v) for k, v in node.value if k.value == part), None)
        if found is None:
            break
        at, node = found[0].start_mark, found[1]
    return f"{at.line + 1}:{at.column + 1}" if at else "1:1"
