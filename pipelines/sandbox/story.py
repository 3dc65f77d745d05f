"""What the demo has to tell, as plain values: `report` prints them, `demo` gathers them.

Values of customers stand in here on purpose: they are invented, and showing one is the point.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.sandbox.measure import Score


@dataclass(frozen=True, slots=True)
class SourceStory:
    """One source: what it is, what came of its rows. `reasons` counts refused rows by reason."""

    name: str
    system: str
    read: int
    changed: int
    quarantined: int
    reasons: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FlawStory:
    """The rows that are wrong on purpose, and what became of them.

    `caught` counts by stage: ``read`` (no row at all), ``map`` (a step of the mapping), ``check``
    (an expectation of the suite). `missed` counts by source and flaw what went through.
    """

    planted: int
    caught: Mapping[str, int]
    missed: Mapping[str, int]
    wrongly_refused: int


@dataclass(frozen=True, slots=True)
class PlanStory:
    """What the plan for the target said and what became of it. `actions` counts by action."""

    target: str
    actions: Mapping[str, int]
    applied: int = 0
    failed: int = 0
    waiting: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing was to be written; a conflict waits for a person."""
        return not sum(count for action, count in self.actions.items() if action != "conflict")


@dataclass(frozen=True, slots=True)
class TargetStory:
    """What the SCIM server holds, asked of the server itself over HTTP."""

    server: str
    users: int
    active: int
    user: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class ValueStory:
    """One value of a profile and why it has it."""

    attribute: str
    value: str = field(repr=False)
    origin: str
    why: str


@dataclass(frozen=True, slots=True)
class ProfileStory:
    """One customer's profile: the records it is made of, the reason for each value."""

    gid: str
    members: Sequence[str]
    values: Sequence[ValueStory]


@dataclass(frozen=True, slots=True)
class NightStory:
    """One thing that happened at the sources overnight: how often, and one of it followed."""

    what: str
    meaning: str
    count: int
    example: str
    consequence: str


@dataclass(frozen=True, slots=True)
class Story:
    """The whole of a demo run. `steps` are (name, seconds) in order; `next` what to look at.

    `further` are the plans of targets beside the portal, `held` what those say themselves.
    `left_out` are systems that cannot be had here, with the reason and the mend.
    """

    title: str
    sources: Sequence[SourceStory]
    flaws: FlawStory
    score: Score
    events: Mapping[str, int]
    plan: PlanStory
    target: TargetStory
    profile: ProfileStory | None
    steps: Sequence[tuple[str, float]]
    next: Sequence[tuple[str, str]]
    night: Sequence[NightStory] = ()
    further: Sequence[PlanStory] = ()
    held: Sequence[str] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def quiet(self) -> bool:
        """Whether nothing changed anywhere."""
        changed = sum(source.changed for source in self.sources)
        plans = all(plan.empty for plan in (self.plan, *self.further))
        return not changed and not self.events and plans
