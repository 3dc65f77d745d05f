"""What the demo asks of the rest of Isthmus: the one seam between the sandbox and the pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from idp_core.profiles.model import Profile, SourceRef
from pipelines.sandbox.story import PlanStory


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that did not pass and is kept aside: `key` is None where no key could be read.

    `stage` is the ledger's word for where it stopped (``read``, ``map``, ``check``), `reason`
    names the field and what is wrong with it, without the value.
    """

    source: str
    key: str | None
    stage: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run of the job did. Counts are by source; `events` by the words of `EventKind`.

    `refused` is everything that is kept aside by now, not only what this run refused. `plan` is
    that of the portal, `further` are those of other targets.
    """

    read: Mapping[str, int]
    changed: Mapping[str, int]
    refused: Sequence[Refusal]
    events: Mapping[str, int]
    plan: PlanStory
    steps: Sequence[tuple[str, float]] = ()
    further: Sequence[PlanStory] = ()


class Job(Protocol):
    """An Isthmus project that can be run and asked."""

    def sync(self) -> Outcome:
        """Run the whole job: read, unify, plan, apply."""

    def links(self) -> Iterable[tuple[SourceRef, str]]:
        """Which profile each source record belongs to."""

    def profile(self, gid: str) -> Profile | None:
        """A golden profile with its lineage and members; None when there is none (any more)."""
