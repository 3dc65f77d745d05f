"""The jobs: plain functions that the command line, Dagster and Airflow call alike.

`sync` is all of them in their order: extract and take in each source, resolve, build golden
profiles, then plan and apply each target. Each step commits what it did; a run that is killed is
followed by one that goes on from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime

import structlog

from idp_core.profiles.model import SourceRef
from pipelines import approving
from pipelines.applied import keep_applied
from pipelines.bus import Bus, fingerprint
from pipelines.erasing import erase_asked
from pipelines.errors import JobError
from pipelines.extract import KEEP_LANDED, extract, forget_mapped_files
from pipelines.intake import Taken, intake
from pipelines.pushing import Provisioned, provision
from pipelines.running import Steps, Watch, end, noting, quiet, running
from pipelines.suites import suite_of
from pipelines.targets import Wish
from pipelines.unify import Unified, golden_step, resolve_step

log = structlog.get_logger()


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
    wish: Wish | None = None,
    job: str = "sync",
    trigger: str = "manual",
    watch: Watch = quiet,
) -> RunReport:
    """Run the whole job; None means all sources or targets, and without `apply` it only plans,
    without `unify` it leaves profiles as they are; `wish` is how plans are made. The ledger calls
    it `job`.

    A source or target that cannot be used, or that a safety limit stops, is left as it was and
    told in `problems`; the others go on. Raises BusyError when another run of the project is on.
    """
    with running(bus, job, trigger) as begun:
        steps = Steps(bus, begun.id, watch)
        report = RunReport(begun.id)
        problems: list[JobError] = []
        for name in bus.project.sources if sources is None else sources:
            with noting(problems):
                report = _take_in(bus, steps, name, report)
                problems += report.taken[name].problems
                problems += erase_asked(bus, steps, name) if apply else ()
        if unify:
            unified, golden = unify_all(bus, steps)
            report = replace(report, unified=unified, golden=golden)
        for name in bus.project.targets if targets is None else targets:
            with noting(problems):
                for title, each in provision(bus, steps, name, apply=apply, wish=wish):
                    report = replace(report, targets={**report.targets, title: each})
                    problems += each.problems
        forget_mapped_files(bus, datetime.now(UTC) - KEEP_LANDED)
        report = replace(report, steps=tuple(steps.seconds), problems=tuple(problems))
        _end(bus, report)
    return report


def _end(bus: Bus, report: RunReport) -> None:
    counts = {
        "read": sum(report.read.values()),
        "dead": sum(taken.dead for taken in report.taken.values()),
        "events": sum(report.unified.events.values()),
        "golden": dict(report.golden),
        "planned": sum(len(each.prepared.plan.writes) for each in report.targets.values()),
        "applied": sum(
            sum(each.report.done.values()) for each in report.targets.values() if each.report
        ),
    }
    end(bus, report.run, counts, report.problems)


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


def unify_all(
    bus: Bus, steps: Steps, former: Mapping[SourceRef, str] | None = None
) -> tuple[Unified, Mapping[str, int]]:
    """Decide who is one person and build their golden profiles; return what came of both.

    `former` are the ids that records have again where they come apart.
    """
    with steps.step("resolve") as (_, counts):
        approving.require(bus)
        unified = resolve_step(
            bus.engine,
            bus.identifiers,
            bus.schema,
            fingerprint=approving.number_of(bus),
            stage=bus.stage,
            former=former,
            graph=bus.graph,
        )
        counts.update(unified.counts)
    with steps.step("golden") as (progress, counts):
        number = fingerprint(bus.survivorship, bus.identifiers)
        golden = golden_step(
            bus.engine,
            bus.survivorship,
            bus.identifiers,
            bus.schema,
            fingerprint=number,
            progress=progress,
        )
        counts.update(golden)
    return unified, golden
