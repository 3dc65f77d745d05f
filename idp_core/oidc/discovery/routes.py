"""Where the metadata and the keys are asked for."""

from __future__ import annotations

from collections.abc import Sequence

from idp_core.http.answer import Answer, json_answer
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.oidc.discovery.metadata import Describes, together
from idp_core.site.routes import Route
from idp_core.site.site import Site

_KEEP = ("cache-control", "public, max-age=300")


def routes(parts: Sequence[Describes]) -> tuple[Route, ...]:
    """Return the routes; `parts` are what the slices say of themselves."""

    def metadata(ask: Ask, site: Site) -> Answer:  # noqa: ARG001 (a handler)
        return json_answer(together(site, parts), 200, _KEEP)

    return (
        Route("/.well-known/openid-configuration", {"GET": metadata}, Kind.PUBLIC),
        Route("/.well-known/oauth-authorization-server", {"GET": metadata}, Kind.PUBLIC),
        Route("/jwks", {"GET": jwks}, Kind.PUBLIC),
    )


def jwks(ask: Ask, site: Site) -> Answer:  # noqa: ARG001 (a handler)
    """Give the public keys; those that will sign next, too."""
    document = site.keys.ring().published()
    return json_answer(document, 200, _KEEP)
