"""Back-channel logout: clients hear of every session that ended, whatever ended it.

Sent by the upkeep thread. What a client does not take is sent again, a few times, later each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

import sqlalchemy as sa

from idp_core.clients import store as clients
from idp_core.clients.model import Client
from idp_core.db.engine import reading, writing
from idp_core.logs import logger
from idp_core.oidc.grants.tables import oauth_grant
from idp_core.oidc.tokens.subject import subject
from idp_core.sessions.tables import session
from idp_core.site.site import Site
from idp_core.vault.tokens import new_token

_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_LIFE = 120
_SECONDS = 5.0
_MOST_TRIES = 6


@dataclass(frozen=True, slots=True)
class Told:
    """A client to be told that a session ended."""

    grant: str
    client: str
    account: str
    sid: str
    tries: int


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_args: object, **_more: object) -> None:
        return None


_OPENER = build_opener(_NoRedirects)


def token(site: Site, client: Client, account: str, sid: str) -> str:
    """Return a logout token (OpenID Connect Back-Channel Logout section 2.4)."""
    now = site.clock()
    issued = int(now.timestamp())
    claims = {
        "iss": site.config.issuer,
        "sub": subject(site, client, account),
        "aud": client.id,
        "iat": issued,
        "exp": issued + _LIFE,
        "jti": new_token(),
        "events": {_EVENT: {}},
        "sid": sid,
    }
    return site.keys.ring().sign(claims, now, algorithm=client.id_token_alg, typ="logout+jwt")


def tell_clients(site: Site) -> int:
    """Tell what is due; return how many clients were told."""
    with reading(site.engine) as conn:
        due = conn.scalar(sa.select(sa.func.count()).select_from(_due(site).subquery()))
    if not due:
        return 0
    return sum(_tell(site, each) for each in _claim(site))


def _due(site: Site) -> sa.Select[tuple[str]]:
    now = site.clock()
    return (
        sa.select(oauth_grant.c.id)
        .join(session, session.c.sid == oauth_grant.c.sid)
        .where(
            session.c.ended_at.is_not(None),
            oauth_grant.c.logout_told_at.is_(None),
            sa.or_(oauth_grant.c.logout_after.is_(None), oauth_grant.c.logout_after <= now),
        )
        .limit(50)
    )


def _claim(site: Site) -> Sequence[Told]:
    """Take what is due, so that no other process tells it meanwhile."""
    with writing(site.engine) as conn:
        rows = conn.execute(
            sa.update(oauth_grant)
            .where(oauth_grant.c.id.in_(_due(site)), oauth_grant.c.logout_told_at.is_(None))
            .values(
                logout_tries=oauth_grant.c.logout_tries + 1,
                logout_after=site.clock() + timedelta(seconds=60),
            )
            .returning(
                oauth_grant.c.id,
                oauth_grant.c.client,
                oauth_grant.c.account,
                oauth_grant.c.sid,
                oauth_grant.c.logout_tries,
            )
        ).all()
    return [Told(*row) for row in rows]


def _tell(site: Site, each: Told) -> bool:
    with reading(site.engine) as conn:
        found = clients.get(conn, each.client)
    uri = found.client.backchannel_logout_uri if found else None
    heard = found is None or uri is None or _post(site, found.client, each, uri)
    with writing(site.engine) as conn:
        values: dict[str, object] = {"logout_told_at": site.clock()}
        if not heard and each.tries < _MOST_TRIES:
            later = timedelta(seconds=30 * 4 ** (each.tries - 1))
            values = {"logout_after": site.clock() + later}
        conn.execute(sa.update(oauth_grant).where(oauth_grant.c.id == each.grant).values(values))
    return heard and uri is not None


def _post(site: Site, client: Client, each: Told, uri: str) -> bool:
    body = urlencode({"logout_token": token(site, client, each.account, each.sid)}).encode()
    request = Request(uri, body, {"Content-Type": "application/x-www-form-urlencoded"})  # noqa: S310 (a registered https URI)
    try:
        with _OPENER.open(request, timeout=_SECONDS) as answer:
            return bool(200 <= answer.status < 300)
    except (URLError, OSError, ValueError) as error:
        logger().warning("logout.not_told", client=client.id, error=type(error).__name__)
        return False
