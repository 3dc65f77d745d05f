"""A run of a job: noted in the ledger with its steps, alone in its project while it goes on."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import structlog

from idp_core.db.engine import reading, writing
from idp_core.ledger import store as ledger
from pipelines.bus import Bus
from pipelines.control import Control
from pipelines.errors import BusyError, CancelledError, JobError, StoppedError
from pipelines.progress import Progress, silent
from pipelines.provision.order import Order

log = structlog.get_logger()

_TOLD_EVERY = 2.0
"""Seconds between two notes of how far a step is."""

Watch = Callable[[str], Progress]
"""Gives, for a step's title, the function that is told how far it is."""


def quiet(_: str) -> Progress:
    """Watch nothing."""
    return silent


class Steps:
    """The steps of one run: each is noted in the ledger when it begins and when it ends."""

    def __init__(self, bus: Bus, run: str, watch: Watch) -> None:
        self._bus, self.run, self._watch = bus, run, watch
        self.control = Control(bus.engine, run)
        self.seconds: list[tuple[str, float]] = []

    @contextmanager
    def step(self, name: str, of: str = "") -> Iterator[tuple[Progress, dict[str, object]]]:
        """Run one step; what is put into the dict is kept as its counts.

        Waits before it while the run is paused. Raises CancelledError when it is to end.
        """
        self.control.wait()
        title = f"{name} {of}".strip()
        counts: dict[str, object] = {}
        started = time.monotonic()
        with writing(self._bus.engine) as conn:
            ledger.start_step(conn, self.run, name, of)
        try:
            yield self._watch(title), counts
        except BaseException as error:
            line = str(error) if isinstance(error, JobError) else type(error).__name__
            self._end(name, of, counts, line)
            log.warning("step.failed", step=name, of=of, error=type(error).__name__)
            raise
        self._end(name, of, counts, None)
        self.seconds.append((title, time.monotonic() - started))
        log.info("step.done", step=name, of=of, **counts)

    def telling(self, name: str, of: str, progress: Progress) -> Progress:
        """Return a progress that also tells the ledger, for those who watch from elsewhere."""
        told = time.monotonic()

        def tell(done: int, whole: int) -> None:
            nonlocal told
            progress(done, whole)
            if time.monotonic() - told >= _TOLD_EVERY:
                told = time.monotonic()
                with writing(self._bus.engine) as conn:
                    ledger.tell_step(conn, self.run, name, of, {"done": done, "of": whole})

        return tell

    def _end(self, name: str, of: str, counts: Mapping[str, object], error: str | None) -> None:
        with writing(self._bus.engine) as conn:
            ledger.end_step(conn, self.run, name, of, counts=counts, error=error)


@contextmanager
def running(bus: Bus, job: str, trigger: str) -> Iterator[ledger.Run]:
    """Begin a run and hold the project while the block runs; an error ends the run with its line.

    The block ends the run itself when all went well. Raises BusyError when another run is on.
    """
    with writing(bus.engine) as conn:
        begun = ledger.start_run(conn, job, trigger)
    try:
        with ledger.project_lock_of(bus.engine, bus.project.project, begun.id):
            yield begun
    except BaseException as error:
        line = str(error) if isinstance(error, JobError) else type(error).__name__
        status = ledger.RunStatus.STOPPED
        if isinstance(error, Exception) and not isinstance(error, StoppedError):
            status = ledger.RunStatus.FAILED
        with writing(bus.engine) as conn:
            ledger.end_run(conn, begun.id, status, error=line)
        if isinstance(error, ledger.ProjectLockedError):
            raise BusyError(str(error)) from None
        raise


def order_of(bus: Bus, run: str) -> Order:
    """Return who ordered what a run writes: how it was begun, and the user of this machine.

    Raises ProjectError when the audit log cannot be gone on with.
    """
    with reading(bus.engine) as conn:
        begun = ledger.read_run(conn, run)
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "unknown"
    return Order(run, f"{begun.trigger if begun else 'manual'}:{user}", bus.audit_key)


@contextmanager
def noting(problems: list[JobError]) -> Iterator[None]:
    """Note what stops one source or target of a run; the others go on, unless a person ends it."""
    try:
        yield
    except CancelledError:
        raise
    except JobError as error:
        problems.append(error)


def end(bus: Bus, run: str, counts: Mapping[str, object], problems: Sequence[JobError]) -> None:
    """Note how a run ended: stopped when only safety limits did that, failed for other problems."""
    status = ledger.RunStatus.SUCCEEDED
    if problems:
        stopped = all(isinstance(problem, StoppedError) for problem in problems)
        status = ledger.RunStatus.STOPPED if stopped else ledger.RunStatus.FAILED
    line = "; ".join(str(problem) for problem in problems) or None
    with writing(bus.engine) as conn:
        ledger.end_run(conn, run, status, counts=counts, error=line)
