"""A client's own token: no person, no refresh token (RFC 6749 section 4.4)."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.clients.model import Client
from idp_core.http.answer import HttpError
from idp_core.http.ask import Ask
from idp_core.oidc.token.endpoint import Issue, narrowed, targets
from idp_core.site.site import Site

_OF_PEOPLE = {"openid", "offline_access"}


def client_credentials(
    conn: sa.Connection,  # noqa: ARG001 (a GrantType)
    ask: Ask,
    site: Site,  # noqa: ARG001 (a GrantType)
    client: Client,
) -> Issue | HttpError:
    """Issue a token for the client itself."""
    own = [each for each in client.scopes if each not in _OF_PEOPLE]
    return Issue(narrowed(ask, own), targets(ask, client.resources))
