"""How many texts: they cost money, some pay their caller, and a limit must lock nobody out.

Each text passes several limits, the narrowest first, and is counted in all of them or in none: what
one browser is refused uses up nothing that others need. Who knows a password can make us text its
owner, so browsers that the account does not know have a few texts to a number, fewer from one
network, and the owner is told by mail when these are used up; a browser in which the account logged
in before has its own. Texts to prove a new number, which anybody with an account can ask for, count
apart from those by which its owner logs in.

What remains: whoever pays with many accounts, networks and ranges of numbers can use up what is
sent altogether in an hour. A sender of texts without that last limit can be made to pay any bill.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa

from idp_core.http.ask import Ask
from idp_core.login import guard
from idp_core.site.config import SmsSettings
from idp_core.site.site import Site
from idp_core.throttle import store as throttle
from idp_core.throttle.store import Limit
from idp_core.vault.tokens import keyed

_HOUR = timedelta(hours=1)
_RANGE = 5
"""Digits by which numbers left off are of one range; a fraud's are mostly neighbours."""
_TOLD = Limit(1, timedelta(days=1))
Bucket = tuple[tuple[str, ...], int]
"""What is counted under, and how much of it an hour has."""


def may_prove(conn: sa.Connection, ask: Ask, site: Site, number: str) -> bool:
    """Count a text that proves a new number; False when there were too many."""
    said = site.config.sms
    narrow = (("text", "new", number), said.per_number)
    return _count(conn, site, (narrow, *_around(ask, said, number), _altogether(said)))


def may_log_in(conn: sa.Connection, ask: Ask, site: Site, account: str, number: str) -> bool:
    """Count a text by which an account logs in; False when there were too many."""
    said, device = site.config.sms, guard.known_device(ask, site, account)
    if device is not None:
        own = (("text", "device", device, number), said.per_number)
        return _count(conn, site, (own, _altogether(said)))
    here = (("text", number, guard.network(ask.peer)), (said.per_number + 1) // 2)
    narrow = (("text", number), said.per_number)
    return _count(conn, site, (here, narrow, *_around(ask, said, number), _altogether(said)))


def may_tell(conn: sa.Connection, site: Site, account: str) -> bool:
    """Count a mail that tells an owner of used-up texts; True once a day."""
    return throttle.count(conn, _name(site, ("texts told", account)), _TOLD, site.clock())


def _around(ask: Ask, said: SmsSettings, number: str) -> Sequence[Bucket]:
    return (
        (("texts of", guard.network(ask.peer)), said.per_network),
        (("texts to", number[:-_RANGE]), said.per_range),
    )


def _altogether(said: SmsSettings) -> Bucket:
    return ("texts",), said.per_hour


def _count(conn: sa.Connection, site: Site, limits: Sequence[Bucket]) -> bool:
    counted: list[str] = []
    for parts, most in limits:
        name = _name(site, parts)
        if not throttle.count(conn, name, Limit(most, _HOUR), site.clock()):
            throttle.refund(conn, counted)
            return False
        counted.append(name)
    return True


def _name(site: Site, parts: Sequence[str]) -> str:
    return keyed(site.secrets.tries, *parts)
