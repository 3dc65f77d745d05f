"""Guards: what a plan may do without a person's word. No I/O; nothing was written before.

An empty, halved or mis-keyed source shows as accounts that leave, as creations beyond all measure,
or as far fewer profiles than last time; each guard holds back the kinds of change it is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, NonNegativeInt, ValidationError

from connectors.contract import Action
from connectors.elements import list_of
from mappings.suggest import did_you_mean
from pipelines.errors import ProjectError
from pipelines.provision.groups import MEMBERS, OBJECT
from pipelines.provision.plan import Plan, PlanItem

REMOVALS = frozenset({Action.DEACTIVATE, Action.DELETE})


class Limits(BaseModel):
    """``limits:`` of a target. Percentages are of the accounts active at the target.

    `None` (``~`` in YAML) switches a limit off.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    removals_percent: NonNegativeFloat | None = 5.0
    """Deactivations and deletions, together."""
    removals_free: NonNegativeInt = 3
    """So many removals never count as a percentage: small targets would stop at each one."""
    removals: NonNegativeInt | None = 500
    """Deactivations and deletions, together, as a number."""
    updates_percent: NonNegativeFloat | None = 50.0
    """Accounts that are changed; under twenty of them do not count."""
    creates_percent: NonNegativeFloat | None = 50.0
    """New accounts; under twenty do not count, nor does a target that no plan has yet filled."""
    members_percent: NonNegativeFloat | None = 50.0
    """Of the members of a group that are ours, how many may leave it; under twenty do not count."""
    shrink_percent: NonNegativeFloat | None = 20.0
    """How far the number of profiles may fall since the last plan applied to this target."""


_FEW = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """A limit that is exceeded: which, in a sentence with its figures, and what it holds back."""

    limit: str
    message: str
    holds: frozenset[Action]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guards say of a plan."""

    findings: Sequence[Finding] = ()

    @property
    def safe(self) -> bool:
        """Whether the plan may go on by itself."""
        return not self.findings

    @property
    def held(self) -> frozenset[Action]:
        """The kinds of change that wait for approval."""
        return frozenset().union(*(finding.holds for finding in self.findings))

    def allows(self, item: PlanItem) -> bool:
        """Whether an item belongs to the harmless part."""
        return item.action not in self.held


def read_limits(settings: Mapping[str, Any], where: str) -> Limits:
    """Return the limits of a target from its YAML; ProjectError names what is wrong."""
    try:
        return Limits.model_validate(dict(settings))
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        hint = did_you_mean(name, Limits.model_fields) if first["type"] == "extra_forbidden" else ""
        said = "unknown limit" if hint or first["type"] == "extra_forbidden" else first["msg"]
        raise ProjectError(f"{where}.{name}: {said}{hint}") from None


def judge(plan: Plan, limits: Limits, previous_people: int | None = None) -> Verdict:
    """Compare a plan with the limits.

    `previous_people` is how many profiles the last plan looked at that was applied to this target
    in full; None when the first load is not over.
    """
    return Verdict(tuple(_findings(plan, limits, previous_people)))


def _findings(plan: Plan, limits: Limits, previous: int | None) -> Iterable[Finding]:
    actions = [item.action for item in plan.items if item.action]
    removals = sum(action in REMOVALS for action in actions)
    yield from _removals(plan, limits, removals)
    yield from _share_of(plan, limits.updates_percent, Action.UPDATE, actions)
    if previous is not None:
        yield from _share_of(plan, limits.creates_percent, Action.CREATE, actions)
    yield from _emptied(plan, limits)
    if previous and plan.people < previous and limits.shrink_percent is not None:
        lost = _share(previous - plan.people, previous)
        if lost > limits.shrink_percent and removals:
            said = f"{plan.target}: profiles fell from {previous} to {plan.people}, by {lost:.0f}%"
            yield Finding("shrink_percent", f"{said} > {limits.shrink_percent:g}%", REMOVALS)


def _share_of(
    plan: Plan, percent: float | None, action: Action, actions: Sequence[Action]
) -> Iterable[Finding]:
    count = actions.count(action)
    share = _share(count, plan.managed)
    if percent is not None and plan.managed and count > _FEW and share > percent:
        said = f"{plan.target}: {action.value}s {count} accounts, {share:.0f}% of {plan.managed}"
        yield Finding(f"{action.value}s_percent", f"{said} > {percent:g}%", frozenset({action}))


def _emptied(plan: Plan, limits: Limits) -> Iterable[Finding]:
    """Yield a finding for each group that loses more of our members than it may."""
    if plan.object != OBJECT or limits.members_percent is None:
        return
    for item in plan.items:
        members = [d for d in item.differences if list_of(d.path) == MEMBERS]
        gone = sum(d.after is None for d in members)
        before = gone + sum(list_of(path) == MEMBERS for path in item.account.pushed)
        before -= len(members) - gone
        share = _share(gone, before)
        if gone > _FEW and share > limits.members_percent:
            said = f"{plan.target}: group {item.account.key!r} loses {gone} members, {share:.0f}%"
            told = f"{said} of {before} > {limits.members_percent:g}%"
            yield Finding("members_percent", told, frozenset({Action.UPDATE}))


def _removals(plan: Plan, limits: Limits, removals: int) -> Iterable[Finding]:
    if limits.removals is not None and removals > limits.removals:
        said = f"{plan.target}: removes {removals} accounts > {limits.removals}"
        yield Finding("removals", said, REMOVALS)
    share = _share(removals, plan.managed)
    if (
        limits.removals_percent is not None
        and removals > limits.removals_free
        and share > limits.removals_percent
    ):
        said = f"{plan.target}: removes {removals} accounts, {share:.0f}% of {plan.managed}"
        yield Finding("removals_percent", f"{said} > {limits.removals_percent:g}%", REMOVALS)
    elif removals and not plan.people:
        said = f"{plan.target}: removes {removals} accounts because there are no profiles at all"
        yield Finding("shrink_percent", said, REMOVALS)


def _share(count: int, whole: int) -> float:
    return 100.0 * count / whole if whole else (100.0 if count else 0.0)
