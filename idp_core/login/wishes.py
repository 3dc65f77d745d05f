"""What a login is for: where to go afterwards, and what is needed there."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa

from idp_core.clients import store as clients
from idp_core.clients.model import Client
from idp_core.http.ask import Ask
from idp_core.login import policies, remembered
from idp_core.login.levels import level_named
from idp_core.sessions.store import Session
from idp_core.site.config import PolicySettings
from idp_core.site.site import Site


@dataclass(frozen=True, slots=True)
class Wish:
    """Where to go after a login, and the level and policy that are needed there."""

    to: str
    level: int = 1
    """The level to reach if the account can; whether less will do is for `to` to say."""
    policy: PolicySettings | None = None
    """The policy of the client; whether it was met is for `to` to say, too."""


def wish_of(conn: sa.Connection, site: Site, to: str) -> Wish:
    """Return what a login for this place needs, by the client and level that its address names."""
    query = parse_qs(urlsplit(to).query)
    level = level_named((query.get("acr_level") or [""])[0])
    client = (query.get("client_id") or [""])[0]
    if not client or not site.config.login.policies:
        return Wish(to, level or 1)
    found = clients.get(conn, client)
    named = found.client.policy if found else None
    return Wish(to, level or 1, policies.named(site.config.login, named))


def enough(conn: sa.Connection, ask: Ask, site: Site, client: Client, session: Session) -> bool:
    """Whether a session has the level and meets the policy that a client asks for at least."""
    reached = level_named(session.acr) or 0
    return reached >= client.level and fits(conn, ask, site, client.policy, session)


def fits(conn: sa.Connection, ask: Ask, site: Site, name: str | None, session: Session) -> bool:
    """Whether a session meets the policy of this name, in this browser."""
    policy = policies.named(site.config.login, name)
    if policies.fits(policy, session.factors):
        return True
    moment = remembered.since(conn, ask, site, session.account)
    spared = policies.is_spared(
        policies.remember_days(site.config.login, policy), moment, site.clock()
    )
    return policies.fits(policy, session.factors, spared=spared)
