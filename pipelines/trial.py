"""What `connector test` tries: a source or target of the project, or a file that describes one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml
from sqlglot import exp

from connectors.contract import Connector, Discoverable
from connectors.errors import ConnectorError, MisconfiguredError
from connectors.fields import did_you_mean
from connectors.problems import SettingsError
from connectors.registry import build
from connectors.rest.connector import Rest
from connectors.rest.description import shipped
from connectors.trial import (
    Canary,
    Finding,
    Verdict,
    Wish,
    try_source,
    try_system,
    try_target,
)
from pipelines.bus import Workspace, open_workspace
from pipelines.errors import ProjectError
from pipelines.project import Mode, load_project
from pipelines.reading import mode_of

_SUFFIXES = (".yaml", ".yml")
_EDIT = " (edited)"


@dataclass(frozen=True, slots=True)
class Subject:
    """A connector to try, what to read of it, and the account to write where it is written."""

    connector: Connector
    wishes: tuple[Wish, ...] = ()
    object: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Reading:
    """What is said on the command line of how to read; what is not said, the project knows."""

    object: str | None = None
    key: str | None = None
    cursor: str | None = None
    rows: int = 1000


def choose(name: str, folder: Path, settings: Sequence[str]) -> Subject:
    """Return what `name` means: a source or target of the project, else a description.

    `settings` are ``NAME=VALUE``, for a description. Raises ProjectError when there is no such
    thing, or a setting is wrong.
    """
    if name.endswith(_SUFFIXES) or settings:
        return _described(name, Path(), settings)
    if not (folder / "isthmus.yaml").exists() and name in shipped():
        return _described(name, Path(), settings)
    workspace = open_workspace(load_project(folder))
    if name in workspace.project.sources:
        return _source(workspace, name)
    if name in workspace.project.targets:
        return _target(workspace, name)
    if name in shipped():
        return _described(name, folder, settings)
    known = [*workspace.project.sources, *workspace.project.targets, *shipped()]
    raise ProjectError(f"no source, target or description {name!r}{did_you_mean(name, known)}")


def pairs(said: Sequence[str], option: str) -> dict[str, Any]:
    """Return ``NAME=VALUE`` options as a mapping; numbers, true and false are what they look like.

    Raises ProjectError for one without ``=``.
    """
    found: dict[str, Any] = {}
    for each in said:
        name, equals, text = each.partition("=")
        if not equals or not name:
            raise ProjectError(f"{option}: write NAME=VALUE")
        found[name] = _value(text)
    return found


def made_canary(
    subject: Subject, key: str | None, more: Sequence[str], edit: Sequence[str]
) -> Canary:
    """Return the account to write: what the push file's first example holds, and `more`.

    Without `edit` the first plain text of it is edited. Raises ProjectError when nothing is known
    of it.
    """
    attributes = {**subject.attributes, **pairs(more, "--with")}
    if not attributes or subject.object is None:
        raise ProjectError(
            "what does an account hold? Say it by --with NAME=VALUE, or in an example of the push "
            "file"
        )
    texts = [
        name
        for name, value in attributes.items()
        if isinstance(value, str) and not {"@", "+"} & set(value)
    ]
    edited = pairs(edit, "--edit") or {name: f"{attributes[name]}{_EDIT}" for name in texts[:1]}
    return Canary(subject.object, key or f"canary-{uuid4().hex[:8]}", attributes, edited)


def tried(
    subject: Subject, reading: Reading, canary: Canary | None
) -> Iterator[tuple[str, Finding]]:
    """Yield what is found, with the object it is about; ends when the system does not answer."""
    for each in try_system(subject.connector):
        yield "", each
        if each.verdict is Verdict.FAIL:
            return
    for wish in subject.wishes:
        if reading.object in {None, wish.object}:
            said = Wish(
                wish.object,
                reading.key or wish.key,
                reading.cursor or wish.cursor,
                reading.rows,
                wish.feed,
            )
            yield from ((wish.object, each) for each in try_source(subject.connector, said))
    if canary is not None:
        found = try_target(subject.connector, canary)
        yield from ((canary.object, each) for each in found)


def _source(workspace: Workspace, name: str) -> Subject:
    settings = workspace.source_settings(name)
    connector = workspace.connector(f"sources.{name}", settings.connector)
    if not workspace.mapping_file(name).exists():  # one tries a system before one maps it
        wishes = _discovered(connector)
        return Subject(connector, wishes, wishes[0].object if len(wishes) == 1 else None)
    document = workspace.mapping(name)
    fed = mode_of(settings, document) is Mode.FEED
    cursor = _column(document.cursor) if document.cursor is not None else None
    wish = Wish(document.object, _column(document.key), cursor, feed=fed)
    return Subject(connector, (wish,), document.object)


def _discovered(connector: Connector) -> tuple[Wish, ...]:
    """Return what a system says that there is; nothing where it does not answer."""
    try:
        found = connector.discover() if isinstance(connector, Discoverable) else ()
    except ConnectorError:  # the first rule of the trial tells it, with the mend
        return ()
    return tuple(Wish(each.name, each.key[0] if len(each.key) == 1 else None) for each in found)


def _target(workspace: Workspace, name: str) -> Subject:
    connector = workspace.connector(f"targets.{name}", workspace.target_settings(name).connector)
    push = workspace.push(name)
    held = [test.expect for test in push.tests if not any(p.startswith("$") for p in test.expect)]
    attributes = {path: value for path, value in (held[0] if held else {}).items()
                  if path != push.key_path and value is not None}  # fmt: skip
    return Subject(connector, (), push.object, attributes)


def _described(name: str, base: Path, settings: Sequence[str]) -> Subject:
    given = {"file": name, **pairs(settings, "--set")}
    try:
        connector = build("rest", given, base)
    except SettingsError as error:
        lines = [f"{each} (say it by --set)" if each.path[0] != "file" else str(each)
                 for each in error.problems]  # fmt: skip
        raise ProjectError("\n".join(lines)) from None
    except MisconfiguredError as error:
        raise ProjectError(str(error)) from None
    if not isinstance(connector, Rest):
        raise TypeError(type(connector))
    readable = {each: wanted for each, wanted in connector.objects.items() if wanted.readable}
    written = [each for each, wanted in connector.objects.items() if wanted.write]
    wishes = tuple(
        Wish(each, wanted.key, feed=wanted.delta is not None) for each, wanted in readable.items()
    )
    return Subject(connector, wishes, written[0] if written else None)


def _column(node: exp.Expr) -> str | None:
    """Return the column an expression is about; None when it is not exactly one."""
    names = {column.name for column in node.find_all(exp.Column)}
    return names.pop() if len(names) == 1 else None


def _value(text: str) -> Any:
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return value if isinstance(value, bool | int | float) else text
