"""What is still to be asked of an account, and what it put off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from idp_core.oidc.asking.tables import asked_later as table
from idp_core.oidc.tokens.people import said_of
from idp_core.site.asking import Login, days_of, wanted
from idp_core.site.part import Need
from idp_core.site.site import Site
from idp_core.site.visits import Visit


def due(conn: sa.Connection, site: Site, client: str, found: Visit) -> Mapping[str, Need]:
    """Return what to ask for now; nothing is looked up where there is no rule."""
    rules, account = site.config.ask, found.account
    if not rules:
        return {}
    now, query = site.clock(), sa.select(table.c.attribute, table.c.until)
    rows = conn.execute(query.where(table.c.account == account.id))
    later: dict[str, datetime] = {row.attribute: row.until for row in rows}
    known = said_of(conn, account)
    login = Login(client, found.session.factors, now - account.created_at)
    return wanted(rules, login, known, later, now)


def put_off(
    conn: sa.Connection, site: Site, client: str, account: str, names: Iterable[str]
) -> None:
    """Note that these are asked for again later."""
    now = site.clock()
    for name in names:
        until = now + timedelta(days=days_of(site.config.ask, client, name))
        mine = (table.c.account == account, table.c.attribute == name)
        conn.execute(sa.delete(table).where(*mine))
        conn.execute(sa.insert(table).values(account=account, attribute=name, until=until))
