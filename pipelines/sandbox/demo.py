"""The demo from start to end: systems up, the job, the story, systems down."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import requests
from rich.console import Console

from pipelines.sandbox import night, processes, report, systems, telling
from pipelines.sandbox.errors import SandboxError
from pipelines.sandbox.job import Job, Outcome
from pipelines.sandbox.measure import score
from pipelines.sandbox.story import NightStory, Story, TargetStory
from pipelines.sandbox.systems import Systems
from pipelines.sandbox.template import write_project
from pipelines.sandbox.wish import Opener, Wish
from pipelines.sandbox.world import World

_NUMBERS = {4: "four", 5: "five", 6: "six", 7: "seven"}
_SHOWN = ("userName", "externalId", "name", "displayName", "emails", "phoneNumbers", "active")


def run_demo(wish: Wish, open_job: Opener, console: Console) -> Story:
    """Run the whole job on the sandbox world, print what came of it and return it."""
    begun = time.monotonic()
    with _up(wish, console) as (running, world):
        job = open_job(write_project(running), console)
        started = time.monotonic() - begun
        story = _story(running, world, job, job.sync(), started)
    report.show(story, console)
    return story


def run_change(wish: Wish, open_job: Opener, console: Console) -> Story:
    """Let a night pass at the sources, run the job again and print only what follows from it.

    Raises SandboxError when there was no demo yet.
    """
    if not systems.Layout(wish.folder).world.exists():
        raise SandboxError("there is nothing to change yet; run the demo first: make demo")
    begun = time.monotonic()
    with _up(wish, console) as (running, world):
        job = open_job(write_project(running), console)
        following = systems.next_day(running, world)
        chosen = night.examples(following.edits)
        truth = whole_truth(running, world) | following.truth()
        before = night.look(job, chosen, truth)
        started = time.monotonic() - begun
        outcome = job.sync()
        told = night.told(following.edits, before, night.look(job, chosen, truth))
        story = _story(running, following, job, outcome, started, told)
    report.show(story, console)
    return story


def run_beside(wish: Wish, command: Callable[[Path], Sequence[str]], console: Console) -> int:
    """Keep the systems up beside a command over the project, until it ends; return its code.

    `command` makes the command line from the project's folder.
    """
    with _up(wish, console) as (running, _):
        folder = write_project(running)
        console.print(f"The systems are up; the project is {folder}. Ctrl-C ends it all.")
        with subprocess.Popen(list(command(folder))) as child:  # noqa: S603 (our own command line)
            try:
                return child.wait()
            except BaseException:
                processes.end(psutil.Process(child.pid))
                raise


@contextmanager
def _up(wish: Wish, console: Console) -> Iterator[tuple[Systems, World]]:
    """Run the systems for a ``with`` block, telling that they are being started."""
    with systems.interruptible(), ExitStack() as stack:
        with console.status("Starting PostgreSQL, an HTTP API, a SCIM server…"):
            asked = (wish.folder, wish.size, wish.seed)
            up = stack.enter_context(systems.running(*asked, full=wish.full))
        yield up


def _story(
    running: Systems,
    world: World,
    job: Job,
    outcome: Outcome,
    started: float,
    told: Sequence[NightStory] = (),
) -> Story:
    begun = time.monotonic()
    truth, gids = whole_truth(running, world), dict(job.links())
    further = [each for each in running.further if not each.target]
    count = _NUMBERS.get(4 + len(further), str(4 + len(further)))
    gid = telling.showpiece(truth, gids)
    profile = job.profile(gid) if gid else None
    target = ask_target(running, gid)
    people = len(set(truth.values()))
    took = time.monotonic() - begun
    return Story(
        title=f"{len(truth):,} records in {count} systems, of {people:,} people"
        if not world.step
        else f"{count.capitalize()} systems after {world.step} night(s), {people:,} people",
        sources=telling.sources_told(outcome, {each.name: each.system for each in further}),
        flaws=telling.flaws_told(world, outcome.refused, truth),
        score=score(gids.items(), truth),
        events=outcome.events,
        plan=outcome.plan,
        target=target,
        profile=telling.profile_told(profile) if profile else None,
        steps=(("starting", started), *outcome.steps, ("asking", took)),
        next=next_steps(running.layout.project, gid),
        night=told,
        further=outcome.further,
        held=[each.told() for each in running.further if each.told],
        left_out=running.left_out,
    )


def whole_truth(running: Systems, world: World) -> dict[tuple[str, str], int]:
    """Who each row is, those of the further systems too."""
    rows = ((e.name, key, who) for e in running.further for key, who in e.truth.items())
    return world.truth() | {(name, key): who for name, key, who in rows}


def ask_target(running: Systems, gid: str | None) -> TargetStory:
    """Ask the SCIM server itself, by plain HTTP and not by our connector, what it holds."""
    server = f"scim2-server {version('scim2-server')}"
    users = _users(running, {"count": "0"})["totalResults"]
    active = _users(running, {"count": "0", "filter": "active eq true"})["totalResults"]
    found = _users(running, {"filter": f'externalId eq "{gid}"'}) if gid else {}
    user = (found.get("Resources") or [{}])[0]
    shown = {name: user[name] for name in _SHOWN if name in user}
    return TargetStory(server, users, active, shown)


def _users(running: Systems, params: Mapping[str, str]) -> dict[str, Any]:
    answer = requests.get(
        f"{running.scim_url}/Users",
        params=dict(params),
        headers={"Authorization": f"Bearer {running.scim_token}"},
        timeout=30,
    )
    answer.raise_for_status()
    body: dict[str, Any] = answer.json()
    return body


def next_steps(project: Path, gid: str | None) -> tuple[tuple[str, str], ...]:
    """Return what to look at next: commands as they can be pasted here, and what they show.

    The systems are stopped by then, so none of them asks one.
    """
    isthmus = f"{_program()} --project {shlex.quote(str(_from_here(project)))}"
    why = ((f"{isthmus} profile why {gid}", "every value of a profile and its reason"),)
    return (
        ("make demo-change", "edit records at the sources and see only the consequences flow"),
        *(why if gid else ()),
        (f"{isthmus} deadletters list", "the rows that were kept aside; mend the mapping, replay"),
        (f"{isthmus} mapping preview shop --landed", "rows beside what the mapping makes of them"),
        (f"{isthmus} quality show shop", "what is expected of a source, and what held"),
        (f"{isthmus} runs", "what was run, and what came of it"),
        ("make dagster", "the same job in Dagster's pages"),
        ("make demo-clean", "forget this world"),
    )


def _program() -> str:
    """Return how a shell calls `isthmus` here: the script of an environment below, or its name."""
    script = _from_here(Path(sys.argv[0]))
    ours = script.name == "isthmus" and not script.is_absolute()
    return shlex.quote(str(script)) if ours else "isthmus"


def _from_here(path: Path) -> Path:
    try:
        return path.absolute().relative_to(Path.cwd())
    except ValueError:
        return path.absolute()
