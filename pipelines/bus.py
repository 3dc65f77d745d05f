"""A project opened: its files read and checked, its database ready. What every job is given.

A `Workspace` is the files alone; a `Bus` has the database, too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
import yaml
from pydantic import BaseModel

from connectors.contract import Connector, Probeable, Source, Target
from connectors.errors import MisconfiguredError
from connectors.problems import SettingsError
from connectors.registry import build, names
from connectors.yamlfile import FileError
from idp_core.db import schema as db_schema
from idp_core.errors import CoreError
from idp_core.profiles import policy, survivorship_rules
from idp_core.settings import Settings
from mappings.document import load_mapping
from mappings.errors import MappingError, Problem
from mappings.extension import load_schema
from mappings.push import PushDocument, load_push
from mappings.schema import CUSTOMER, Schema
from mappings.tree import Document
from pipelines.database import audit_key, is_shared, open_database, reached, used
from pipelines.errors import ProjectError
from pipelines.project import PUSH, Project, SourceSettings, TargetSettings, text_of
from pipelines.resolve import modelfile
from pipelines.resolve.stage import Stage

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """A project's files, read and checked when they are asked for; no database is touched."""

    project: Project
    schema: Schema = field(default=CUSTOMER)

    @property
    def graph(self) -> Path:
        """Where resolution keeps what it knew."""
        return self.project.data_folder / "graph.duckdb"

    @property
    def landing(self) -> Path:
        """Where pages land."""
        return self.project.data_folder / "landing"

    def source_settings(self, name: str) -> SourceSettings:
        """Return a source of the project; ProjectError names the known ones."""
        return _known("source", name, self.project.sources)

    def target_settings(self, name: str) -> TargetSettings:
        """Return a target of the project; ProjectError names the known ones."""
        return _known("target", name, self.project.targets)

    def mapping(self, source: str) -> Document:
        """Read and check a source's mapping."""
        return self.mapping_at(source, self.mapping_file(source))

    def mapping_file(self, source: str) -> Path:
        """Where a source's mapping stands."""
        return self.project.path(self.source_settings(source).mapping, f"mappings/{source}.yaml")

    def suite_file(self, source: str) -> Path:
        """Where a source's own suite stands, if it has one."""
        return self.project.path(self.source_settings(source).quality, f"quality/{source}.json")

    def mapping_at(self, source: str, file: Path) -> Document:
        """Read and check a mapping of a source that stands in another file."""
        try:
            document = load_mapping(text_of(file), str(file), self.schema)
            self.require_connector(source, document)
        except MappingError as error:
            raise ProjectError(str(error)) from None
        return document

    def require_connector(self, source: str, document: Document) -> None:
        """Raise MappingError when a mapping was written for another type of source."""
        said = self.source_settings(source).connector.get("type")
        if document.connector != said:
            if said not in names():
                self.source(source)  # tells that its type is none
            message = f"is {document.connector!r}, but source {source!r} is of type {said!r}"
            raise MappingError([Problem(document.place, "from.connector", message)])

    def push(self, target: str) -> PushDocument:
        """Read and check a target's push mapping."""
        return self.push_at(target, self.push_file(target))

    def push_at(self, target: str, file: Path) -> PushDocument:
        """Read and check a push mapping of a target that stands in another file."""
        self.target_settings(target)
        try:
            push = load_push(text_of(file), str(file), self.schema)
        except MappingError as error:
            raise ProjectError(str(error)) from None
        if self.project.policies.purpose == "required" and not push.purpose:
            place = self.project.place(("policies", "purpose"))
            raise ProjectError(
                f"{file}: the key 'purpose' is missing, and {place} policies.purpose asks for it: "
                f"say in words what {target} has the data for"
            )
        return push

    def push_file(self, target: str) -> Path:
        """Where a target's push mapping stands."""
        return self.project.path(self.target_settings(target).push, f"mappings/{target}.push.yaml")

    def source(self, name: str) -> Source:
        """Build the connector of a source."""
        connector = self.connector(f"sources.{name}", self.source_settings(name).connector)
        if not isinstance(connector, Source):
            raise ProjectError(self._unfit("sources", name, "read from"))
        return connector

    def target(self, name: str) -> Target:
        """Build the connector of a target."""
        connector = self.connector(f"targets.{name}", self.target_settings(name).connector)
        if not isinstance(connector, Target):
            raise ProjectError(self._unfit("targets", name, "written to"))
        kept = self.as_pinned(name, connector)
        return kept if isinstance(kept, Target) else connector

    def as_pinned(self, target: str, connector: Connector) -> Connector:
        """Return the connector of a target, keeping to the quirks that are pinned for it."""
        quirks = self.quirks(target)
        if quirks is None or not isinstance(connector, Probeable):
            return connector
        try:
            return connector.pinned(quirks)
        except MisconfiguredError as error:
            raise ProjectError(f"{self.quirks_file(target)}: {error}") from None

    def quirks_file(self, target: str) -> Path:
        """Where it stands what a target does otherwise than its standard says, if it was probed."""
        return self.project.folder / "quirks" / f"{target}.yaml"

    def quirks(self, target: str) -> Mapping[str, object] | None:
        """Return the pinned quirks of a target; None when it was never probed."""
        file = self.quirks_file(target)
        if not file.exists():
            return None
        try:
            found = yaml.safe_load(text_of(file))
        except yaml.YAMLError:
            found = None
        if not isinstance(found, dict):
            raise ProjectError(
                f"{file}: is no list of quirks; isthmus doctor --probe {target} --pin"
            )
        return found

    def _unfit(self, kind: str, name: str, use: str) -> str:
        place = self.project.place((kind, name, "connector", "type"))
        return f"{place} {kind}.{name}.connector.type: cannot be {use}; name another type"

    def connector(self, where: str, settings: Mapping[str, object]) -> Connector:
        """Build a connector; ProjectError names each wrong setting and its place."""
        more = dict(settings)
        kind = more.pop("type", None)
        above = (*where.split(".", 1), "connector")
        if not isinstance(kind, str):
            raise ProjectError(
                f"{self.project.place(above)} {where}.connector: the key 'type' is missing"
            )
        try:
            connector = build(kind, more, self.project.folder)
        except SettingsError as error:
            raise ProjectError(
                "\n".join(
                    f"{self.project.place((*above, *each.path))} {where}.connector.{each}"
                    for each in error.problems
                )
            ) from None
        except FileError as error:
            raise ProjectError(str(error)) from None
        except MisconfiguredError as error:
            place = self.project.place((*above, "type"))
            raise ProjectError(f"{place} {where}.connector: {error}") from None
        if kind == PUSH:
            from pipelines.inboxes import with_inbox

            source = where.removeprefix("sources.")
            return with_inbox(connector, self.project, source, self.opened if self.shared else None)
        return connector

    @property
    def shared(self) -> bool:
        """Whether the database is one that several hosts may share."""
        return is_shared(self.project)

    @contextmanager
    def opened(self) -> Iterator[sa.Engine]:
        """Give an engine of the project's database, which must be at the newest version."""
        with open_database(self.project) as engine, reached(engine):
            db_schema.require_head(engine)
            yield engine

    @cached_property
    def identifiers(self) -> policy.IdentifierPolicy:
        """The identifier policy: the project's own or the built-in one."""
        file = self.project.policies.identifiers
        try:
            return policy.read(self.project.folder / file) if file else policy.default()
        except CoreError as error:
            raise ProjectError(str(error)) from None

    @cached_property
    def stage(self) -> Stage | None:
        """The probabilistic stage with the project's model or the built-in one; None when off."""
        policies = self.project.policies
        if not policies.likeness:
            return None
        file = policies.model and self.project.folder / policies.model
        try:
            model = modelfile.read(file) if file else modelfile.default()
            model.check(self.identifiers)
        except (CoreError, ValueError) as error:
            where = f"{file}:1:1 " if file and not isinstance(error, CoreError) else ""
            raise ProjectError(f"{where}{error}") from None
        return Stage(model, self.project.data_folder / "models", policies.spark)

    @cached_property
    def survivorship(self) -> survivorship_rules.SurvivorshipRules:
        """The survivorship rules: the project's own or the built-in ones."""
        file = self.project.policies.survivorship
        rules = survivorship_rules
        try:
            return rules.read(self.project.folder / file, self.schema) if file else rules.default()
        except CoreError as error:
            raise ProjectError(str(error)) from None


