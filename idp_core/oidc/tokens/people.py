"""What a client is told of a person: by the golden profile, or by what they said here."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from idp_core.accounts import store as accounts
from idp_core.accounts.store import Account
from idp_core.claims.book import Asked, told
from idp_core.clients import store as clients
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
    return told(site.claims, account.email, said_of(conn, account), asked)


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
