"""``isthmus unify``: who is who, without waiting for the next whole run."""

from __future__ import annotations

import signal
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from pipelines.cli.options import Folder, Json
from pipelines.cli.output import complain, give, tell

if TYPE_CHECKING:
    from pipelines.bus import Bus
    from pipelines.jobs import RunReport


def unify(
    project: Folder = Path(),
    every: Annotated[
        float | None,
        typer.Option(min=0.2, help="Go on, and look for news each so many seconds."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Take in what was pushed, and find the person of each new record, account or change.

    Other sources are not read and no target is written: that is `sync`. With `--every` it goes on
    until it is ended, so that a sign-up or a webhook finds its person within seconds.
    """
    from pipelines import news
    from pipelines.bus import open_bus
    from pipelines.cli.watch import watching
    from pipelines.project import load_project

    with open_bus(load_project(project)) as bus:
        if every is not None:
            _follow(bus, every, as_json=as_json)
            return
        with watching(Console(stderr=True)) as watch:
            report = news.unify(bus, watch=watch)
    _tell(report, as_json=as_json)
    if report.problems:
        raise typer.Exit(report.problems[0].exit_code)


def _follow(bus: Bus, every: float, *, as_json: bool) -> None:
    """Follow the news until the process is told to end; a run that is on comes to its end."""
    from pipelines.news import follow

    ended = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())

    tell(f"looking for news each {every:g} s; Ctrl-C ends it")
    with suppress(BrokenPipeError):
        follow(bus, every, ended, partial(_tell, as_json=as_json), complain)


def _tell(report: RunReport, *, as_json: bool) -> None:
    give(_document(report), _line(report), as_json=as_json)
    for problem in report.problems:
        complain(problem)


def _line(report: RunReport) -> str:
    taken = report.taken.values()
    read = sum(each.inserted + each.changed + each.deleted for each in taken)
    dead = sum(each.dead for each in taken)
    people = ", ".join(f"{n:,} {kind}" for kind, n in report.golden.items() if n)
    seconds = sum(took for _, took in report.steps)
    return (
        f"{read:,} pushed records changed"
        + (f", {dead:,} dead letters" if dead else "")
        + f"; profiles: {people or 'as they were'} ({seconds:.1f} s)"
    )


def _document(report: RunReport) -> dict[str, object]:
    return {
        "run": report.run,
        "events": dict(report.unified.events),
        "golden": dict(report.golden),
        "problems": [str(problem) for problem in report.problems],
    }
