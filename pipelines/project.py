"""A user's project: a folder with ``isthmus.yaml``, mappings, policies and a data folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

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
from pydantic_core import ErrorDetails

from mappings.errors import MappingError
from mappings.suggest import did_you_mean
from mappings.yamltext import compose
from pipelines.errors import ProjectError

FILE = "isthmus.yaml"


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
"""The name of a source or target; files and folders are named after it."""


class Mode(StrEnum):
    """How a source is read: what changed since the cursor, all, what its feed or a push tells."""

    CURSOR = "cursor"
    FULL = "full"
    FEED = "feed"
    PUSH = "push"


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )


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
    connector has a feed of changes; `push` where the system pushes (type `push`)."""
    overlap: NonNegativeInt = 300
    """Seconds before the cursor that are read again: late commits are not missed."""
    drift: Literal["tell", "stop", "ignore"] = "tell"
    """What columns do that the mapping neither reads nor ignores: they are told, or stop it."""
    max_shrink: NonNegativeFloat = Field(default=20.0, le=100)
    """A full read that misses more than this percentage of the known keys stops the source. So
    does an attribute that 20 records or more had and no row says any more, except at 100."""
    max_erase: NonNegativeFloat = Field(default=1.0, le=100)
    """A source that wants more than this percentage of its people erased at once, and more than
    three, erases nobody and ends with exit code 3."""
    max_dead: NonNegativeFloat = Field(default=50.0, le=100)
    """When more than this percentage of the rows read, and 20 at least, become dead letters, the
    source ends with exit code 3; they are kept, and what passed is stored."""


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
    """Which values make two records one person."""
    survivorship: Path | None = None
    """Whose word counts where sources differ."""
    model: Path | None = None
    """What is compared to find people whose identifiers differ."""
    likeness: bool = True
    """Whether people are found by likeness, too, and not by identifiers alone."""
    approval: Literal["none", "required"] = "none"
    """Whether other rules (identifiers, model, or a model trained anew) must be looked at and
    approved before a run resolves by them: `isthmus resolve shadow`, `isthmus resolve approve`."""
    purpose: Literal["none", "required"] = "none"
    """Whether every push mapping must say what its target has the data for (`purpose:`): a run
    refuses one that does not. Otherwise `isthmus doctor` warns of it."""
    spark: str | None = Field(default=None, min_length=1)
    """The master of a Spark cluster, such as `spark://host:7077`, that compares records by likeness
    when all are resolved; this machine does it when it is left out."""


PUSH = "push"
"""The connector whose sources are pushed to; named here, as connectors take long to import."""


class Project(_Part):
    """The whole of ``isthmus.yaml``; `folder` is where it stands."""

    project: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    """The project's name: small letters, digits, `-` and `_`."""
    data: Path = Path("data")
    """The folder of all that is kept here: database, landed rows, results."""
    database: str | None = None
    """The database's URL, or a reference to it such as `env:ISTHMUS_DATABASE`; by default a SQLite
    file in the data folder. A relative path of SQLite starts at the project's folder."""
    attributes: Path | None = Field(default=None, alias="schema")
    """A file with attributes of your own beside the canonical ones."""
    sources: Mapping[Name, SourceSettings] = Field(default_factory=dict)
    """Where records come from, by name."""
    targets: Mapping[Name, TargetSettings] = Field(default_factory=dict)
    """Who gets the profiles, by name."""
    policies: Policies = Policies()
    """How records become people."""
    schedule: str = "0 3 * * *"
    """When an orchestrator runs the job, in cron's words."""
    _folder: Path = PrivateAttr(default=Path())
    _node: yaml.Node | None = PrivateAttr(default=None)

    @property
    def folder(self) -> Path:
        """The folder that relative paths start from."""
        return self._folder

    @property
    def pushed(self) -> Sequence[str]:
        """The sources that are pushed to."""
        return [name for name, each in self.sources.items() if each.connector.get("type") == PUSH]

    @cached_property
    def data_folder(self) -> Path:
        """Where everything durable of the default set-up lives."""
        return self._folder / self.data

    def path(self, given: Path | None, default: str) -> Path:
        """Return a file of the project: the one named, or its usual place."""
        return self._folder / (given or default)

    def place(self, path: Sequence[str | int]) -> str:
        """Return ``file:line:column`` of a setting, or of the nearest one above that is there."""
        return f"{self._folder / FILE}:{_mark(self._node, path)}"


