"""Provisioning one target: its accounts, then what refers to them, then its groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from connectors.contract import Action
from pipelines.bus import Bus
from pipelines.errors import JobError
from pipelines.provision import run as provisioning
from pipelines.running import Steps
from pipelines.targets import Wish, groups_job, provisioning_job, settle


@dataclass(frozen=True, slots=True)
class Provisioned:
    """One target: the plan and what came of it; `report` is None when it was only planned."""

    prepared: provisioning.Prepared
    report: provisioning.Report | None = None

    @property
    def problems(self) -> Sequence[JobError]:
        """What a person should know of the changes that were sent."""
        return self.report.problems if self.report else ()


def provision(
    bus: Bus, steps: Steps, target: str, *, apply: bool, wish: Wish | None = None
) -> Iterator[tuple[str, Provisioned]]:
    """Yield the plan of a target's accounts with what came of it, and then that of its groups.

    Values that refer to accounts which the first plan made are a plan of their own in between.
    Raises what `pipelines.provision.run` does.
    """
    job = provisioning_job(bus, target, steps.run, wish=wish)
    made = _step(steps, job, target, apply=apply)
    yield target, made
    yield from following(bus, steps, job, made, apply=apply, wish=wish)


def following(
    bus: Bus,
    steps: Steps,
    job: provisioning.Job,
    made: Provisioned,
    *,
    apply: bool,
    wish: Wish | None = None,
) -> Iterator[tuple[str, Provisioned]]:
    """Yield what follows the accounts of a job's target: the plans of references and of groups."""
    target = job.name
    created = made.report is not None and made.report.done.get(Action.CREATE)
    if created and made.prepared.plan.waiting:
        title = f"{target} references"
        yield title, _step(steps, replace(job, everything=False), title, apply=apply)
    groups = groups_job(bus, target, steps.run, wish=wish)
    if groups is not None:
        title = f"{target} groups"
        yield title, _step(steps, groups, title, apply=apply)


def _step(steps: Steps, job: provisioning.Job, title: str, *, apply: bool) -> Provisioned:
    with steps.step("plan", title) as (progress, counts):
        prepared = provisioning.prepare(replace(job, progress=progress))
        settle(job, prepared)
        counts.update({"plan": prepared.record.hash[:12], **prepared.plan.counts})
    if not apply:
        return Provisioned(prepared)
    with steps.step("apply", title) as (progress, counts):
        told = steps.telling("apply", title, progress)
        job = replace(job, progress=told, control=steps.control)
        report = provisioning.execute(job, prepared)
        settle(job, prepared)
        counts.update(report.done)
    return Provisioned(prepared, report)
