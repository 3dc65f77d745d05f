"""What a device that asks is told (RFC 8628 section 3.5)."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.clients.model import Client
from idp_core.http.answer import HttpError
from idp_core.http.ask import Ask
from idp_core.oidc.device import store as devices
from idp_core.oidc.grants import store as grants
from idp_core.oidc.token.endpoint import Issue, invalid_grant, refresh_token
from idp_core.oidc.token.holding import may_go_on
from idp_core.site.site import Site


def device_code(  # noqa: PLR0911 (one answer for each state)
    conn: sa.Connection, ask: Ask, site: Site, client: Client
) -> Issue | HttpError:
    """Issue tokens to a device that somebody let in; once."""
    now = site.clock()
    waiting = devices.by_device_code(conn, ask.form.get("device_code") or "")
    if waiting is None or waiting.client != client.id:
        return invalid_grant()
    if waiting.expires_at <= now:
        return HttpError(400, "expired_token", "nobody let this device in in time")
    if waiting.decided_at is None:
        if not devices.polled(conn, waiting, now):
            return HttpError(400, "slow_down", "ask less often")
        return HttpError(400, "authorization_pending", "nobody has decided yet")
    if waiting.grant is None:
        return HttpError(400, "access_denied", "this device was refused")
    if not devices.collect(conn, waiting, now):
        grants.end(conn, waiting.grant, now, "code reused")
        return invalid_grant()
    grant = grants.get(conn, waiting.grant)
    if grant is None or not may_go_on(conn, site, grant, now):
        return invalid_grant()
    refresh = refresh_token(conn, site, client, grant)
    return Issue(grant.scope, grant.resources, grant, refresh)
