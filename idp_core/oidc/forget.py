"""Forgetting what is over: tokens, ids that were seen, devices that waited."""

from __future__ import annotations

from idp_core.db.engine import writing
from idp_core.oidc.device import store as devices
from idp_core.oidc.grants import store as grants
from idp_core.site.site import Site


def forget(site: Site) -> None:
    """Forget what is over."""
    now = site.clock()
    with writing(site.engine) as conn:
        grants.prune(conn, now)
        devices.prune(conn, now)