_PARTS: Mapping[str, type[BaseModel]] = {
    "sources": SourceSettings,
    "targets": TargetSettings,
    "policies": Policies,
}


def load_project(folder: Path) -> Project:
    """Read ``isthmus.yaml`` in this folder.

    Raises ProjectError with ``file:line:column`` and the mend of everything that is wrong.
    """
    file = folder / FILE
    text = text_of(file, "`isthmus init` makes a project here, or name one by --project")
    try:
        node, problems = compose(text, str(file))
    except MappingError as error:
        raise ProjectError(str(error)) from None
    if problems:
        raise ProjectError("\n".join(map(str, problems)))
    if not isinstance(node, yaml.MappingNode):
        raise ProjectError(f"{file}:1:1 yaml: write keys and values, such as project: shop")
    try:
        project = Project.model_validate(yaml.safe_load(text))
    except (ValueError, yaml.YAMLError) as error:
        raise ProjectError("\n".join(_problems(file, node, error))) from None
    project._folder, project._node = folder, node  # noqa: SLF001 (no settings: where they stand)
    return project


def text_of(file: Path, mend: str = "write it or name another in isthmus.yaml") -> str:
    """Return the text of a file of the project.

    Raises ProjectError when it cannot be read; `mend` is what to do when it is not there.
    """
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ProjectError(f"{file}: no such file; {mend}") from None
    except UnicodeDecodeError as error:
        raise ProjectError(
            f"{file}: cannot be read: byte {error.start + 1} is not UTF-8; save it as UTF-8 text"
        ) from None
    except OSError as error:
        raise ProjectError(f"{file}: cannot be read: {error.strerror}") from None


def _problems(file: Path, node: yaml.Node, error: Exception) -> list[str]:
    if not isinstance(error, ValidationError):  # such as the day 2024-02-30
        return [f"{file}: a value is none that YAML can hold: {error}; put it in quotes"]
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        path = [str(part) for part in problem["loc"]]
        where = ".".join(path) or "project"
        lines.append(f"{file}:{_mark(node, path)} {where}: {_message(path, problem)}")
    return lines


def _message(path: Sequence[str], problem: ErrorDetails) -> str:
    """Return what is wrong and its mend; the value itself is not repeated."""
    if problem["type"] == "extra_forbidden":
        model = _PARTS.get(path[0], Project) if len(path) > 1 else Project
        keys = [field.alias or name for name, field in model.model_fields.items()]
        return f"unknown key{did_you_mean(path[-1], keys)}"
    if problem["type"] == "missing":
        return "is required"
    if problem["type"] == "string_pattern_mismatch":
        if path[0] == "project":
            return "write small letters, digits, '-' and '_', a letter first"
        return "a name has letters, digits, '-', '_' and '.' only"
    message = problem["msg"]
    return message[:1].lower() + message[1:]


def _mark(node: yaml.Node | None, path: Sequence[str | int]) -> str:
    """Return ``line:column`` of the deepest part of the path that stands in the file."""
    at = node.start_mark if node else None
    for part in path:
        found = _part(node, str(part))
        if found is None:
            break
        at, node = found[0].start_mark, found[1]
    return f"{at.line + 1}:{at.column + 1}" if at else "1:1"


def _part(node: yaml.Node | None, part: str) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((k, v) for k, v in node.value if k.value == part), None)
    items = node.value if isinstance(node, yaml.SequenceNode) else []
    return (items[int(part)],) * 2 if part.isdigit() and int(part) < len(items) else None
