"""The sandbox's view of a project: its jobs, and what came of them in the sandbox's words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console

from idp_core.db.engine import reading
from idp_core.errors import UnknownProfileError
from idp_core.ledger import store as ledger
from idp_core.profiles import store
from idp_core.profiles.model import Profile, SourceRef
from pipelines.bus import Bus, open_bus
from pipelines.cli.watch import watching
from pipelines.jobs import RunReport, sync
from pipelines.project import Project, load_project
from pipelines.pushing import Provisioned
from pipelines.sandbox.job import Outcome, Refusal
from pipelines.sandbox.story import PlanStory


class DemoJob:
    """A project that the demo runs and asks; its database is open only during a call."""

    def __init__(self, folder: Path, console: Console) -> None:
        self._project: Project = load_project(folder)
        self._console = console

    def sync(self) -> Outcome:
        """Run the whole job. Raises the first problem of a source or target."""
        with open_bus(self._project) as bus:
            with watching(self._console) as watch:
                report = sync(bus, trigger="demo", watch=watch)
            if report.problems:
                raise report.problems[0]
            return _outcome(bus, report)

    def links(self) -> Iterable[tuple[SourceRef, str]]:
        """Which profile each source record belongs to."""
        with open_bus(self._project) as bus, reading(bus.engine) as conn:
            return list(store.read_links(conn).items())

    def profile(self, gid: str) -> Profile | None:
        """A golden profile, None when there is none."""
        with open_bus(self._project) as bus, reading(bus.engine) as conn:
            try:
                return store.get(conn, gid, schema=bus.schema)
            except UnknownProfileError:
                return None


def _outcome(bus: Bus, report: RunReport) -> Outcome:
    with reading(bus.engine) as conn:
        letters = ledger.list_letters(conn)
    taken = report.taken
    portal, *others = report.targets.items()
    return Outcome(
        read=dict(report.read),
        changed={n: t.inserted + t.changed + t.deleted for n, t in taken.items()},
        refused=[Refusal(x.source, x.key, x.stage, _reason(x.reasons)) for x in letters],
        events=_events(report),
        plan=_plan(*portal),
        steps=report.steps,
        further=[_plan(*each) for each in others],
    )


def _events(report: RunReport) -> Counter[str]:
    events = Counter(report.unified.events)
    events["profile.changed"] += report.golden.get("changed", 0)
    return +events


def _reason(reasons: Sequence[object]) -> str:
    first = reasons[0] if reasons else {}
    said = first if isinstance(first, dict) else {}
    field = said.get("field")
    return f"{field}: {said.get('reason')}" if field else str(said.get("reason"))


def _plan(name: str, provisioned: Provisioned) -> PlanStory:
    done = provisioned.report
    counts = provisioned.prepared.plan.counts
    return PlanStory(
        target=name,
        actions={k: v for k, v in counts.items() if v and k != "unchanged"},
        applied=sum(done.done.values()) if done else 0,
        failed=len(done.letters) if done else 0,
    )
