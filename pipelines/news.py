"""News that need not wait for the next whole run: rows that were pushed, accounts of the login.

A sign-up or a webhook finds its person within seconds: what came is taken in and resolved as a run
of changes, by the same rules and with the same people as any other run. Looking whether there is
news reads a few numbers; a run begins only where there is some.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

from connectors.contract import Cursor
from connectors.errors import ConnectorError
from connectors.push import Push
from idp_core.db.engine import reading
from idp_core.ledger import store as ledger
from pipelines.bus import Bus
from pipelines.errors import BusyError, JobError, RemoteError
from pipelines.jobs import RunReport, sync
from pipelines.running import Watch, quiet
from pipelines.unify import is_behind

JOB = "unify"


def unify(bus: Bus, *, trigger: str = "manual", watch: Watch = quiet) -> RunReport:
    """Take in what was pushed, decide who is who and build golden profiles; no target is written.

    What other sources have is not read. Raises as `sync`.
    """
    return sync(bus, sources=bus.project.pushed, targets=(), job=JOB, trigger=trigger, watch=watch)


def follow(
    bus: Bus,
    every: float,
    ended: Event,
    told: Callable[[RunReport], None],
    trouble: Callable[[JobError], None],
) -> None:
    """Unify whenever there is news, looking each `every` seconds, until `ended` is set.

    While another run is on it waits for it. What stops a run is told to `trouble`, once until
    something else happens, and tried again the next time.
    """
    last = ""
    while not ended.is_set():
        try:
            report = unify(bus, trigger="news") if is_news(bus) else None
        except BusyError:
            report = None
        except JobError as error:
            if str(error) != last:
                trouble(error)
            last, report = str(error), None
        if report is not None:
            last = ""
            told(report)
        ended.wait(every)


def is_news(bus: Bus) -> bool:
    """Whether rows were pushed that no run has read, or records changed that none has resolved."""
    with reading(bus.engine) as conn:
        if is_behind(conn):
            return True
    return any(_waits(bus, source) for source in bus.project.pushed)


def _waits(bus: Bus, source: str) -> bool:
    """Whether an inbox holds rows behind the position of the last read. Raises RemoteError."""
    connector = bus.source(source)
    assert isinstance(connector, Push)  # noqa: S101 (it is pushed to)
    with reading(bus.engine) as conn:
        at = ledger.read_cursor_of(conn, source, connector.object)
    try:
        return connector.waits(Cursor(at.value) if at else None)
    except ConnectorError as error:
        raise RemoteError(f"{source}: {error}") from error
