"""Are the files of a project right: mappings, push files, suites, policies, limits, secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from itertools import chain

from pydantic import BaseModel

from connectors.errors import MisconfiguredError
from connectors.secrets import Secret
from pipelines.authoring.checking import check
from pipelines.authoring.files import choose
from pipelines.bus import Workspace
from pipelines.doctor.findings import Finding, fail, looked, ok, warn
from pipelines.errors import ProjectError
from pipelines.provision.guards import read_limits


def look(workspace: Workspace) -> Iterator[Finding]:
    """Look at the files; nothing remote is asked."""
    yield from _named(workspace)
    yield from _mappings(workspace)
    yield from looked("policies", partial(_policies, workspace))
    for name, target in workspace.project.targets.items():
        where = f"targets.{name}.limits"
        yield from looked(where, partial(_limits, target.limits, where))
    yield from _secrets(workspace)
    yield from _purposes(workspace)
    yield from looked("inboxes", partial(_inboxes, workspace))


def _named(workspace: Workspace) -> Iterator[Finding]:
    project = workspace.project
    sources, targets = ", ".join(project.sources), ", ".join(project.targets)
    said = f"{project.project}; sources: {sources or 'none'}; targets: {targets or 'none'}"
    if project.sources:
        yield ok("project", said)
    else:
        yield warn("project", said, "name a source in isthmus.yaml")


def _mappings(workspace: Workspace) -> Iterator[Finding]:
    found = check(workspace, choose(workspace, []), live=False)
    for each in found:
        lines = chain(map(str, each.problems), each.failures)
        yield from (fail("mappings", line) for line in lines)
    right = sum(each.right for each in found)
    if right:
        yield ok("mappings", f"{right} of {len(found)} mapping and push files are right")


def _policies(workspace: Workspace) -> Iterator[Finding]:
    own = workspace.project.policies
    told = {"identifiers": own.identifiers, "survivorship": own.survivorship, "model": own.model}
    assert workspace.identifiers and workspace.survivorship  # noqa: S101, PT018 (reads them)
    if workspace.stage is None:
        told.pop("model")
    yield ok("policies", ", ".join(f"{name}: {file or 'built in'}" for name, file in told.items()))


def _limits(limits: Mapping[str, object], where: str) -> Iterator[Finding]:
    read_limits(limits, where)
    if limits:
        yield ok(where, ", ".join(limits))


def _purposes(workspace: Workspace) -> Iterator[Finding]:
    """Who gets data for what: a target without a purpose has no reason to have any (GDPR 5.1.b)."""
    for target in workspace.project.targets:
        try:
            push = workspace.push(target)
        except ProjectError:
            continue  # told among the mappings
        if push.purpose:
            yield ok("purposes", f"{target}: {push.purpose}")
        else:
            told = f"{target}: nothing says what it has customers' data for"
            yield warn("purposes", told, f"write purpose: into {workspace.push_file(target)}")


def _inboxes(workspace: Workspace) -> Iterator[Finding]:
    """Where pushed rows wait: in a file, only this host can take and read them."""
    said = {name: each.connector for name, each in workspace.project.sources.items()}
    files = [n for n, each in said.items() if each.get("type") == "push" and each.get("inbox")]
    if files and workspace.shared:
        told = f"{', '.join(files)}: inbox names a file of this host, and the database is shared"
        yield warn("inboxes", told, "leave inbox out, unless one host alone serves and syncs")


def _secrets(workspace: Workspace) -> Iterator[Finding]:
    """Resolve every reference, and show none of what it gives."""
    project = workspace.project
    settings = {f"sources.{n}": s.connector for n, s in project.sources.items()}
    settings |= {f"targets.{n}": t.connector for n, t in project.targets.items()}
    found: dict[Secret, None] = {}
    for where, said in settings.items():
        try:
            found |= dict.fromkeys(secrets_in(workspace.connector(where, said)))
        except ProjectError as error:
            yield from (fail(where, line) for line in str(error).splitlines())
    good = 0
    for secret in found:
        try:
            secret.reveal()
        except MisconfiguredError as error:
            yield fail("secrets", str(error))
        else:
            good += 1
    if good:
        yield ok("secrets", f"{good} of {len(found)} references lead to a secret")


def secrets_in(value: object) -> Iterator[Secret]:
    """Yield the references to secrets in settings, however deep they are."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from secrets_in(getattr(value, name))
    elif is_dataclass(value):
        for each in fields(value):
            yield from secrets_in(getattr(value, each.name))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from secrets_in(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from secrets_in(item)
