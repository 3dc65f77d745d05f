"""Whose look a page has: that of the client it leads to, and otherwise the installation's.

A client is believed where a request of its own is: an address of ours that names it together with
a redirect URI that it has registered. So a link can show a client's look only on the way to that
client. Where somebody went half of the way, the login remembers where to.
"""

from __future__ import annotations

from contextlib import nullcontext
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa

from idp_core.clients import store as clients
from idp_core.clients.model import Client
from idp_core.db.engine import reading
from idp_core.http.ask import Ask
from idp_core.login import flow as flows
from idp_core.login import places
from idp_core.pages.theme import Theme
from idp_core.site.site import Site
from idp_core.vault.tokens import keyed, same

_REQUESTS = "/authorize"


def towards(site: Site, to: str | None, conn: sa.Connection | None = None) -> Theme:
    """Return the theme of a page on the way to a place of ours, such as a client's request."""
    parts = urlsplit(places.safe(to))
    if len(site.looks) == 1 or parts.path != _REQUESTS:
        return site.theme()
    said = parse_qs(parts.query)
    named, back = said.get("client_id", []), said.get("redirect_uri", [])
    if len(named) != 1 or len(back) != 1:
        return site.theme()
    with reading(site.engine) if conn is None else nullcontext(conn) as read:
        found = clients.get(read, named[0])
    if found is None or not found.client.redirects_to(back[0]):
        return site.theme()
    return site.theme(found.client.theme)


def under_way(conn: sa.Connection, ask: Ask, site: Site) -> Theme:
    """Return the theme of a login that goes on in this browser."""
    if len(site.looks) == 1:
        return site.theme()
    said = ask.form.all("continue")
    flow = None if said else flows.read(conn, ask, site)
    return towards(site, flow.to if flow else next(iter(said), None), conn)


def proven(site: Site, client: Client | None) -> str | None:
    """Return what tells the login page the look of a client that just logged somebody out."""
    if client is None or client.theme is None:
        return None
    return f"{client.theme}.{keyed(site.secrets.requests, 'look', client.theme)}"


def of_proof(site: Site, said: str | None) -> Theme | None:
    """Return the theme that `proven` told, None for anything else."""
    name, _, proof = (said or "").partition(".")
    good = bool(name) and same(proof, keyed(site.secrets.requests, "look", name))
    return site.theme(name) if good else None
