"""Who the subject is to a client: the account, or a pseudonym for one sector."""

from __future__ import annotations

from idp_core.clients.model import Client
from idp_core.site.site import Site
from idp_core.vault.tokens import keyed


def subject(site: Site, client: Client, account: str) -> str:
    """Return the `sub` that a client knows an account by."""
    if not client.pairwise:
        return account
    return keyed(site.secrets.subjects, client.sector_name, account)
