"""What a grant stands on: an account that may log in, and, unless offline, its session."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from idp_core.accounts import store as accounts
from idp_core.oidc.grants.store import Grant
from idp_core.sessions import store as sessions
from idp_core.site.site import Site

OFFLINE = "offline_access"


def may_go_on(conn: sa.Connection, site: Site, grant: Grant, now: datetime) -> bool:
    """Whether tokens may still be issued for a grant."""
    account = accounts.by_id(conn, grant.account)
    if account is None or account.blocked_at is not None:
        return False
    if OFFLINE in grant.scope or grant.sid is None:
        return True
    return sessions.holds(conn, grant.sid, now, site.limits)