@dataclass(frozen=True, kw_only=True)
class Bus(Workspace):
    """A project and its open database."""

    engine: sa.Engine

    @property
    def shared(self) -> bool:
        """Whether the database is one that several hosts may share."""
        return self.engine.dialect.name != "sqlite"

    @cached_property
    def audit_key(self) -> bytes:
        """The key of the audit log. Raises ProjectError when it is not the log's own."""
        return audit_key(self.project, self.engine)

    @contextmanager
    def opened(self) -> Iterator[sa.Engine]:
        """Give the engine."""
        yield self.engine


def open_workspace(project: Project) -> Workspace:
    """Open a project's files alone. Raises ProjectError when its own attributes are wrong."""
    file = project.attributes
    if file is None:
        return Workspace(project=project)
    path = project.folder / file
    try:
        return Workspace(project=project, schema=load_schema(text_of(path), str(path)))
    except MappingError as error:
        raise ProjectError(str(error)) from None


def fingerprint(*policies: BaseModel) -> int:
    """Return a number for what policies say; it fits any database's BIGINT and is never 0."""
    text = json.dumps(_canonical(policies), sort_keys=True)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7]) + 1


def _canonical(value: object) -> object:
    """Return plain data with the members of sets in one order: theirs differs between runs."""
    if isinstance(value, BaseModel):
        return {name: _canonical(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        return {str(key): _canonical(each) for key, each in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(str(each) for each in value)
    if isinstance(value, list | tuple):
        return [_canonical(each) for each in value]
    return str(value)


@contextmanager
def open_bus(
    project: Project, *, upgrade: bool = True, settings: Settings | None = None
) -> Iterator[Bus]:
    """Open a project's database (made, or brought to the newest schema, when it is not).

    Without `settings` the environment's count. Raises ProjectError for what a person has to mend,
    RemoteError when the database cannot be used.
    """
    files = open_workspace(project)
    with open_database(project, settings) as engine:
        with reached(engine):
            if upgrade:
                db_schema.upgrade(engine)
            else:
                db_schema.require_head(engine)
        with used(engine):
            yield Bus(project=project, schema=files.schema, engine=engine)


def _known(kind: str, name: str, known: Mapping[str, T]) -> T:
    try:
        return known[name]
    except KeyError:
        listed = ", ".join(sorted(known)) or "none"
        raise ProjectError(f"no {kind} {name!r} in isthmus.yaml; there is {listed}") from None
