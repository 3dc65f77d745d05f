"""The jobs: plain functions that the command line, Dagster and Airflow call alike.

`sync` is all of them in their order: extract and take in each source, resolve, build golden
profiles, then plan and apply each target. Each step commits what it did; a run that is killed is
followed by one that goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from functools import partial

import sqlalchemy as sa
import structlog

from idp_core.db.engine import reading, writing
from idp_core.ledger import store as ledger
from idp_core.profiles import store
from pipelines.applied import keep_applied
from pipelines.bus import Bus, fingerprint
from pipelines.errors import JobError, StoppedError
from pipelines.extract import KEEP_LANDED, extract, forget_mapped_files
from pipelines.intake import Taken, intake
from pipelines.progress import Progress, silent
from pipelines.provision import run as provisioning
from pipelines.provision.compile import compile_push
from pipelines.provision.guards import read_limits
from pipelines.provision.rules import Person
from pipelines.provision.writing import DeadLetter
from pipelines.running import Steps, Watch, quiet, running
from pipelines.suites import suite_of
from pipelines.unify import Unified, golden_step, resolve_step

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Provisioned:
    """One target: the plan and what came of it; `report` is None when it was only planned."""

    prepared: provisioning.Prepared
    report: provisioning.Report | None = None


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did. `steps` are titles with seconds; `problems` lines for a person."""

    run: str
    read: Mapping[str, int] = field(default_factory=dict)
    taken: Mapping[str, Taken] = field(default_factory=dict)
    unified: Unified = field(default_factory=Unified)
    golden: Mapping[str, int] = field(default_factory=dict)
    targets: Mapping[str, Provisioned] = field(default_factory=dict)
    steps: Sequence[tuple[str, float]] = ()
    problems: Sequence[JobError] = ()


def sync(  # noqa: PLR0913 (each is a wish of its own)
    bus: Bus,
    *,
    sources: Sequence[str] | None = None,
    targets: Sequence[str] | None = None,
    unify: bool = True,
    apply: bool = True,
    job: str = "sync",
    trigger: str = "manual",
    watch: Watch = quiet,
) -> RunReport:
    """Run the whole job; None means all sources or targets, and without `apply` it only plans,
    without `unify` it leaves profiles as they are. The ledger calls it `job`.

    A source or target that cannot be used, or that a safety limit stops, is left as it was and
    told in `problems`; the others go on. Raises BusyError when another run of the project is on.
    """
    with running(bus, job, trigger) as begun:
        steps = Steps(bus, begun.id, watch)
        report = RunReport(begun.id)
        problems: list[JobError] = []
        for name in bus.project.sources if sources is None else sources:
            report = _attempt(problems, report, partial(_take_in, bus, steps, name))
        if unify:
            report = _unify(bus, steps, report)
        for name in bus.project.targets if targets is None else targets:
            work = partial(_provision, bus, steps, name, apply=apply)
            report = _attempt(problems, report, work)
        forget_mapped_files(bus, datetime.now(UTC) - KEEP_LANDED)
        report = replace(report, steps=tuple(steps.seconds), problems=tuple(problems))
        _end(bus, report)
    return report


def _attempt(
    problems: list[JobError], report: RunReport, work: Callable[[RunReport], RunReport]
) -> RunReport:
    try:
        return work(report)
    except JobError as error:
        problems.append(error)
        return report


def _end(bus: Bus, report: RunReport) -> None:
    status = ledger.RunStatus.SUCCEEDED
    if report.problems:
        stopped = all(isinstance(problem, StoppedError) for problem in report.problems)
        status = ledger.RunStatus.STOPPED if stopped else ledger.RunStatus.FAILED
    counts = {
        "read": sum(report.read.values()),
        "dead": sum(taken.dead for taken in report.taken.values()),
        "events": sum(report.unified.events.values()),
        "golden": dict(report.golden),
    }
    line = "; ".join(str(problem) for problem in report.problems) or None
    with writing(bus.engine) as conn:
        ledger.end_run(conn, report.run, status, counts=counts, error=line)


def _take_in(bus: Bus, steps: Steps, source: str, report: RunReport) -> RunReport:
    document = bus.mapping(source)
    suite = suite_of(bus, source, document, today=datetime.now(UTC).date())
    with steps.step("extract", source) as (progress, counts):
        rows = extract(bus, steps.run, source, document, progress=progress)
        counts["rows"] = rows
    with steps.step("intake", source) as (progress, counts):
        taken = intake(bus, steps.run, source, document, suite, progress=progress)
        counts.update({k: v for k, v in asdict(taken).items() if isinstance(v, int)})
    keep_applied(bus, source, document)
    return replace(
        report, read={**report.read, source: rows}, taken={**report.taken, source: taken}
    )


def _unify(bus: Bus, steps: Steps, report: RunReport) -> RunReport:
    with steps.step("resolve") as (_, counts):
        number = fingerprint(bus.identifiers)
        unified = resolve_step(bus.engine, bus.identifiers, bus.schema, fingerprint=number)
        counts.update(unified.counts)
    with steps.step("golden") as (progress, counts):
        number = fingerprint(bus.survivorship)
        golden = golden_step(
            bus.engine, bus.survivorship, bus.schema, fingerprint=number, progress=progress
        )
        counts.update(golden)
    return replace(report, unified=unified, golden=golden)


def provisioning_job(
    bus: Bus, target: str, run: str, *, progress: Progress = silent
) -> provisioning.Job:
    """Return what `pipelines.provision.run` needs to plan and apply one target."""
    settings = bus.target_settings(target)
    with reading(bus.engine) as conn:
        redirects = store.read_redirects(conn)
    return provisioning.Job(
        name=target,
        engine=bus.engine,
        target=bus.target(target),
        push=compile_push(bus.push(target), today=_today),
        people=lambda: _people(bus),
        redirects=redirects,
        limits=read_limits(settings.limits, f"targets.{target}.limits"),
        keep=lambda conn, letters: _keep(conn, run, letters),
        progress=progress,
    )


def _today() -> date:
    return datetime.now(UTC).date()


def _people(bus: Bus) -> Iterator[Person]:
    with reading(bus.engine) as conn:
        for each in store.read_profiles(conn, schema=bus.schema):
            yield Person(each.gid, each.digest, each.attributes, each.lineage)


def _keep(conn: sa.Connection, run: str, letters: Sequence[DeadLetter]) -> None:
    ledger.put_letters(
        conn,
        run,
        [
            ledger.DeadLetter(
                source=letter.target,
                stage="apply",
                key=letter.key,
                place=f"{letter.action} {letter.gid}",
                reasons=[{"field": "", "step": letter.action, "reason": letter.reason}],
                row=letter.document,
            )
            for letter in letters
        ],
    )


def _provision(bus: Bus, steps: Steps, target: str, report: RunReport, *, apply: bool) -> RunReport:
    with steps.step("plan", target) as (progress, counts):
        job = provisioning_job(bus, target, steps.run, progress=progress)
        prepared = provisioning.prepare(job)
        counts.update(prepared.plan.counts)
    planned = Provisioned(prepared)
    report = replace(report, targets={**report.targets, target: planned})
    if not apply:
        return report
    with steps.step("apply", target) as (progress, counts):
        done = provisioning.execute(replace(job, progress=progress), prepared)
        counts.update(done.done)
    return replace(report, targets={**report.targets, target: Provisioned(prepared, done)})
