"""The worker of events: each goes out once it is committed, at least once, in their order."""

from __future__ import annotations

from datetime import timedelta

from idp_core.db.engine import reading, writing
from idp_core.events import outbox
from idp_core.events.outbox import Claimed
from idp_core.logs import logger
from idp_core.site.hook import TYPES, Hook
from idp_core.site.site import Site

_AT_ONCE = 20
_LONGEST = timedelta(hours=1)


def tell_events(site: Site) -> int:
    """Send what waits; return how many were taken.

    The first that is not taken holds those after it back, for longer each time: they stay in order.
    """
    types, now = site.config.events.types, site.clock()
    if site.hook is None:
        return 0
    with reading(site.engine) as conn:
        if not outbox.waits(conn, types, now):
            return 0
    with writing(site.engine) as conn:
        # Longer than all of them can take, so that no other process sends them meanwhile.
        waiting = outbox.claim(conn, _AT_ONCE, 10.0 * _AT_ONCE, now, types)
    for place, each in enumerate(waiting):
        if not _taken(site, site.hook, each):
            _put_off(site, each.attempts, [left.position for left in waiting[place:]])
            return place
    return len(waiting)


def _taken(site: Site, hook: Hook, each: Claimed) -> bool:
    try:
        hook.send(each.event, site.clock())
    except OSError as error:
        logger().warning("event.not_taken", type=each.event.type, error=type(error).__name__)
        site.metrics.happened("event", "refused")
        return False
    with writing(site.engine) as conn:
        outbox.ack(conn, [each.position], site.clock())
    site.metrics.happened("event", "done")
    return True


def _put_off(site: Site, attempts: int, positions: list[int]) -> None:
    later = min(timedelta(seconds=5 * 2 ** min(attempts - 1, 20)), _LONGEST)
    with writing(site.engine) as conn:
        outbox.release(conn, positions, site.clock() + later)


def forget_events(site: Site) -> None:
    """Remove events that were taken long ago, and those that are for nobody."""
    said = site.config.events
    before = site.clock() - timedelta(days=said.keep_days)
    unwanted = TYPES if said.url is None else [each for each in TYPES if each not in said.types]
    with writing(site.engine) as conn:
        outbox.prune(conn, before, unwanted)
