"""What a server does beside answering: send mail, forget what is over. One thread a process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import sqlalchemy as sa

from idp_core.db.engine import writing
from idp_core.logs import logger
from idp_core.sessions import store as sessions
from idp_core.site.site import Site
from idp_core.throttle import store as throttle
from idp_core.tickets import store as tickets

_EVERY = 1.0
_RARELY = 600

Chore = Callable[[Site], object]


class Upkeep:
    """Does the chores of the slices, some each second, some every ten minutes, until it is stopped.

    The last ones are done then, too. A failure is noted, and the next round tries again.
    """

    def __init__(
        self,
        site: Site,
        often: Sequence[Chore],
        rarely: Sequence[Chore],
        last: Sequence[Chore] = (),
    ) -> None:
        self._site, self._stop = site, threading.Event()
        self._often, self._rarely, self._last = often, (*rarely, *last), last
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the round that is on."""
        self._stop.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        rounds = 0
        while not self._stop.wait(_EVERY):
            self._do((*self._often, *(self._rarely if rounds % _RARELY == 0 else ())))
            rounds += 1
        self._do(self._last)

    def _do(self, chores: Sequence[Chore]) -> None:
        try:
            for chore in chores:
                chore(self._site)
        except sa.exc.SQLAlchemyError as error:
            logger().warning("upkeep.failed", error=type(error).__name__)


def prune(site: Site) -> None:
    """Forget tickets, counted tries and sessions that are over."""
    now = site.clock()
    with writing(site.engine) as conn:
        tickets.prune(conn, now)
        throttle.prune(conn, now)
        sessions.prune(conn, now)
