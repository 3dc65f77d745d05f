"""Which slices there are. A new one adds its line here and touches no other."""

from __future__ import annotations

from collections.abc import Sequence

from idp_core.login import routes as login
from idp_core.oidc.discovery import metadata
from idp_core.oidc.discovery import routes as discovery
from idp_core.oidc.discovery.metadata import Describes
from idp_core.selfcare import routes as selfcare
from idp_core.site.routes import Route
from idp_core.web import files, operations

DESCRIBES: Sequence[Describes] = (metadata.describe,)
"""What the discovery document is made of."""


def all_routes() -> Sequence[Route]:
    """Return the routes of every slice."""
    return (
        *operations.ROUTES,
        *files.ROUTES,
        *login.ROUTES,
        *selfcare.ROUTES,
        *discovery.routes(DESCRIBES),
    )
