"""What a client is told of a person: by the golden profile, or by what they said here."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from idp_core.accounts import store as accounts
from idp_core.accounts.store import Account
from idp_core.claims.book import Asked, told
from idp_core.clients.model import Client
from idp_core.errors import UnknownProfileError
from idp_core.oidc.grants.store import Grant
from idp_core.profiles import store as profiles
from idp_core.site.site import Site


def claims_for(
    conn: sa.Connection,
    site: Site,
    client: Client,
    grant: Grant,
    place: str,
    scope: tuple[str, ...],
) -> Mapping[str, Any]:
    """Return the claims for one place of a grant (`userinfo`, `id_token`, `access_token`)."""
    account = accounts.by_id(conn, grant.account)
    if account is None:
        return {}
    asked = Asked(place, client.id, scope, grant.claims.get(place) or {}, client.scopes)
    return told(site.claims, account.email, _said(conn, account), asked)


def _said(conn: sa.Connection, account: Account) -> Mapping[str, Any]:
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
