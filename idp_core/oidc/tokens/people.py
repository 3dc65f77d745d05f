"""What a client is told of a person: by the golden profile, or by what they said here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from idp_core.accounts import store as accounts
from idp_core.accounts.store import Account
from idp_core.claims.book import Asked, told
from idp_core.clients import store as clients
from idp_core.consents import store as consents
from idp_core.errors import UnknownProfileError
from idp_core.oidc.grants.store import Grant
from idp_core.profiles import store as profiles
from idp_core.site.site import Site


def claims_for(
    conn: sa.Connection,
    site: Site,
    grant: Grant,
    account: Account,
    place: str,
    scope: tuple[str, ...],
) -> Mapping[str, Any]:
    """Return the claims for one place of a grant (`userinfo`, `id_token`, `access_token`)."""
    named, client = grant.claims.get(place) or {}, None
    if named:  # what was asked for by name needs its scope to be the client's still
        client = clients.get(conn, grant.client)
    asked = Asked(place, grant.client, scope, named, client.client.scopes if client else ())
    found = told(site.claims, account.email, said_of(conn, account), asked)
    agreed = _agreed(conn, grant) if found and site.claims.own else None
    return found if agreed is None else {k: v for k, v in found.items() if k in agreed}


def _agreed(conn: sa.Connection, grant: Grant) -> Collection[str] | None:
    """Return the names a person agreed to when asked; None where nobody is asked.

    What a scope came to stand for since then is told once it was agreed to, not before.
    """
    client = clients.get(conn, grant.client)
    held = consents.current(conn, grant.account, grant.client)
    if client is None or client.client.first_party or held is None or held.claims is None:
        return None
    return {name for names in held.claims.values() for name in names}


def said_of(conn: sa.Connection, account: Account) -> Mapping[str, Any]:
    """Return canonical attributes; the profile's word comes before the account's own.

    The address is the one that was proven here, whatever other systems call the primary one.
    """
    said: dict[str, Any] = dict(account.attributes)
    gid = accounts.profile_gid(conn, account.id)
    if gid is not None:
        with suppress(UnknownProfileError):
            said |= profiles.get(conn, gid).attributes
    others = [
        {**each, "primary": False}
        for each in said.get("emails") or ()
        if each.get("value") != account.email
    ]
    return {**said, "gid": gid, "emails": [*accounts.said_of(account)["emails"], *others]}
