"""What is known of the person behind an account: the golden profile, or what they said here."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from idp_core.accounts import store as accounts
from idp_core.accounts.store import Account
from idp_core.errors import UnknownProfileError
from idp_core.oidc.tokens.claims import all_claims
from idp_core.profiles import store as profiles


def claims_of(conn: sa.Connection, account: Account) -> Mapping[str, Any]:
    """Return every claim of an account; the profile's word comes before the account's own."""
    said: dict[str, Any] = dict(account.attributes)
    gid = accounts.profile_gid(conn, account.id)
    if gid is not None:
        with suppress(UnknownProfileError):
            said |= profiles.get(conn, gid).attributes
    return all_claims(account.email, said)
