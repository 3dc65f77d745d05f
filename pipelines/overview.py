"""What a project reads and writes, and how each source and target stands; no customer's value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from connectors.contract import Checkable, Connector, Discoverable, ObjectSchema
from connectors.errors import ConnectorError
from idp_core.db.engine import reading
from idp_core.ledger import store as ledger
from idp_core.ledger.store import Step, StepStatus
from idp_core.profiles import store
from idp_core.provisioning import accounts
from idp_core.provisioning.quarantine import read_quarantine
from mappings.suggest import did_you_mean
from pipelines.authoring.samples import find_object
from pipelines.bus import Bus, Workspace
from pipelines.errors import JobError, ProjectError, RemoteError
from pipelines.reading import mode_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last time a step ran for a source or target: `error` is one line, `rows` its count."""

    run: str
    at: datetime | None
    status: StepStatus
    rows: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class SourceStanding:
    """One source. `problem` says why its mapping cannot be used; then nothing is known of a mode.

    `cursor` is the time it has been read up to, None where its position is no time or there is
    none; `records` are its live source profiles, `letters` open dead letters, `pending` rows that
    landed and are not taken in yet.
    """

    name: str
    type: str
    mapping: Path
    object: str | None = None
    mode: str | None = None
    problem: str | None = None
    last: LastRun | None = None
    cursor: datetime | None = None
    records: int = 0
    letters: int = 0
    pending: int = 0


@dataclass(frozen=True, slots=True)
class TargetStanding:
    """One target. `accounts` counts what it holds of us by state, `letters` open dead letters;
    `quarantine` is the reason why it is in one.
    """

    name: str
    type: str
    push: Path
    object: str | None = None
    problem: str | None = None
    last: LastRun | None = None
    accounts: Mapping[str, int] = field(default_factory=dict)
    letters: int = 0
    quarantine: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a system said when it was asked who it is; `reached` is None for one that cannot be."""

    reached: bool | None
    said: str


def standing(bus: Bus) -> tuple[list[SourceStanding], list[TargetStanding]]:
    """Return how every source and target stands."""
    with reading(bus.engine) as conn:
        steps = ledger.last_steps(conn)
        letters: dict[str, int] = {}
        for (name, stage), count in ledger.count_letters(conn).items():
            kind = "target" if stage == "apply" else "source"
            letters[f"{kind} {name}"] = letters.get(f"{kind} {name}", 0) + count
        records = store.counts_by_source(conn)
        sources = [
            _source(bus, conn, name, steps, records, letters) for name in bus.project.sources
        ]
        targets = [_target(bus, conn, name, steps, letters) for name in bus.project.targets]
    return sources, targets


_Steps = Mapping[tuple[str, str], Step]


def _source(
    bus: Bus,
    conn: sa.Connection,
    name: str,
    steps: _Steps,
    records: Mapping[str, int],
    letters: Mapping[str, int],
) -> SourceStanding:
    settings = bus.source_settings(name)
    document, problem = _or_problem(lambda: bus.mapping(name))
    known = document and ledger.read_cursor_of(conn, name, document.object)
    return SourceStanding(
        name=name,
        type=str(settings.connector.get("type")),
        mapping=bus.mapping_file(name),
        object=document.object if document else None,
        mode=mode_of(settings, document) if document else None,
        problem=problem,
        last=_last(steps.get(("extract", name)), "rows"),
        cursor=_time(known.value) if known else None,
        records=records.get(name, 0),
        letters=letters.get(f"source {name}", 0),
        pending=sum(page.rows for page in ledger.pages_to_map(conn, name)),
    )


def _target(
    bus: Bus, conn: sa.Connection, name: str, steps: _Steps, letters: Mapping[str, int]
) -> TargetStanding:
    document, problem = _or_problem(lambda: bus.push(name))
    held = accounts.count_accounts(conn, name, document.object) if document else {}
    kept = read_quarantine(conn, name)
    return TargetStanding(
        name=name,
        type=str(bus.target_settings(name).connector.get("type")),
        push=bus.push_file(name),
        object=document.object if document else None,
        problem=problem,
        last=_last(steps.get(("plan", name)), None),
        accounts={state.value: count for state, count in held.items()},
        letters=letters.get(f"target {name}", 0),
        quarantine=kept.reason if kept else None,
    )


def _or_problem(read: Callable[[], T]) -> tuple[T | None, str | None]:
    try:
        return read(), None
    except ProjectError as error:
        return None, str(error)


def _last(step: Step | None, count: str | None) -> LastRun | None:
    if step is None:
        return None
    rows = step.counts.get(count) if count else None
    return LastRun(step.run, step.ended_at or step.started_at, step.status, rows, step.error)


def _time(value: str) -> datetime | None:
    if "-" not in value:  # a number is no day, though it may look like one
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def ask(workspace: Workspace, sources: Sequence[str], targets: Sequence[str]) -> dict[str, Answer]:
    """Ask systems who they are, all at once; by ``sources.<name>`` and ``targets.<name>``."""
    settings = {f"sources.{n}": workspace.source_settings(n).connector for n in sources}
    settings |= {f"targets.{n}": workspace.target_settings(n).connector for n in targets}
    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = pool.map(lambda where: _ask(workspace, where, settings[where]), settings)
        return dict(zip(settings, answers, strict=True))


def _ask(workspace: Workspace, where: str, settings: Mapping[str, object]) -> Answer:
    try:
        connector: Connector = workspace.connector(where, settings)
        if where.startswith("targets."):
            connector = workspace.as_pinned(where.removeprefix("targets."), connector)
        if not isinstance(connector, Checkable):
            return Answer(None, "cannot say whether it is there")
        health = connector.check()
    except (ProjectError, ConnectorError) as error:
        return Answer(False, str(error))  # noqa: FBT003 (what was answered)
    more = ", ".join(f"{name} {value}" for name, value in health.details.items())
    return Answer(True, f"{health.identity}{f' ({more})' if more else ''}")  # noqa: FBT003


def describe(workspace: Workspace, name: str) -> tuple[ObjectSchema, ...]:
    """Return what a source, or else a target, says of its objects and their columns.

    Raises ProjectError for an unknown name, RemoteError, JobError when it cannot say.
    """
    project = workspace.project
    if name in project.sources:
        connector = workspace.connector(f"sources.{name}", project.sources[name].connector)
    elif name in project.targets:
        connector = workspace.connector(f"targets.{name}", project.targets[name].connector)
    else:
        names = [*project.sources, *project.targets]
        raise ProjectError(f"no source or target {name!r}{did_you_mean(name, names)}")
    if not isinstance(connector, Discoverable):
        raise JobError(f"{name}: type {connector.type!r} cannot list its columns")
    try:
        return connector.discover()
    except ConnectorError as error:
        raise RemoteError(f"{name}: {error}") from error


def object_in_use(
    workspace: Workspace, name: str, objects: tuple[ObjectSchema, ...]
) -> ObjectSchema | None:
    """Return the object that the mapping of a source or target is about, None if none is known."""
    read = workspace.mapping if name in workspace.project.sources else workspace.push
    document, _ = _or_problem(lambda: read(name))
    return find_object(objects, document.object) if document else None
