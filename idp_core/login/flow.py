"""A login between two steps: what was proven so far, kept in a ticket that only this browser has.

Each step that succeeds uses the ticket up and gets a new one, so a step cannot be played twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from idp_core.http.ask import Ask
from idp_core.site.site import Site
from idp_core.tickets import store as tickets

_PURPOSE = "login"
_COOKIE = "flow"
_LIFE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Flow:
    """Who is half-way in: the account, the factors it has proven, the level it needs, where to."""

    account: str
    factors: tuple[str, ...]
    level: int
    to: str
    epoch: int
    """The account's when its first factor was proven."""
    token: str = ""


def save(conn: sa.Connection, site: Site, flow: Flow) -> tuple[str, str]:
    """Store a flow and return the Set-Cookie header of its ticket."""
    data = {
        "factors": list(flow.factors), "level": flow.level, "to": flow.to, "epoch": flow.epoch,
    }  # fmt: skip
    until = site.clock() + _LIFE
    token = tickets.issue(conn, site.sealer, _PURPOSE, data, until, account=flow.account)
    return site.pages.cookie(_COOKIE, token, int(_LIFE.total_seconds()))


def read(conn: sa.Connection, ask: Ask, site: Site) -> Flow | None:
    """Return the flow of this browser, None when there is none that goes on."""
    token = site.pages.read_cookie(ask, _COOKIE)
    if not token:
        return None
    found = tickets.look(conn, site.sealer, _PURPOSE, token, site.clock())
    return (
        None if found is None or found.account is None else _flow(found.account, found.data, token)
    )


def close(conn: sa.Connection, site: Site, flow: Flow) -> bool:
    """Use a flow up; False when somebody else was first."""
    return tickets.use(conn, site.sealer, _PURPOSE, flow.token, site.clock()) is not None


def no_cookie(site: Site) -> tuple[str, str]:
    """Return the Set-Cookie header that ends a flow in the browser."""
    return site.pages.cookie(_COOKIE, "", 0)


def _flow(account: str, data: Mapping[str, Any], token: str) -> Flow:
    factors, epoch = tuple(data["factors"]), data.get("epoch", 0)
    return Flow(account, factors, data["level"], data["to"], epoch, token)
