"""What a run of provisioning is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from connectors.contract import Connector, Target
from idp_core.provisioning.model import PlanRecord, PlanStatus
from pipelines.control import Halting, Unhalted
from pipelines.errors import RemoteError
from pipelines.provision.apply import Patience
from pipelines.provision.guards import Limits, Verdict
from pipelines.provision.matching import Said
from pipelines.provision.order import Order
from pipelines.provision.plan import Plan
from pipelines.provision.recover import Recovered
from pipelines.provision.rules import Person, Push
from pipelines.provision.writing import DeadLetter, Keep


@dataclass(frozen=True, slots=True)
class Stored:
    """Where the people of a job are stored, so that those who did not change need not be read.

    `digests` selects the global id and the digest of each; `named` gives those of these ids.
    """

    digests: sa.Select[str, str] = field(repr=False)
    named: Callable[[Collection[str]], Iterable[Person]]


@dataclass(frozen=True, slots=True)
class Job:
    """One target to provision. `people` may be called more than once, each time from the start;
    `stored` tells where they are, if they are in the database of `engine`.

    `redirects` maps merged global ids to the one that stayed, `erased` are people to delete
    everywhere. With `everything` the whole target is read and drift is reported; `correct_drift`
    writes it back; with `changed` the accounts of changed profiles are looked at before planning;
    `control` may pause or end the writing; `order` is who ordered it, for the audit log;
    `again` are people whose changes are sent even if the target refused these very ones before;
    `said` is what people said of accounts of the target, by the global id it is about.
    """

    name: str
    engine: sa.Engine
    target: Target
    push: Push
    people: Callable[[], Iterable[Person]]
    redirects: Mapping[str, str] = field(default_factory=dict)
    erased: Collection[str] = ()
    limits: Limits = field(default_factory=Limits)
    everything: bool = False
    correct_drift: bool = False
    changed: bool = False
    keep: Keep | None = None
    progress: Callable[[int, int], None] | None = None
    patience: Patience = field(default_factory=Patience)
    control: Halting = field(default_factory=Unhalted)
    order: Order | None = None
    again: Collection[str] = ()
    stored: Stored | None = None
    said: Mapping[str, Said] = field(default_factory=dict)

    @property
    def unique(self) -> Collection[str]:
        """Attributes of which the target lets no two accounts hold one value."""
        return self.target.unique if isinstance(self.target, Connector) else ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A stored plan and what the guards say of it.

    `tried` are the global ids whose writes were refused before and are tried again, with the
    reasons.
    """

    plan: Plan
    record: PlanRecord
    verdict: Verdict
    recovered: Recovered
    tried: Mapping[str, str] = field(default_factory=dict)

    @property
    def held(self) -> bool:
        """Whether the guards hold it and nobody allowed it."""
        return self.record.status is PlanStatus.WAITING


@dataclass(frozen=True, slots=True)
class Report:
    """What came of applying a plan: counts, and the changes that a person should look at.

    `done` counts writes by action, `taken_over` accounts that became ours without a write, `held`
    the items that wait for approval, `unsettled` those whose outcome is asked for at the next run;
    `trouble` is the last thing that hindered one, in words without values.
    """

    plan_id: str
    hash: str
    target: str
    done: Mapping[str, int]
    taken_over: int
    held: int
    unsettled: int
    seconds: float
    letters: Sequence[DeadLetter] = field(default=(), repr=False)
    trouble: str = ""

    @property
    def problems(self) -> Sequence[RemoteError]:
        """The line about changes that the target gave no clear answer to, if there are any."""
        if not self.unsettled:
            return ()
        why = f" ({self.trouble})" if self.trouble else ""
        return (
            RemoteError(
                f"{self.target}: changes without a clear answer: {self.unsettled:,}{why}; what was "
                "done is kept, the next run asks what became of these"
            ),
        )
