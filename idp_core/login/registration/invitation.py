"""Accounts begun by those who run the login: their owners finish them, as every account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import sqlalchemy as sa

from idp_core.accounts import store as accounts
from idp_core.accounts.store import TakenError
from idp_core.site import letters
from idp_core.site.site import Site
from idp_core.tickets import store as tickets

INVITATION = "invitation"
_LIFE = timedelta(days=7)


def invite(
    conn: sa.Connection,
    site: Site,
    address: str,
    attributes: Mapping[str, str],
    language: str,
    actor: str,
) -> str:
    """Mail a ticket by which an account is made, and return its link: for those without mail.

    The attributes stand in the form, to be changed. Works while registration is closed, too.
    Raises TakenError when the address has an account.
    """
    if accounts.by_email(conn, address) is not None:
        raise TakenError
    data = {"email": address, "to": "/account", "language": language, "attributes": attributes}
    token = tickets.issue(conn, site.sealer, INVITATION, data, site.clock() + _LIFE)
    link = site.url(f"/register/confirm?ticket={token}")
    letters.write(conn, site, address, "invitation", language, link=link)
    site.note(conn, "account.invited", "done", None, actor)
    return link
