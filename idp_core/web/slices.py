"""Which slices there are. A new one adds its line here and touches no other."""

from __future__ import annotations

from collections.abc import Sequence

from idp_core.admin import routes as admin
from idp_core.admin.routes import tell_refusals
from idp_core.login import routes as login
from idp_core.oidc import grant_types as token
from idp_core.oidc.authorize import routes as authorize
from idp_core.oidc.consent import room as applications
from idp_core.oidc.consent import routes as consent
from idp_core.oidc.device import routes as device
from idp_core.oidc.discovery import metadata
from idp_core.oidc.discovery import routes as discovery
from idp_core.oidc.discovery.metadata import Describes
from idp_core.oidc.forget import forget
from idp_core.oidc.introspection import routes as introspection
from idp_core.oidc.logout import routes as logout
from idp_core.oidc.logout.backchannel import tell_clients
from idp_core.oidc.profiling import routes as profiling
from idp_core.oidc.revocation import routes as revocation
from idp_core.oidc.userinfo import routes as userinfo
from idp_core.selfcare import routes as selfcare
from idp_core.site.letters import deliver
from idp_core.site.routes import Route
from idp_core.site.telling import forget_events, tell_events
from idp_core.site.upkeep import Chore, prune
from idp_core.web import files, operations

DESCRIBES: Sequence[Describes] = (
    metadata.describe,
    authorize.describe,
    token.describe,
    userinfo.describe,
    introspection.describe,
    revocation.describe,
    logout.describe,
    device.describe,
)
"""What the discovery document is made of."""

OFTEN: Sequence[Chore] = (deliver, tell_clients, tell_events)
"""What is done each second beside answering."""
RARELY: Sequence[Chore] = (prune, forget, forget_events)
"""What is done every ten minutes."""
LAST: Sequence[Chore] = (tell_refusals,)
"""What is done every ten minutes, and once more at the end."""


def all_routes() -> Sequence[Route]:
    """Return the routes of every slice."""
    return (
        *operations.ROUTES,
        *files.ROUTES,
        *login.ROUTES,
        *selfcare.ROUTES,
        *authorize.ROUTES,
        *consent.ROUTES,
        *applications.ROUTES,
        *profiling.ROUTES,
        *token.ROUTES,
        *userinfo.ROUTES,
        *introspection.ROUTES,
        *revocation.ROUTES,
        *logout.ROUTES,
        *device.ROUTES,
        *admin.ROUTES,
        *discovery.routes(DESCRIBES),
    )
